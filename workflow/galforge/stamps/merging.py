"""Putting stamps files together that were drawn in parts."""

import math
from pathlib import Path

import numpy as np

from galforge.errors import GalforgeError
from galforge.stamps.file import Stamps, StampsWriter

_COPY_BYTES = 2**26


def merge(chunks: list[Path], out: Path) -> None:
    """Put stamps files of consecutive index ranges together, in the order given, a block of images at a time.

    Raises:
        GalforgeError: the chunks differ in kind, or their indices do not follow on each other.
    """
    with Stamps(chunks[0]) as first:
        header, shape, dtype = first.header, first.shape, first.images.dtype.str
    following, count = None, 0
    for path in chunks:
        with Stamps(path) as chunk:
            if (chunk.header, chunk.shape) != (header, shape):
                raise GalforgeError(f"{path}: has another header or image shape than {chunks[0]}; draw both again")
            indices = chunk.catalog("index")
            expected = np.arange(len(chunk)) + (indices[0] if following is None else following)
            if not np.array_equal(indices, expected):
                raise GalforgeError(
                    f"{path}: begins with image {indices[0]}, but {expected[0]} comes next; give the "
                    "chunks in the order "
                    "of their indices and without gaps"
                )
            following, count = int(expected[-1]) + 1, count + len(chunk)
    with StampsWriter(out, shape, header, count, dtype) as writer:
        for path in chunks:
            with Stamps(path) as chunk:
                columns = {name: chunk.catalog(name) for name in chunk.columns}
                step = max(1, _COPY_BYTES // (math.prod(shape) * chunk.images.dtype.itemsize))
                for start in range(0, len(chunk), step):
                    here = slice(start, start + step)
                    writer.append_block(chunk.images[here], {name: column[here] for name, column in columns.items()})
