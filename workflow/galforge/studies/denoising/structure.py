"""Wasserstein-1 distances between the morphology of denoised galaxies and that of the true galaxies."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from galforge.compare.morphology import PROPERTIES, selected
from galforge.compare.rows import FEWEST
from galforge.compare.settings import ComparisonSettings
from galforge.compare.spreads import spread
from galforge.studies.denoising.errors import in_quadrature

_PERIODS = tuple(np.pi if name == "orientation" else 0.0 for name in PROPERTIES)
_SETTINGS = ComparisonSettings(protocol="corrected")


class Distances(NamedTuple):
    """Distances over the sd of true galaxies: nine properties and, last, their mean; (10,).

    ``errors`` (10, 3) are standard errors, and their parts of galaxies and of networks
    (``galforge.studies.denoising.errors.Error``).
    ``n_source`` is the number of true galaxies kept, ``n_generated`` the smallest number of denoised ones of a
    replicate.
    """

    values: np.ndarray
    errors: np.ndarray
    n_source: int
    n_generated: int


def distances(truth: pd.DataFrame, denoised: list[pd.DataFrame], counts: np.ndarray) -> Distances:
    """W1 between denoised and true galaxies, mean over replicates.

    Galaxies are selected and orientations compared as in the corrected protocol of ``galforge.compare.morphology``. The
    error is that of a bootstrap that draws the same galaxies on both sides and the scatter of replicates, in
    quadrature. Values are NaN where fewer than 2 galaxies are kept on a side, for example where nothing was measured.

    Args:
        truth: measurements of the true galaxies, n rows.
        denoised: measurements of each replicate, the same galaxies in the same rows.
        counts: (n, B), from ``galforge.studies.denoising.errors.resamplings``.

    Raises:
        GalforgeError: columns are missing.
    """
    real, stages = selected(truth, "true galaxies'", _SETTINGS)
    kept = stages["kept"]
    scales = np.array([spread(real[kept, p], period) if kept.any() else 0.0 for p, period in enumerate(_PERIODS)])
    scales[~(scales > 0)] = np.nan
    weights = np.hstack([np.ones((len(truth), 1)), counts])
    found, numbers = [], []
    for table in denoised:
        made, made_stages = selected(table, "denoised galaxies'", _SETTINGS)
        left = made_stages["kept"]
        numbers.append(int(left.sum()))
        found.append(_distances(real[kept], made[left], weights[kept], weights[left]))
    apart = np.stack(found) / scales[:, None]
    apart = np.concatenate([apart, apart.mean(axis=1, keepdims=True)], axis=1)
    errors = [in_quadrature(own[:, 1:].mean(axis=0), own[:, 0]) for own in np.moveaxis(apart, 1, 0)]
    return Distances(apart[:, :, 0].mean(axis=0), np.array(errors), int(kept.sum()), min(numbers))


def _distances(real: np.ndarray, made: np.ndarray, of_real: np.ndarray, of_made: np.ndarray) -> np.ndarray:
    """W1 of nine properties (9, 1 + B) between samples (n, 9), (m, 9) under weights (n, 1 + B), (m, 1 + B)."""
    out = np.full((len(_PERIODS), of_real.shape[1]), np.nan)
    if min(len(real), len(made)) < FEWEST:
        return out
    with np.errstate(divide="ignore", invalid="ignore"):  # a resampling may contain none of the galaxies kept
        weights = np.vstack([of_real / of_real.sum(axis=0), -of_made / of_made.sum(axis=0)])
    for p, period in enumerate(_PERIODS):
        values = np.concatenate([real[:, p], made[:, p]])
        values = values % period if period else values
        order = np.argsort(values, kind="stable")
        values = values[order]
        gaps = np.append(np.diff(values), values[0] + period - values[-1] if period else 0.0)
        # Difference of the cumulative distributions between each value and the next.
        apart = np.cumsum(weights[order], axis=0)
        if period:
            apart -= _medians(apart, gaps)
        out[p] = gaps @ np.abs(apart, out=apart)
    return out


def _medians(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted median of each column of values (m, k) under the same weights (m,)."""
    rows = np.ascontiguousarray(values.T)
    order = np.argsort(rows, axis=1)
    below = np.cumsum(weights[order], axis=1)
    place = (below >= below[:, -1:] / 2).argmax(axis=1)
    each = np.arange(len(rows))
    return rows[each, order[each, place]]
