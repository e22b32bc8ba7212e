"""What the study says of scorers and generators, as rows of tables in the format of distances."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from galforge.datasets.sparse.clusters import find
from galforge.stamps.file import Stamps
from galforge.studies.realism.diversity import diversity

PROTOCOL = "published"
"""Scorers and what they are asked are those of the report."""
PRINTED = {
    "individual_interaction": "individual+interaction",
    "histogram_hog_lbp": "histogram+hog+lbp",
    "histogram_power_spectrum": "histogram+power_spectrum",
}
"""Sets of features by the names under which their errors are printed."""


def scorer_rows(
    predictions: Mapping[str, pd.DataFrame], scores: pd.DataFrame, about: Mapping[str, Any]
) -> pd.DataFrame:
    """Mean absolute errors of scorers, with standard errors over images.

    Metrics: ``mae`` on raw scores, ``mae_standardised`` over the scores' standard deviation, ``mae_fakes`` and
    ``mae_reals`` of images with scores below ``real_score`` and of the others; of the scorer that generators are scored
    by also ``mae_held_out`` of images with the kind of corruption that it never saw, and ``mae_known`` of others like
    them, where the true scores are known.

    Args:
        predictions: by scorer: columns score and predicted, each image predicted by one that was not trained on it.
        scores: of all images, as the stage ``score`` makes them.
        about: dataset, origin, scorer, real_score, held_out (a kind of corruption, or empty).
    """
    rows = []
    for name, table in predictions.items():
        who = _named(name)
        error = np.abs(table["predicted"].to_numpy(float) - table["score"].to_numpy(float))
        real = table["score"].to_numpy(float) >= about["real_score"]
        rows.append(_mean(who, "mae", error))
        deviation = table["score"].std(ddof=0)
        rows.append(_mean(who, "mae_standardised", error / deviation))
        rows += [_mean(who, "mae_fakes", error[~real]), _mean(who, "mae_reals", error[real])]
    if about["held_out"]:
        asked = scores[scores["set"].eq("query") & scores["truth"].notna()]
        error = np.abs(asked["predicted"] - asked["truth"]).to_numpy(float)
        held = np.array([about["held_out"] in str(kind).split("+") for kind in asked["kind"]], dtype=bool)
        who = _named(about["scorer"])
        rows += [_mean(who, "mae_held_out", error[held]), _mean(who, "mae_known", error[~held])]
    return _table(rows, about, "scorers", np.nan)


def generator_rows(
    scores: pd.DataFrame,
    features: pd.DataFrame,
    real: pd.DataFrame,
    segments: Sequence[Path],
    drawing: Path,
    galaxies: Path | None,
    about: Mapping[str, Any],
    run: Mapping[str, str],
) -> pd.DataFrame:
    """What a model's first images score, with what Table II of the report has besides.

    Metrics: ``mean_score``, ``diversity`` (``galforge.studies.realism.diversity``), ``empty_share``, ``faint_share``,
    ``train_seconds``, ``execution_seconds`` (per thousand images) and, where galaxies were asked for by size class,
    ``class_agreement``.

    Args:
        scores: of its images. features: of the same. real: features of all images with scores.
        segments: accounts of its training. drawing: that of drawing images. galaxies: those drawn one by one.
        about: dataset, origin, scorer, images, thresholds (between size classes [px]; empty for none), threshold (of a
            cluster [8-bit level]), seed.
        run: model and seed.
    """
    truth = _real(real)
    scores, features = scores.iloc[: about["images"]], features.iloc[: about["images"]]
    rows = _of_images(run["model"], scores, features, about["scorer"])
    value, error = diversity(features, truth, about["seed"])
    rows.append({"model": run["model"], "metric": "diversity", "property": "spectra", "value": value} | _with(error))
    spent = sum(json.loads(path.read_text(encoding="utf-8"))["seconds"] for path in segments)
    taken = json.loads(drawing.read_text(encoding="utf-8"))["seconds"]
    rows.append({"model": run["model"], "metric": "train_seconds", "property": "training", "value": spent} | _with())
    rows.append(
        {"model": run["model"], "metric": "execution_seconds", "property": "1000 images", "value": taken} | _with()
    )
    if galaxies is not None and about["thresholds"]:
        agreed = class_agreement(galaxies, about["thresholds"], about["threshold"])
        rows.append(_mean((run["model"], "size_class"), "class_agreement", agreed))
    return _table(rows, about, "scores", len(truth), int(run["seed"]))


def real_rows(scores: pd.DataFrame, real: pd.DataFrame, about: Mapping[str, Any]) -> pd.DataFrame:
    """What images that people labelled as real score, and what else a model's values are put beside.

    No scorer was trained on them.

    Args:
        scores: of all images. real: features of the same. about: dataset, origin, scorer, images.
    """
    chosen, features = (_real(table).iloc[: about["images"]] for table in (scores, real))
    rows = _of_images("real", chosen, features, about["scorer"])
    # By definition, and without error: that of a model's diversity counts the scatter of real images too.
    rows.append(
        {"model": "real", "metric": "diversity", "property": "spectra", "value": 1.0} | _with(0.0, len(_real(real)))
    )
    return _table(rows, about, "scores", len(chosen))


def class_agreement(galaxies: Path, thresholds: Sequence[float], threshold: int) -> np.ndarray:
    """Whether each galaxy has the size class that was asked for: (n,) float, 1 or 0.

    The size is that of the cluster with the brightest pixel; a patch without one is of no class.

    Args:
        galaxies: stamps of patches with a column ``asked``.
        thresholds: between the classes [px]. threshold: of clusters [8-bit level].
    """
    with Stamps(galaxies) as stamps:
        asked = stamps.catalog("asked")
        found = np.zeros(len(stamps), dtype=np.int64)
        for index in range(len(stamps)):
            clusters = find(stamps.images[index, 0], threshold)
            if len(clusters):
                found[index] = 1 + np.sum(clusters.size[np.argmax(clusters.peak)] > np.asarray(thresholds))
    return (found == asked).astype(float)


def experiment_rows(
    results: Mapping[str, pd.DataFrame], about: Mapping[str, Any], run: Mapping[str, str]
) -> pd.DataFrame:
    """What exchanging positions or galaxies does to the scores of a model's images.

    Args:
        results: of each experiment, as ``galforge.studies.realism.experiments.run`` makes them.
        about: dataset and origin.
        run: model and seed.
    """
    model, rows = run["model"], []
    swapped = results["random_positions"]
    rows.append(_mean((model, "learned_positions"), "mean_score", swapped["learned"]))
    rows.append(_mean((model, "random_positions"), "mean_score", swapped["random"]))
    rows.append(_mean((model, "random_positions"), "score_difference", swapped["random"] - swapped["learned"]))
    for name in ("new_galaxies", "shuffled_patches"):
        rows.append(_mean((model, name), "score_std", results[name]["deviation"]))
    means = swapped["learned"].to_numpy(float)
    deviation = float(np.std(means, ddof=1))
    # Of a normal sample; good enough beside the others.
    rows.append(
        {"model": model, "metric": "score_std", "property": "images", "value": deviation}
        | _with(deviation / np.sqrt(2 * (len(means) - 1)), len(means))
    )
    return _table(rows, about, "experiments", np.nan, int(run["seed"]))


def _real(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of images that people labelled as real."""
    return table[table["set"].eq("labeled") & table["label"].eq(1)]


