"""A copy of a stamps file with other values in its catalogue, such as other splits."""

from pathlib import Path

import numpy as np

from galforge.stamps.file import Stamps, StampsWriter, pieces
from galforge.stamps.native_file import NativeWriter


def write_relabelled(whole: Stamps, out: Path, **changed: np.ndarray) -> None:
    """Write a stamps file, of either kind, whose columns ``changed`` (N,) are those given; all else is that of another.

    Args:
        whole: the other, open.
        out: the file to write.
        changed: catalogue columns.
    """
    columns = {name: whole.catalog(name) for name in whole.columns} | changed
    if whole.images is None:
        # The writer fills this column in.
        del columns["side"]
        with NativeWriter(out, whole.header) as galaxies:
            for row in range(len(whole)):
                galaxies.append(whole.stamp(row), **{name: column[row] for name, column in columns.items()})
        return
    with StampsWriter(out, whole.shape, whole.header, len(whole), whole.images.dtype) as images:
        for here in pieces(len(whole), whole.images):
            images.append_block(whole.images[here], {name: column[here] for name, column in columns.items()})
