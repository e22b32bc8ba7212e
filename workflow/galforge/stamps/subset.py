"""A copy of a stamps file in which all but some training galaxies are in no split."""

from pathlib import Path

import numpy as np

from galforge.errors import GalforgeError
from galforge.seeds import generator
from galforge.stamps.file import Stamps
from galforge.stamps.relabelling import write_relabelled

NO_SPLIT = "none"


def kept(split: np.ndarray, count: int, seed: int) -> np.ndarray:
    """The splits (N,) with ``count`` rows left in train; the other training rows are in none.

    Each row has a random number, a pure function of (seed, row), and the smallest stay. So of two counts the smaller
    keeps a part of what the larger one keeps, and other splits do not change.

    Raises:
        GalforgeError: there are fewer training rows than that.
    """
    rows = np.flatnonzero(split == "train")
    if len(rows) < count:
        raise GalforgeError(f"train_images is {count}, but only {len(rows)} galaxies are in the split train; lower it")
    draws = np.array([generator(seed, "training subset", int(row)).random() for row in rows])
    out = np.array(split, dtype="U10")
    out[rows[np.argsort(draws, kind="stable")[count:]]] = NO_SPLIT
    return out


def write_subset(stamps: Path, out: Path, count: int, seed: int) -> None:
    """Write a stamps file, of either kind, with ``count`` of its training galaxies left in their split (``kept``).

    Pixels, rows and all other columns are those of the file.

    Raises:
        GalforgeError: there are fewer training galaxies than that.
    """
    with Stamps(stamps) as whole:
        try:
            split = kept(whole.catalog("split"), count, seed)
        except GalforgeError as error:
            raise GalforgeError(f"{stamps}: {error}") from error
        write_relabelled(whole, out, split=split)
