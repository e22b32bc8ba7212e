"""Scores of stamps by the scorer of generated images."""

from pathlib import Path

import pandas as pd

from galforge.atomic import replacing
from galforge.studies.realism.trees import Scorer

KEPT = ("index", "set", "label", "score", "kind", "truth")
"""Columns of the features that stand beside the scores, where there are any."""


def write_scores(scorer: str, features: pd.DataFrame, out: str) -> pd.DataFrame:
    """Score stamps by their features and write the scores, as ``predicted`` beside what is known of the stamps.

    Args:
        scorer: file that ``fit_scorer`` wrote.
        features: of the stamps. out: the table to make (parquet).
    """
    known = [name for name in KEPT if name in features]
    scores = features[known].assign(predicted=Scorer.load(Path(scorer)).score(features))
    with replacing(out) as temporary:
        scores.to_parquet(temporary, index=False)
    return scores
