"""Distances and scores between features of images in one network: FID, KID, neighbours and memorisation."""

import numpy as np
import pandas as pd

from galforge.compare.coverage import compare_coverage
from galforge.compare.frechet import fid
from galforge.compare.kernel import kid
from galforge.compare.kind import Kind
from galforge.compare.memorisation import memorisation
from galforge.compare.rows import Score
from galforge.compare.settings import ComparisonSettings
from galforge.compare.wasserstein import tidy
from galforge.errors import GalforgeError

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
    names, network = _features(source, generated), source.attrs["engine"]
    if "split" not in source.columns:
        raise GalforgeError("the source measurements lack the column split: measure the features again")
    real, made = (table[names].to_numpy(dtype=np.float32) for table in (source, generated))
    whole = np.isfinite(real).all(axis=1)
    real, made = real[whole], made[np.isfinite(made).all(axis=1)]
    split = source["split"].to_numpy()[whole]
    if len(real) and np.all(real == real[0]):
        blank = Score(np.nan, np.nan, np.nan, len(real), len(made))
        return tidy([blank.row(metric, network) for metric in KIND.readings])
    scores = dict(zip(("fid", "fid_infinity"), fid(real, made, settings), strict=True))
    scores["kid"] = kid(real, made, settings)
    scores |= compare_coverage(real, made, settings)
    scores["memorisation"] = memorisation(real, split, made, settings)
    return tidy([score.row(metric, network) for metric, score in scores.items()])


def _features(source: pd.DataFrame, generated: pd.DataFrame) -> list[str]:
    """Names of the columns of features, f0000 onwards, in order."""
    found = [
        [name for name in table.columns if name[:1] == "f" and name[1:].isdigit()] for table in (source, generated)
    ]
    if not found[0] or found[0] != found[1]:
        raise GalforgeError(
            f"the source has {len(found[0])} features per image, the generated stamps {len(found[1])}: measure both "
            "with one network (key `network` of the measure)"
        )
    return found[0]
