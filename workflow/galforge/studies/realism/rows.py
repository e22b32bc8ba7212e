"""Rows of tables in the format of distances, and those of the experiments.

Apart from the other summaries, because experiments take long: a change of those does not run them again.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

PROTOCOL = "published"
"""Scorers and experiments are those of the report."""
COLUMNS = ("metric", "property", "value", "standard_error", "floor", "n_source", "n_generated")
"""Columns of a row after those that say whose it is, as every table of distances has them."""


def experiment_rows(
    results: Mapping[str, pd.DataFrame], about: Mapping[str, Any], run: Mapping[str, str]
) -> pd.DataFrame:
    """How the scores of a model's images change when positions or galaxies are exchanged.

    Args:
        results: by experiment, from ``galforge.studies.realism.experiments.run``.
        about: dataset and origin.
        run: model and seed.
    """
    model, rows = run["model"], []
    swapped = results["random_positions"]
    rows.append(mean_row((model, "learned_positions"), "mean_score", swapped["learned"]))
    rows.append(mean_row((model, "random_positions"), "mean_score", swapped["random"]))
    rows.append(mean_row((model, "random_positions"), "score_difference", swapped["random"] - swapped["learned"]))
    for name in ("new_galaxies", "shuffled_patches"):
        rows.append(mean_row((model, name), "score_std", results[name]["deviation"]))
    deviation, count = float(np.std(swapped["learned"].to_numpy(float), ddof=1)), len(swapped)
    # The error is that of a normal sample, which is good enough here.
    rows.append(row((model, "images"), "score_std", deviation, deviation / np.sqrt(2 * (count - 1)), count))
    return table_of(rows, about, "experiments", np.nan, int(run["seed"]))


def mean_row(who: tuple[str, str], metric: str, values: Any) -> dict[str, Any]:
    """The row of a mean and its standard error for (model, property)."""
    values = np.asarray(values, dtype=float)
    value = float(values.mean()) if len(values) else np.nan
    error = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else np.nan
    return row(who, metric, value, error, len(values))


def row(who: tuple[str, str], metric: str, value: float, error: float = np.nan, count: int = 0) -> dict[str, Any]:
    """A row for (model, property)."""
    named = {"model": who[0], "metric": metric, "property": who[1], "value": value}
    return named | {"standard_error": error, "n_generated": count}


def table_of(
    rows: list[dict[str, Any]], about: Mapping[str, Any], comparison: str, n_source: float, seed: int = 0
) -> pd.DataFrame:
    """Rows with the columns that tables of distances have."""
    frame = pd.DataFrame(rows).assign(
        dataset=about["dataset"],
        origin=about["origin"],
        seed=seed,
        comparison=comparison,
        protocol=PROTOCOL,
        engine="",
        floor=np.nan,
        n_source=n_source,
    )
    return frame[["dataset", "origin", "model", "seed", "comparison", "protocol", "engine", *COLUMNS]]
