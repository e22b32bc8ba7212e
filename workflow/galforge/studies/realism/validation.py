"""Cross-validation: each image with a score is scored by a scorer that was not trained on it."""

import numpy as np
import pandas as pd

from galforge.logs import progress
from galforge.studies.realism.features import columns_of, scored
from galforge.studies.realism.folds import folds_of
from galforge.studies.realism.settings import RealismSettings
from galforge.studies.realism.trees import build


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
