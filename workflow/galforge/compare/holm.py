"""Correction of p-values for their number."""

from collections.abc import Sequence

import numpy as np


def adjusted(chances: Sequence[float] | np.ndarray) -> np.ndarray:
    """p-values (t,) corrected for their number (Holm 1979, Scand. J. Stat. 6, 65); NaN stays, and counts as a test."""
    given = np.asarray(chances, dtype=float)
    order = np.argsort(given, kind="stable")
    steps = (len(given) - np.arange(len(given))) * given[order]
    out = np.empty_like(given)
    out[order] = np.minimum(np.fmax.accumulate(steps), 1.0)
    out[np.isnan(given)] = np.nan
    return out
