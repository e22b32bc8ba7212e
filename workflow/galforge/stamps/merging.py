"""Merging stamps files that were drawn in parts."""

from pathlib import Path

import numpy as np

from galforge.errors import GalforgeError
from galforge.stamps.file import Stamps, StampsWriter, pieces


def merge(chunks: list[Path], out: Path) -> None:
    """Merge stamps files of consecutive index ranges, in the order given; one block of images is in memory at a time.

    Raises:
        GalforgeError: the chunks differ in header or image shape, or their indices leave gaps or overlap.
    """
    with Stamps(chunks[0]) as first:
        header, shape, dtype, start = first.header, first.shape, first.images.dtype, first.catalog("index")[0]
    count = 0
    for path in chunks:
        with Stamps(path) as chunk:
            if (chunk.header, chunk.shape) != (header, shape):
                raise GalforgeError(f"{path}: has another header or image shape than {chunks[0]}; draw both again")
            indices, expected = chunk.catalog("index"), start + count + np.arange(len(chunk))
            if not np.array_equal(indices, expected):
                raise GalforgeError(
                    f"{path}: begins with image {indices[0]}, but {expected[0]} comes next; give the chunks in the "
                    "order of their indices and without gaps"
                )
            count += len(chunk)
    with StampsWriter(out, shape, header, count, dtype) as writer:
        for path in chunks:
            with Stamps(path) as chunk:
                columns = {name: chunk.catalog(name) for name in chunk.columns}
                for here in pieces(len(chunk), chunk.images):
                    writer.append_block(chunk.images[here], {name: column[here] for name, column in columns.items()})
