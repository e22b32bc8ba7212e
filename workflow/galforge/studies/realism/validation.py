"""Cross-validation: each image with a score is scored by a scorer that was not trained on it."""

import numpy as np
import pandas as pd

from galforge.errors import GalforgeError
from galforge.logs import progress
from galforge.seeds import generator
from galforge.studies.realism.features import columns_of, scored
from galforge.studies.realism.settings import RealismSettings
from galforge.studies.realism.trees import build


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


def cross_validate(table: pd.DataFrame, scorer: str, settings: RealismSettings) -> pd.DataFrame:
    """Columns index, score, fold and predicted, of images with a score.

    Features are standardised, and missing ones filled in, by what the other folds say.

    Args:
        table: features of the images, with set and score.

    Raises:
        GalforgeError: features that the table lacks, or too few images.
    """
    rows = scored(table)
    features = scorer.partition("-")[2]
    names = columns_of(rows, features) if features != "none" else []
    matrix, scores = rows[names].to_numpy(np.float32), rows["score"].to_numpy(np.float64)
    folds = folds_of(len(rows), settings)
    predicted = np.empty(len(rows))
    for fold in progress(range(settings.folds), settings.folds, "folds"):
        held = folds == fold
        fitted = build(scorer, settings).fit(matrix[~held], scores[~held])
        predicted[held] = fitted.predict(matrix[held])
    return pd.DataFrame({"index": rows["index"].to_numpy(), "score": scores, "fold": folds, "predicted": predicted})
