"""Cross-validation: which images are held out together, and the table of their predicted scores."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from galforge.errors import GalforgeError
from galforge.seeds import generator
from galforge.studies.realism.settings import RealismSettings


def folds_of(count: int, settings: RealismSettings) -> np.ndarray:
    """The fold (n,) int64 of each image: equal parts of a random order.

    Raises:
        GalforgeError: there are fewer images than folds.
    """
    if count < settings.folds:
        raise GalforgeError(f"{count} images with scores for {settings.folds} folds; lower realism: folds")
    folds = np.empty(count, dtype=np.int64)
    folds[generator(settings.seed, "folds").permutation(count)] = np.arange(count) % settings.folds
    return folds


def predictions(
    rows: pd.DataFrame, settings: RealismSettings, predict: Callable[[np.ndarray, int], np.ndarray]
) -> pd.DataFrame:
    """Columns index, score, fold and predicted of images, each predicted by a scorer that was not trained on it.

    Args:
        rows: index and score of the images.
        predict: of the images held out (bool, n) and the number of the fold, the scores of those by a scorer that is
            trained on the others.

    Raises:
        GalforgeError: there are fewer images than folds.
    """
    folds, predicted = folds_of(len(rows), settings), np.empty(len(rows))
    for fold in range(settings.folds):
        held = folds == fold
        predicted[held] = predict(held, fold)
    scores = rows["score"].to_numpy(np.float64)
    return pd.DataFrame({"index": rows["index"].to_numpy(), "score": scores, "fold": folds, "predicted": predicted})