def _of_images(model: str, scores: pd.DataFrame, features: pd.DataFrame, scorer: str) -> list[dict[str, Any]]:
    rows = [_mean((model, " ".join(_named(scorer))), "mean_score", scores["predicted"])]
    rows.append(_mean((model, "images"), "empty_share", features["lit_share"].to_numpy(float) == 0))
    faint = features["faint_share"].to_numpy(float)
    return [*rows, _mean((model, "clusters"), "faint_share", faint[np.isfinite(faint)])]


def _named(scorer: str) -> tuple[str, str]:
    """Model and features of a scorer, as they are printed."""
    model, _, features = scorer.partition("-")
    return model, PRINTED.get(features, features or "none")


def _mean(who: tuple[str, str], metric: str, values: Any) -> dict[str, Any]:
    values = np.asarray(values, dtype=float)
    value = float(values.mean()) if len(values) else np.nan
    error = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else np.nan
    return {"model": who[0], "metric": metric, "property": who[1], "value": value} | _with(error, len(values))


def _with(error: float = np.nan, count: int = 0) -> dict[str, Any]:
    return {"standard_error": error, "n_generated": count}


def _table(
    rows: list[dict[str, Any]], about: Mapping[str, Any], comparison: str, n_source: float, seed: int = 0
) -> pd.DataFrame:
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
    columns = ("dataset", "origin", "model", "seed", "comparison", "protocol", "engine", "metric", "property")
    return frame[[*columns, "value", "standard_error", "floor", "n_source", "n_generated"]]
