"""FID and inception score of single bands, of galaxies spread evenly over redshift.

Li et al. 2024 (section 3.6 and appendix B) compare 2,000 images of uniform redshift with the validation split. The
inception score is that of Salimans et al. 2016. With another network than Inception it is called class entropy score
and not shown beside printed ones.
"""

import numpy as np
import pandas as pd

from galforge.compare.frechet import fid_and_null
from galforge.compare.kind import Kind
from galforge.compare.redshift_bins import in_bins, pair, uniform
from galforge.compare.relabelled import limit_of
from galforge.compare.rows import Score
from galforge.compare.scores import mean_of, resampling
from galforge.compare.settings import ComparisonSettings
from galforge.compare.wasserstein import tidy
from galforge.errors import GalforgeError
from galforge.measure.vectors import CLASSES, FEATURES, rows_of, vector_columns
from galforge.seeds import generator

KIND = Kind(
    families=("band_features",),
    metrics={"distance": ("fid",), "beside": ("inception_score", "class_entropy_score")},
    group="conditional",
    libraries=("scipy",),
    by_redshift=True,
    reads=("fid_bootstrap", "fid_halvings", "redshift_edges", "uniform_images", "seed"),
)

INCEPTION = "inception-v3"
SCORES = {True: "inception_score", False: "class_entropy_score"}


def compare(source: pd.DataFrame, generated: pd.DataFrame, settings: ComparisonSettings) -> pd.DataFrame:
    """Tidy rows of `fid` and `inception_score` (or `class_entropy_score`), per band and of their mean (`all`).

    corrected: all bands, against the validation split. published: one band, against the test split, as in the authors'
    notebook. For the pseudo-model `real`, the other of the two splits stands for the generated galaxies.

    Each side has at most `uniform_images` galaxies, as many in every bin of redshift as the other side. The inception
    score is of one sample and has no floor. 1 means that the network sees one kind of image; more than real galaxies
    have is not better.

    All bands show the same galaxies, so resamplings and relabellings are the same in every band. The error of a mean
    FID is the sd over resamplings, its limit that of the mean of relabelled galaxies. The FID is blank where all
    galaxies of the source have the same features, or no generated galaxy has any.

    Raises:
        GalforgeError: features or redshifts are lacking, those of the source for all of its galaxies, or the sides
            have different features.
    """
    splits = ("validation", "test") if settings.protocol == "corrected" else ("test", "validation")
    bands = _bands(source, generated)
    real, made = pair(source, generated, real=splits[1], reference=splits[0])
    draws = generator(settings.seed, "uniform")
    first, second = uniform(in_bins(real, made, settings.redshift_edges), settings.uniform_images, draws)
    # Vectors of these galaxies alone are read.
    real, made = _finite(real.iloc[first], bands), _finite(made.iloc[second], bands)
    score = SCORES[source.attrs.get("engine") == INCEPTION]
    found: dict[str, list[tuple[Score, np.ndarray]]] = {"fid": [], score: []}
    nulls = []
    for band in bands:
        features = [rows_of(table, f"{FEATURES}_{band}")[:] for table in (real, made)]
        if len(features[0]) and np.all(features[0] == features[0][0]):
            features[0] = features[0][:1]  # one image, however often it is there: too few
        apart, null = fid_and_null(*features, settings)
        found["fid"].append((apart, np.asarray(apart.replicates)))
        nulls.append(null)
        classes = rows_of(made, f"{CLASSES}_{band}")[:].astype(np.float64)
        found[score].append(inception_score(classes, settings, generator(settings.seed, "score")))
    rows = [
        each.row(metric, band)
        for metric, scores in found.items()
        for band, (each, _) in zip(bands, scores, strict=True)
    ]
    means = {metric: mean_of(scores) for metric, scores in found.items()}
    mean, drawn = means["fid"]
    if np.isfinite(mean.value):
        limit = limit_of(np.mean(nulls, axis=0))
        means["fid"] = mean._replace(limit=limit, replicates=drawn), drawn
    return tidy(rows + [mean.row(metric, "all") for metric, (mean, _) in means.items()])


def inception_score(
    classes: np.ndarray, settings: ComparisonSettings, draws: np.random.Generator
) -> tuple[Score, np.ndarray]:
    """exp of the mean of KL(p(y|x) || p(y)) over images, from class probabilities (m, classes).

    Returns:
        The score, and its values (fid_bootstrap,) for bootstrap resamplings of the images, of which the error is the
        sd. Blank with fewer than 2 images.
    """
    m = len(classes)
    if m < 2:
        return Score(np.nan, np.nan, np.nan, 0, m), np.full(settings.fid_bootstrap, np.nan)
    own = np.sum(classes * _logarithm(classes), axis=1)
    drawn = np.array([_score(classes, own, resampling(draws, m) / m) for _ in range(settings.fid_bootstrap)])
    return Score(_score(classes, own, np.full(m, 1 / m)), float(np.std(drawn, ddof=1)), np.nan, 0, m), drawn


def _score(classes: np.ndarray, own: np.ndarray, weights: np.ndarray) -> float:
    overall = weights @ classes
    return float(np.exp(weights @ own - overall @ _logarithm(overall)))


def _logarithm(values: np.ndarray) -> np.ndarray:
    return np.log(values, out=np.zeros_like(values), where=values > 0)


def _finite(table: pd.DataFrame, bands: list[str]) -> pd.DataFrame:
    """The rows whose features are all finite."""
    whole = [np.isfinite(rows_of(table, f"{FEATURES}_{band}")[:]).all(axis=1) for band in bands]
    return table[np.logical_and.reduce(whole)]


def _bands(real: pd.DataFrame, made: pd.DataFrame) -> list[str]:
    """Bands with features, in order.

    Raises:
        GalforgeError: there are none, or they are not the same on both sides, or another network saw them.
    """
    found = []
    for table, side in ((real, "source"), (made, "generated")):
        bands = [name.removeprefix(f"{FEATURES}_") for name in vector_columns(table) if name.startswith(f"{FEATURES}_")]
        if not bands:
            raise GalforgeError(f"the {side} measurements have no band features: measure band_features of both")
        found.append({band: [table[f"{kind}_{band}"].dtype for kind in (FEATURES, CLASSES)] for band in bands})
    if found[0] != found[1]:
        raise GalforgeError(
            f"the source has features of bands {', '.join(found[0])}, the generated stamps of {', '.join(found[1])}: "
            "measure both with one network and the same bands"
        )
    return list(found[0])
