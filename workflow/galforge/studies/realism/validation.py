"""Cross-validation of scorers on features: each image is scored by a scorer that was not trained on it."""

import numpy as np
import pandas as pd

from galforge.logs import Progress
from galforge.studies.realism.features import columns_of, scored
from galforge.studies.realism.folds import predictions
from galforge.studies.realism.settings import RealismSettings
from galforge.studies.realism.trees import build


def cross_validate(table: pd.DataFrame, scorer: str, settings: RealismSettings) -> pd.DataFrame:
    """Columns index, score, fold and predicted, of images with a score.

    Features are standardised, and missing ones filled in, by the statistics of the other folds.

    Args:
        table: features of the images, with set and score.

    Raises:
        GalforgeError: the table lacks features, or has too few images.
    """
    rows = scored(table)
    features = scorer.partition("-")[2]
    names = columns_of(rows, features) if features != "none" else []
    matrix, scores = rows[names].to_numpy(np.float32), rows["score"].to_numpy(np.float64)
    counter = Progress(len(rows), "images scored")

    def predict(held: np.ndarray, fold: int) -> np.ndarray:
        found = build(scorer, settings).fit(matrix[~held], scores[~held]).predict(matrix[held])
        counter.advance(int(held.sum()))
        return found

    return predictions(rows, settings, predict)
