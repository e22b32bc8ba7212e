"""Stamps as one npz file, for programs that read NumPy's arrays: images, their catalogue and header.

    images     (N, C, H, W) float32, as in the stamps file; where the header has ``sides``, the last channel codes sizes
    header     text: the header as JSON
    <column>   (N,), every column of the catalogue

Nothing in it is pickled, so ``numpy.load(path)`` reads all of it with ``allow_pickle=False``, its default.
"""

import zipfile
from pathlib import Path

import numpy as np

from galforge.atomic import replacing
from galforge.errors import GalforgeError
from galforge.logs import progress
from galforge.stamps.file import Stamps, pieces

TAKEN = ("images", "header")
"""Names of arrays that no column of a catalogue may have."""


def write_npz(stamps: Path, out: Path, count: int | None) -> None:
    """Write the first stamps of a file as npz; equal stamps give equal bytes.

    Args:
        stamps: a stamps file.
        out: the npz file to make.
        count: the most stamps to write; None for all.

    Raises:
        GalforgeError: there are no stamps, galaxies are kept at their own size, or a column is called as the images or
            the header.
    """
    with Stamps(stamps) as source, replacing(out) as temporary:
        number = len(source) if count is None else min(count, len(source))
        if number == 0:
            raise GalforgeError(f"{stamps}: no stamps to export; sample the model, or make the data set, again")
        if source.images is None:
            raise GalforgeError(
                f"{stamps}: keeps each galaxy at its own size, so its images are no one array; take them as FITS, or "
                "take `source`, whose last channel codes the sizes"
            )
        if taken := sorted(set(TAKEN) & set(source.columns)):
            raise GalforgeError(
                f"{stamps}: the array {taken[0]} of an npz file is not the catalogue's column of this name; rename the "
                "column in the data set"
            )
        columns = {name: source.catalog(name)[:number] for name in source.columns}
        with zipfile.ZipFile(temporary, "w") as archive:
            with _entry(archive, "images") as entry:
                shape = {"descr": "<f4", "fortran_order": False, "shape": (number, *source.shape)}
                np.lib.format.write_array_header_1_0(entry, shape)
                parts = list(pieces(number, source.images))
                for here in progress(parts, len(parts), "blocks of stamps written"):
                    entry.write(source.images[here].astype("<f4").tobytes())
            for name, values in {"header": np.array(source.header.to_json()), **columns}.items():
                with _entry(archive, name) as entry:
                    np.lib.format.write_array(entry, values, allow_pickle=False)


def _entry(archive: zipfile.ZipFile, name: str) -> zipfile.ZipExtFile:
    """A new array of an archive, without the time at which it was written; images may have more than 4 GB."""
    return archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True)
