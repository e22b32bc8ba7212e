"""Made-up scores of sparse images, as the study of realism writes them."""

import numpy as np
import pandas as pd

from galforge.seeds import generator

SCORERS = {
    "median": ("none",),
    "xgboost": (
        *("histogram+power_spectrum", "fourier", "histogram", "individual+interaction", "basic_3", "individual"),
        *("histogram+hog+lbp", "power_spectrum"),
    ),
    "random_forest": ("power_spectrum", "histogram", "histogram+hog+lbp", "fourier"),
    "cnn": ("image",),
    "resnet": ("image",),
}
MAE = ("mae_known", "mae_held_out", "mae", "mae_standardised", "mae_fakes", "mae_reals")
MODELS = (
    *("real", "baseline1", "baseline2", "baseline2-heuristic", "end_to_end_gan"),
    *("two_stage_unconditional", "two_stage_conditional"),
)
SCORER = "xgboost histogram+power_spectrum"
SCORES = {"real": 1.93, "baseline1": 0.22, "baseline2": 0.89, "baseline2-heuristic": 0.6, "end_to_end_gan": 0.85}
EXPERIMENTS = {
    ("mean_score", "random_positions"): 1.84,
    ("mean_score", "learned_positions"): 1.85,
    ("score_difference", "random_positions"): -0.01,
    ("score_std", "images"): 0.6,
    ("score_std", "new_galaxies"): 0.4,
    ("score_std", "shuffled_patches"): 0.08,
}


def scorers() -> list[pd.DataFrame]:
    """Rows of the comparison ``scorers``, one frame per scorer."""
    out = []
    for model, sets in SCORERS.items():
        rng = generator(5, model)
        rows = [(metric, name, rng.uniform(0.1, 0.9), 0.01) for name in sets for metric in MAE]
        out.append(_frame("scorers", model, rows, 960, np.nan))
    return out


def scores(model: str, seed: int = 0) -> pd.DataFrame:
    """Rows of the comparison ``scores`` of one model, or of real images."""
    rows = [
        ("mean_score", SCORER, SCORES.get(model, 1.9), 0.03),
        ("diversity", "spectra", 1.0 if model == "real" else 0.4, 0.02),
        ("empty_share", "images", 0.6 if model == "end_to_end_gan" else 0.0, 0.01),
        ("faint_share", "clusters", 0.5 if model == "real" else 0.01, 0.01),
    ]
    if model != "real":
        rows += [("train_seconds", "training", 123.0, np.nan), ("execution_seconds", "1000 images", 4.5, np.nan)]
    if model == "two_stage_conditional":
        rows.append(("class_agreement", "size_class", 0.81, 0.02))
    return _frame("scores", model, rows, 300, np.nan if model == "real" else 100, seed)


def experiments(model: str) -> pd.DataFrame:
    """Rows of the comparison ``experiments`` of a two-stage model."""
    rows = [(*key, value, 0.01) for key, value in EXPERIMENTS.items()]
    return _frame("experiments", model, rows, 50, np.nan)


def distances() -> list[pd.DataFrame]:
    """All of them."""
    two_stage = [model for model in MODELS if model.startswith("two_stage")]
    return [*scorers(), *map(scores, MODELS), *map(experiments, two_stage)]


def _frame(
    comparison: str,
    model: str,
    rows: list[tuple[str, str, float, float]],
    n_source: int,
    n_generated: float,
    seed: int = 0,
) -> pd.DataFrame:
    common = {"dataset": "sparse", "origin": "mock", "model": model, "seed": seed, "comparison": comparison}
    common |= {"protocol": "published", "engine": "", "floor": np.nan}
    made = pd.DataFrame(rows, columns=["metric", "property", "value", "standard_error"])
    return made.assign(**common, n_source=n_source, n_generated=n_generated)
