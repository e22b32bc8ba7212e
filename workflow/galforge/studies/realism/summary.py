"""Results of the study for scorers and generators, as rows of tables in the format of distances."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from galforge.compare.wasserstein import COLUMNS
from galforge.datasets.sparse.clusters import find
from galforge.stamps.file import Stamps
from galforge.studies.realism.diversity import diversity

PROTOCOL = "published"
"""Scorers and experiments are those of the report."""
PRINTED = {
    "individual_interaction": "individual+interaction",
    "histogram_hog_lbp": "histogram+hog+lbp",
    "histogram_power_spectrum": "histogram+power_spectrum",
}
"""Names in the printed table for sets of features."""


def scorer_rows(
    predictions: Mapping[str, pd.DataFrame], scores: pd.DataFrame, about: Mapping[str, Any]
) -> pd.DataFrame:
    """Mean absolute errors of scorers, with standard errors over images.

    Metrics: ``mae`` of raw scores, ``mae_standardised`` over the standard deviation of the scores, ``mae_fakes`` and
    ``mae_reals`` of images with scores below ``real_score`` and of the others. Where true scores are known, also for
    the scorer that scores generators: ``mae_held_out`` of images with a kind of corruption that it never saw, and
    ``mae_known`` of images with other corruptions.

    Args:
        predictions: by scorer, columns score and predicted; images are predicted by one that was not trained on them.
        scores: of all images, from the stage ``score``.
        about: dataset, origin, scorer, real_score, held_out (a kind of corruption, or empty).
    """
    rows = []
    for name, table in predictions.items():
        who = _named(name)
        error = np.abs(table["predicted"].to_numpy(float) - table["score"].to_numpy(float))
        real = table["score"].to_numpy(float) >= about["real_score"]
        rows += [_mean(who, "mae", error), _mean(who, "mae_standardised", error / table["score"].std(ddof=0))]
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
    """Scores of the first images of a model, and the other quantities of Table II of the report.

    Metrics: ``mean_score``, ``diversity`` (``galforge.studies.realism.diversity``), ``empty_share``, ``faint_share``,
    ``train_seconds``, ``execution_seconds`` (per thousand images) and, for models with size classes,
    ``class_agreement``.

    Args:
        scores: of the model's images.
        features: of the same images.
        real: features of all images with scores.
        segments: files with the time of its training.
        drawing: file with the time of drawing images.
        galaxies: stamps of galaxies drawn one by one; None for none.
        about: dataset, origin, scorer, images, thresholds (between size classes [px]; empty for none), threshold (of a
            cluster [8-bit level]), seed.
        run: model and seed.
    """
    truth = _real(real)
    scores, features = scores.iloc[: about["images"]], features.iloc[: about["images"]]
    rows = _of_images(run["model"], scores, features, about["scorer"])
    model = run["model"]
    spent = sum(json.loads(path.read_text(encoding="utf-8"))["seconds"] for path in segments)
    taken = json.loads(drawing.read_text(encoding="utf-8"))["seconds"]
    rows.append(_row((model, "spectra"), "diversity", *diversity(features, truth, about["seed"])))
    rows.append(_row((model, "training"), "train_seconds", spent))
    rows.append(_row((model, "1000 images"), "execution_seconds", taken))
    if galaxies is not None and about["thresholds"]:
        agreed = class_agreement(galaxies, about["thresholds"], about["threshold"])
        rows.append(_mean((model, "size_class"), "class_agreement", agreed))
    return _table(rows, about, "scores", len(truth), int(run["seed"]))


def real_rows(scores: pd.DataFrame, real: pd.DataFrame, about: Mapping[str, Any]) -> pd.DataFrame:
    """Scores of images that people labelled as real, and the values that a model's are compared with.

    No scorer was trained on these images.

    Args:
        scores: of all images.
        real: features of the same images.
        about: dataset, origin, scorer, images.
    """
    chosen, features = (_real(table).iloc[: about["images"]] for table in (scores, real))
    rows = _of_images("real", chosen, features, about["scorer"])
    # 1 by definition and without error, because the error of a model's diversity includes the scatter of real images.
    rows.append(_row(("real", "spectra"), "diversity", 1.0, 0.0, len(_real(real))))
    return _table(rows, about, "scores", len(chosen))


def class_agreement(galaxies: Path, thresholds: Sequence[float], threshold: int) -> np.ndarray:
    """Whether each galaxy has the size class that was asked for: (n,) float, 1 or 0.

    The size is that of the cluster with the brightest pixel; a patch without clusters has no class.

    Args:
        galaxies: stamps of patches with a column ``asked``.
        thresholds: between the classes [px].
        threshold: of clusters [8-bit level].
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
    """How the scores of a model's images change when positions or galaxies are exchanged.

    Args:
        results: by experiment, from ``galforge.studies.realism.experiments.run``.
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
    deviation, count = float(np.std(swapped["learned"].to_numpy(float), ddof=1)), len(swapped)
    # The error is that of a normal sample, which is good enough here.
    rows.append(_row((model, "images"), "score_std", deviation, deviation / np.sqrt(2 * (count - 1)), count))
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
    return _row(who, metric, value, error, len(values))


def _row(who: tuple[str, str], metric: str, value: float, error: float = np.nan, count: int = 0) -> dict[str, Any]:
    """A row for (model, property)."""
    named = {"model": who[0], "metric": metric, "property": who[1], "value": value}
    return named | {"standard_error": error, "n_generated": count}


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
    return frame[["dataset", "origin", "model", "seed", "comparison", "protocol", "engine", *COLUMNS]]
