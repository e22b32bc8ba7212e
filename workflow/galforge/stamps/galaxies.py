"""Galaxies as they are measured and shown: at their own size, whichever way a stamps file keeps it."""

import importlib

import numpy as np

from galforge.stamps.file import Stamps


def side_of(stamps: Stamps) -> int:
    """Side of all galaxies as they are measured [px]; 0 where each has its own."""
    return stamps.shape[2] if stamps.shape is not None and not stamps.header.sides else 0


def galaxy(stamps: Stamps, index: int, band: int | None = None) -> np.ndarray:
    """The bands (C, l, l) float64 of one galaxy, at its own side l where the stamp codes one.

    With ``band``, that band only: (1, l, l).
    """
    image = stamps.stamp(index)
    if stamps.header.sides:
        # By name: only jobs that read such stamps load it, and only their code digest holds it.
        return importlib.import_module("galforge.stamps.sizes").decode(image, stamps.header.sides, band)
    return (image if band is None else image[band : band + 1]).astype(np.float64)
