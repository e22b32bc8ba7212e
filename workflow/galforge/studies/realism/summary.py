"""Results of the study for scorers and generators, as rows of tables in the format of distances."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from galforge.datasets.sparse.clusters import find
from galforge.stamps.file import Stamps
from galforge.studies.realism.diversity import diversity
from galforge.studies.realism.rows import mean_row, row, table_of

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
        rows += [mean_row(who, "mae", error), mean_row(who, "mae_standardised", error / table["score"].std(ddof=0))]
        rows += [mean_row(who, "mae_fakes", error[~real]), mean_row(who, "mae_reals", error[real])]
    if about["held_out"]:
        asked = scores[scores["set"].eq("query") & scores["truth"].notna()]
        error = np.abs(asked["predicted"] - asked["truth"]).to_numpy(float)
        held = np.array([about["held_out"] in str(kind).split("+") for kind in asked["kind"]], dtype=bool)
        who = _named(about["scorer"])
        rows += [mean_row(who, "mae_held_out", error[held]), mean_row(who, "mae_known", error[~held])]
    return table_of(rows, about, "scorers", np.nan)


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
    rows.append(row((model, "spectra"), "diversity", *diversity(features, truth, about["seed"])))
    rows.append(row((model, "training"), "train_seconds", spent))
    rows.append(row((model, "1000 images"), "execution_seconds", taken))
    if galaxies is not None and about["thresholds"]:
        agreed = class_agreement(galaxies, about["thresholds"], about["threshold"])
        rows.append(mean_row((model, "size_class"), "class_agreement", agreed))
    return table_of(rows, about, "scores", len(truth), int(run["seed"]))


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
    rows.append(row(("real", "spectra"), "diversity", 1.0, 0.0, len(_real(real))))
    return table_of(rows, about, "scores", len(chosen))


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


def _real(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of images that people labelled as real."""
    return table[table["set"].eq("labeled") & table["label"].eq(1)]


def _of_images(model: str, scores: pd.DataFrame, features: pd.DataFrame, scorer: str) -> list[dict[str, Any]]:
    rows = [mean_row((model, " ".join(_named(scorer))), "mean_score", scores["predicted"])]
    rows.append(mean_row((model, "images"), "empty_share", features["lit_share"].to_numpy(float) == 0))
    faint = features["faint_share"].to_numpy(float)
    return [*rows, mean_row((model, "clusters"), "faint_share", faint[np.isfinite(faint)])]


def _named(scorer: str) -> tuple[str, str]:
    """Model and features of a scorer, as they are printed."""
    model, _, features = scorer.partition("-")
    return model, PRINTED.get(features, features or "none")
