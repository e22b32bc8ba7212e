"""The answers that the tables of Gantastic 4 (2020) give: how real sparse images look, and who can tell."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from galforge.compare.kind import REAL
from galforge.drawing.names import listed
from galforge.papers.answers import Filled, sentence, shortened

_MEDIAN = "median"  # the scorer that looks at no image


def scores(filled: Sequence[Filled]) -> str:
    """Whose images score nearest to real ones, and which of them cannot be told from these."""
    return " ".join(_of_scores(filled[0], str(name), own) for name, own in _rows(filled, "mean_score"))


def scorers(filled: Sequence[Filled]) -> str:
    """Which scorer errs least, beside the median of the scores."""
    return " ".join(_of_scorers(filled[0], str(name), own) for name, own in _rows(filled, "mae"))


def experiments(filled: Sequence[Filled]) -> str:
    """Whose scores random positions change beyond their error."""
    out = []
    for name, own in _rows(filled, "score_difference"):
        seen = [
            f"{filled[0].name(row['model'])} ({row['value']:+.2g})" for _, row in own.iterrows() if not row["at_floor"]
        ]
        told = f"random positions change the score of {listed(seen)}" if seen else "no score depends on positions"
        out.append(sentence(f"on {name} {told}, of {len(own)} {'model' if len(own) == 1 else 'models'}"))
    return " ".join(out)


def _rows(filled: Sequence[Filled], metric: str) -> list[tuple[str, pd.DataFrame]]:
    if not filled:
        return []
    frame = filled[0].frame
    frame = frame[(frame["metric"] == metric) & frame["seeds"].notna() & frame["value"].notna()]
    return [(str(name), own) for name, own in frame.groupby("dataset", sort=False)]


def _of_scores(filled: Filled, dataset: str, own: pd.DataFrame) -> str:
    real, models = own[own["model"] == REAL], own[own["model"] != REAL]
    if real.empty or models.empty:
        return ""
    target = float(real["value"].iloc[0])
    nearest = models.loc[np.abs(models["value"] - target).idxmin()]
    alike = [filled.name(model) for model in dict.fromkeys(models.loc[models["at_floor"], "model"])]
    said = f"on {dataset} real images score {shortened(target)} on average and those of {filled.name(nearest['model'])}"
    said += f" come nearest with {shortened(nearest['value'])}"
    told = f"{listed(alike)} cannot be told from them by the score" if alike else "no model is within the error of them"
    return sentence(f"{said}; {told}")


def _of_scorers(filled: Filled, dataset: str, own: pd.DataFrame) -> str:
    seeing, blind = own[own["model"] != _MEDIAN], own[own["model"] == _MEDIAN]
    if seeing.empty:
        return ""
    best = seeing.loc[seeing["value"].idxmin()]
    sees = filled.table.label("mae", str(best["property"]))
    said = f"on {dataset} {filled.name(best['model'])} errs least, by {shortened(best['value'])} (seen: {sees.lower()})"
    if len(blind):
        said += f", where the median of all scores errs by {shortened(blind['value'].min())}"
    return sentence(said)
