"""Folds: the test split of a data set is one of several equal parts of its galaxies.

With few galaxies a test split is too small to judge by. Data sets of the same files that each hold out another fold
judge by all of them together.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from galforge.errors import GalforgeError
from galforge.logs import log
from galforge.seeds import seed_of
from galforge.stamps.file import Stamps, split_of
from galforge.stamps.relabelling import write_relabelled


def refold(stamps: Path, out: Path, seed: int, of: int, fold: int, train: float, validation: float) -> None:
    """Write a stamps file with the splits of a fold; everything else in it is that of another.

    Args:
        stamps: the other.
        out: the file to write.
        seed: of the splits.
        of: number of folds.
        fold: the one that is the test split, counted from 0.
        train, validation: shares by which the other galaxies are divided.

    Raises:
        GalforgeError: there are fewer galaxies than folds.
    """
    with Stamps(stamps) as whole:
        if len(whole) < of:
            raise GalforgeError(
                f"{stamps}: {len(whole)} galaxies for {of} folds: lower folds.of, or give more galaxies"
            )
        split = splits_of(whole.catalog("name").tolist(), seed, of, fold, train, validation)
        write_relabelled(whole, out, split=split)
    held_out = int(np.count_nonzero(split == "test"))
    log.info("%s: fold %d of %d, %d galaxies, is the test split", out, fold, of, held_out)


def splits_of(names: Sequence[str], seed: int, of: int, fold: int, train: float, validation: float) -> np.ndarray:
    """Names (n,) of the splits of galaxies.

    Galaxies are ranked by a hash of seed and name, and ranks are cut into ``of`` parts, equal to one galaxy. So each
    galaxy is in the test split of one fold, and a galaxy that is added or left out moves few of the others.
    """
    ranks = np.empty(len(names), dtype=int)
    ranks[sorted(range(len(names)), key=lambda index: seed_of(seed, "fold", names[index]))] = np.arange(len(names))
    parts = ranks * of // len(names)
    shares = {"train": train, "validation": validation}
    others = (split_of(seed, name, shares) for name in names)  # type: ignore[arg-type]
    return np.array(["test" if part == fold else other for part, other in zip(parts, others, strict=True)], "U10")
