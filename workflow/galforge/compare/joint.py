"""The joint distribution of all properties: good distributions of single properties can hide impossible galaxies."""

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from threadpoolctl import threadpool_limits

from galforge.compare.kind import Kind
from galforge.compare.morphology import PROPERTIES, selected
from galforge.compare.relabelled import student_limit
from galforge.compare.rows import Score
from galforge.compare.settings import ComparisonSettings
from galforge.compare.wasserstein import columns_of, compare_properties, tidy
from galforge.seeds import generator

KIND = Kind(
    families=("morphology", "photometry"),
    metrics={"distance": ("sliced_wasserstein", "classifier")},
    group="properties",
    libraries=("scipy", "scikit-learn"),
    protocols=("corrected",),
    reads=("bootstrap", "halvings", "directions", "permutations", "seed"),
)

BRIGHTNESS = ("log_flux", "surface_brightness", "sky_rms")
FOLDS = 5
FEWEST = 2 * FOLDS  # galaxies a side must have for the classifier
TREES, LEAVES = 100, 8  # boosted trees, and leaves of each: enough for correlations of two or three properties


def compare(source: pd.DataFrame, generated: pd.DataFrame, settings: ComparisonSettings) -> pd.DataFrame:
    """Two tidy rows, property `all`, from the morphology and the photometry of the same stamps.

    The properties are the nine of morphology (the orientation as cosine and sine of twice the angle), log flux,
    surface brightness, sky rms, and with several bands the colours of neighbouring bands. A property with one value for
    half of the source or more is left out (the sky rms of noiseless stamps, of which a few have some by chance):
    divided by its sd it would outweigh all others. Galaxies are kept as for the morphological distances
    (`morphology.compare`), and only where no property is missing. Those that are not kept count:

    - sliced_wasserstein: the mean W1 of the standardised properties along `directions` random directions (Rabin et al.
      2011, SSVM, 435; Bonneel et al. 2015, J. Math. Imaging Vis. 51, 22), in sd of the source, complete and
      with error, floor and limit as for one property (`wasserstein.compare_properties`);
    - classifier: 2 AUC - 1 of boosted trees that try to tell generated galaxies from the source's (Lopez-Paz & Oquab
      2017, arXiv:1610.06545), see `told_apart`. 0: they cannot; 1: always. Where both sides are the same galaxies, as
      for `roundtrip`, it may be below 0. It sees which galaxies were not kept, and nothing else of them.

    Blank with fewer than 2 galaxies on a side (10 for the classifier), or 2 (1) kept of the source.

    Raises:
        GalforgeError: a table lacks columns.
    """
    bands = [name for name in source.columns if name.startswith("magnitude_")]
    real, made = (
        _properties(table, side, bands, settings) for table, side in ((source, "source"), (generated, "generated"))
    )
    kept = real[np.isfinite(real).all(axis=1)]
    scales = kept.std(axis=0) if len(kept) else np.zeros(real.shape[1])
    apart = np.median(np.abs(kept - np.median(kept, axis=0)), axis=0) if len(kept) else scales
    vary = apart > 1e-12 * np.abs(kept).max(axis=0, initial=0)
    real, made = (side[:, vary] / scales[vary] for side in (real, made))
    across = directions(real.shape[1], settings)
    result = compare_properties(_along(real, across), _along(made, across), settings, complete=True)
    sliced = result.row("all", list(range(settings.directions)), "sliced_wasserstein")
    return tidy([sliced, told_apart(real, made, settings).row("classifier", "all")])


def directions(dimension: int, settings: ComparisonSettings) -> np.ndarray:
    """Unit vectors (dimension, `directions`), uniform on the sphere."""
    drawn = generator(settings.seed, "directions").standard_normal((dimension, settings.directions))
    return drawn / np.linalg.norm(drawn, axis=0)


def told_apart(source: np.ndarray, generated: np.ndarray, settings: ComparisonSettings) -> Score:
    """2 AUC - 1 of a classifier between samples (n, p) and (m, p); rows of NaN are galaxies that were not kept.

    The AUC is that of predictions in five-fold cross-validation. The floor is the mean absolute value for permuted
    labels, where there is nothing to tell apart. The limit is that within which a further value for permuted labels
    lies with 95 %, for values that are normally distributed: Student's t of so many, which have scatter of their own.
    The error adds in quadrature that of an AUC (Hanley & McNeil 1982, Radiology 143, 29) and that of training: the
    excess of the variance for permuted labels over the same formula. It runs on one thread, so sums do not depend on
    the number of threads.
    """
    n, m = len(source), len(generated)
    if min(n, m) < FEWEST or not np.isfinite(source).any():
        return Score(np.nan, np.nan, np.nan, n, m)
    both, label = np.concatenate([source, generated]), np.repeat([0, 1], [n, m])
    draws = generator(settings.seed, "classifier")
    area = _area(both, label, draws)
    permuted = np.array([_area(both, draws.permutation(label), draws) for _ in range(settings.permutations)])
    chance = 2 * permuted - 1
    trained = max(float(np.mean(chance**2)) / 4 - _variance(0.5, n, m), 0.0)
    error = 2 * np.sqrt(_variance(area, n, m) + trained)
    return Score(2 * area - 1, float(error), float(np.mean(np.abs(chance))), n, m, student_limit(chance))


def _along(values: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Values (n, p) projected on directions (p, `directions`); NaN where a galaxy was not kept, or nothing varies."""
    there = np.isfinite(values).all(axis=1) & (values.shape[1] > 0)
    return np.where(there[:, None], np.where(there[:, None], values, 0.0) @ across, np.nan)


def _properties(table: pd.DataFrame, side: str, bands: list[str], settings: ComparisonSettings) -> np.ndarray:
    """Properties (n, p) of all galaxies; a row of NaN where one is not kept or lacks one of them."""
    morphology, stages = selected(table, side, settings)
    names = list(PROPERTIES)
    twice = 2 * morphology[:, names.index("orientation")]
    others = np.delete(morphology, names.index("orientation"), axis=1)
    colours = -np.diff(columns_of(table, bands, side), axis=1)
    brightness = columns_of(table, list(BRIGHTNESS), side)
    found = np.column_stack([others, np.cos(twice), np.sin(twice), brightness, colours])
    return np.where((stages["kept"] & np.isfinite(found).all(axis=1))[:, None], found, np.nan)


def _area(values: np.ndarray, label: np.ndarray, draws: np.random.Generator) -> float:
    """Area under the ROC curve of held-out predictions that label (n,) is 1."""
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=int(draws.integers(2**31)))
    trees = HistGradientBoostingClassifier(max_iter=TREES, max_leaf_nodes=LEAVES, early_stopping=False, random_state=0)
    with threadpool_limits(limits=1, user_api="openmp"):
        chance = cross_val_predict(trees, values, label, cv=folds, method="predict_proba")[:, 1]
    ones = int(label.sum())
    above = rankdata(chance)[label == 1].sum() - ones * (ones + 1) / 2
    return float(above / (ones * (len(label) - ones)))


def _variance(area: float, n: int, m: int) -> float:
    """Variance of an AUC for `m` of one kind and `n` of the other (Hanley & McNeil 1982, eq. 1)."""
    first, second = area / (2 - area), 2 * area**2 / (1 + area)
    return (area * (1 - area) + (m - 1) * (first - area**2) + (n - 1) * (second - area**2)) / (n * m)
