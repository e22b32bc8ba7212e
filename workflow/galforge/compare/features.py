"""Distances and scores between features of images in one network: FID, KID, neighbours and memorisation."""

import numpy as np
import pandas as pd

from galforge.compare import streams
from galforge.compare.coverage import compare_coverage
from galforge.compare.frechet import fid
from galforge.compare.kernel import kid
from galforge.compare.kind import Kind
from galforge.compare.memorisation import memorisation
from galforge.compare.rows import Score
from galforge.compare.settings import ComparisonSettings
from galforge.compare.wasserstein import tidy
from galforge.errors import GalforgeError
from galforge.measure.vectors import FEATURES, rows_of, vector_columns

KIND = Kind(
    families=("features",),
    metrics={
        "distance": ("fid", "fid_infinity"),
        "unbiased": ("kid",),
        "score": ("precision", "recall", "density", "coverage"),
        "signed": ("memorisation",),
    },
    group="properties",
    libraries=("scipy",),
    reads=("fid_bootstrap", "fid_halvings", "neighbour_images", "neighbour_halvings", "seed"),
    reads_published=("kid_subsets",),
)


def compare(source: pd.DataFrame, generated: pd.DataFrame, settings: ComparisonSettings) -> pd.DataFrame:
    """Tidy rows of the metrics fid, fid_infinity, kid, precision, recall, density, coverage and memorisation.

    The property is the network (attribute `engine`); only those of inception-v3 can be compared with published ones.
    All images of the source count, whatever their split. Images with features that are not finite are left out of both
    sides and of n_source and n_generated. All rows are blank where all images of the source have the same features.

    Raises:
        GalforgeError: features are lacking or are of two networks, or the source has no `split`.
    """
    _check_features(source, generated)
    network = source.attrs["engine"]
    if "split" not in source.columns:
        raise GalforgeError("the source measurements lack the column split: measure the features again")
    source, generated = (table[streams.finite(rows_of(table, FEATURES))] for table in (source, generated))
    real, made = (rows_of(table, FEATURES) for table in (source, generated))
    split = source["split"].to_numpy()
    if len(real) and streams.all_alike(real):
        blank = Score(np.nan, np.nan, np.nan, len(real), len(made))
        return tidy([blank.row(metric, network) for metric in KIND.readings])
    scores = dict(zip(("fid", "fid_infinity"), fid(real, made, settings), strict=True))
    scores["kid"] = kid(real, made, settings)
    scores |= compare_coverage(real, made, settings)
    scores["memorisation"] = memorisation(real, split, made, settings)
    return tidy([score.row(metric, network) for metric, score in scores.items()])


def _check_features(source: pd.DataFrame, generated: pd.DataFrame) -> None:
    """Make sure that both sides have features of one length.

    Raises:
        GalforgeError: they have not.
    """
    sides = (source, generated)
    found = [rows_of(table, FEATURES).shape[1] if FEATURES in vector_columns(table) else 0 for table in sides]
    if not found[0] or found[0] != found[1]:
        raise GalforgeError(
            f"the source has {found[0]} features per image, the generated stamps {found[1]}: measure both with one "
            "network (key `network` of the measure)"
        )
