"""Features of the clusters of lit pixels in one image: the manual features of Gantastic 4 (2020, section II-C).

The paper has 29 of them but names only their kinds: statistics of sizes, intensities and coordinates, and counts such
as that of large and bright galaxies. The 29 features of this module are one choice of these kinds.
"""

import numpy as np
from scipy.spatial import cKDTree

from galforge.datasets.sparse import clusters
from galforge.datasets.sparse.clusters import Clusters

LARGE = 50
"""Clusters of more pixels are large; the paper's first threshold between size classes [px]."""
BRIGHT = 30
"""Clusters with at least this peak are bright; the smallest peak of the paper's conditional galaxies [8-bit level]."""
FAINT = 3
"""Single pixels up to so much above the background are faint; most clusters of the release are [8-bit level]."""

BASIC = ("count", "size_mean", "peak_mean")
"""The features of `basic_3` in the order of the columns: clusters [count], the mean size of a cluster [px], and the
mean of their brightest pixels [8-bit level]."""

_STATISTICS = ("mean", "sd", "low", "median", "high", "max")

INDIVIDUAL = (
    *("count", "bright", "single", "cut", "background"),
    *(f"{what}_{name}" for what in ("size", "peak") for name in _STATISTICS),
    *("row_mean", "row_sd", "column_mean", "column_sd", "level_mean", "flux"),
)
"""The features of `individual` in the order of the columns:

- count: clusters [count]; bright: those with a pixel above the settings' threshold [count]; single: the share of
  clusters that are one pixel
- cut: level above which pixels are in clusters [8-bit level]; background: the most frequent level [8-bit level]
- size_mean, _sd, _low (first quartile), _median, _high (third quartile) and _max: of the clusters' sizes [px]
- peak_mean and so on: of the clusters' brightest pixels [8-bit level]
- row_mean, row_sd, column_mean, column_sd: mean and standard deviation of the centres' rows and columns [px]
- level_mean: mean over clusters of their mean level; flux: sum of the pixels of all clusters [8-bit level]
"""

INTERACTION = ("large_bright", "large_faint", "small_bright", "small_faint", "size_peak", "neighbour")
"""The features of `interaction` in the order of the columns: clusters that are large and bright, large but not bright,
bright but not large, and neither [count]; the correlation of size and brightest pixel over the clusters; and the mean
distance from a centre to the nearest other one [px]."""


def cut_of(histogram: np.ndarray, share: float) -> int:
    """The smallest level such that more than a share of the pixels has this level or a lower one.

    Args:
        histogram: pixels of each level (256,).
        share: between 0 and 1.
    """
    below = np.cumsum(histogram)
    return int(np.searchsorted(below, share * below[-1], side="right"))


def background_of(histogram: np.ndarray) -> int:
    """The most frequent level; the lowest of equally frequent ones."""
    return int(np.argmax(histogram))


def basic(found: Clusters) -> np.ndarray:
    """The features of `BASIC` (3,) float64; means are NaN without clusters."""
    if len(found) == 0:
        return np.array([0.0, np.nan, np.nan])
    return np.array([len(found), found.size.mean(), found.peak.mean()])


def individual(found: Clusters, cut: int, background: int, threshold: int) -> np.ndarray:
    """The features of `INDIVIDUAL` (23,) float64; those that need clusters are NaN without any."""
    values = dict.fromkeys(INDIVIDUAL, np.nan) | {"count": len(found), "cut": cut, "background": background}
    values["bright"], values["flux"] = np.sum(found.peak > threshold), found.flux.sum()
    if len(found):
        values["single"] = np.mean(found.size == 1)
        values |= _statistics("size", found.size) | _statistics("peak", found.peak)
        for name, places in (("row", found.row), ("column", found.column)):
            values[f"{name}_mean"], values[f"{name}_sd"] = places.mean(), places.std()
        values["level_mean"] = np.mean(found.flux / found.size)
    return np.array(list(values.values()), dtype=np.float64)


def interaction(found: Clusters) -> np.ndarray:
    """The features of `INTERACTION` (6,) float64; an undefined correlation or distance is NaN."""
    large, bright = found.size > LARGE, found.peak >= BRIGHT
    counts = [np.sum(a & b) for a, b in ((large, bright), (large, ~bright), (~large, bright), (~large, ~bright))]
    return np.array([*counts, _correlation(found.size, found.peak), _neighbour(found)], dtype=np.float64)


def lit_share(histogram: np.ndarray) -> float:
    """Share of the pixels above the most frequent level."""
    return float(histogram[background_of(histogram) + 1 :].sum() / histogram.sum())


def faint_share(image: np.ndarray, background: int, cut: int, found: Clusters) -> float:
    """Share of the clusters above the background that are one pixel and at most 3 above it; NaN without clusters.

    `found` are the clusters above `cut`; where `cut` equals the background, as mostly, they are used directly.
    """
    above = found if cut == background else clusters.find(image, background)
    if len(above) == 0:
        return float("nan")
    return float(np.mean((above.size == 1) & (above.peak <= background + FAINT)))


def _statistics(name: str, values: np.ndarray) -> dict[str, float]:
    low, median, high = np.percentile(values, (25, 50, 75))
    found = (values.mean(), values.std(), low, median, high, values.max())
    return {f"{name}_{key}": value for key, value in zip(_STATISTICS, found, strict=True)}


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Pearson's correlation; NaN for fewer than two clusters, or where one of the quantities is constant."""
    if len(first) < 2 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    return float(np.corrcoef(first, second)[0, 1])


def _neighbour(found: Clusters) -> float:
    if len(found) < 2:
        return float("nan")
    centres = np.stack([found.row, found.column], axis=1)
    return float(cKDTree(centres).query(centres, k=2)[0][:, 1].mean())
