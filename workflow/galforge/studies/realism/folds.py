"""The parts of a cross-validation."""

import numpy as np

from galforge.errors import GalforgeError
from galforge.seeds import generator
from galforge.studies.realism.settings import RealismSettings


def folds_of(count: int, settings: RealismSettings) -> np.ndarray:
    """The fold (n,) int64 of each image: equal parts of a random order.

    Raises:
        GalforgeError: fewer images than folds.
    """
    if count < settings.folds:
        raise GalforgeError(f"{count} images with scores for {settings.folds} folds; lower realism: folds")
    folds = np.empty(count, dtype=np.int64)
    folds[generator(settings.seed, "folds").permutation(count)] = np.arange(count) % settings.folds
    return folds
