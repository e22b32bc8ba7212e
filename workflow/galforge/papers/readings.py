"""How metrics are read: how near a value may come to what a perfect model scores before no ranking is claimed."""

import numpy as np

FLOORS = {"score": "ideal", "beside": "the source's", "difference": "zero", "ratio": "one"}
"""What a value is compared with where that is not called a floor, by how its metric is read."""
PAIRED = ("wasserstein", "wasserstein_standardised", "share_difference", "sliced_wasserstein", "fid", "count")
"""Metrics that mean something where both samples are the same galaxies; the others take samples for independent."""


def at_floor(
    reading: str,
    value: float,
    error: float,
    floor: float,
    limit: float = np.nan,
    conditional: float = np.nan,
    conditional_limit: float = np.nan,
    shares_apart: float = np.nan,
    share_limit: float = np.nan,
) -> bool:
    """Whether a value is too close to what a perfect model would score to support a ranking.

    By how its metric is read (``galforge.compare.kind.READINGS``):

    - ``distance``, never negative: within its limit, the 95 % quantile of what a perfect model would score at the same
      numbers of images. Where some galaxies cannot be measured, both the distance of the others and the difference of
      the measured shares have to be within their limits: either alone may hide what the other shows.
    - ``unbiased`` estimate, whose floor is 0: within its limit.
    - ``score``, whose floor is what half of the source scores against the other half: within its limit of it, or
      twice its error where it has none.
    - ``signed``, 0 for a perfect model: within its limit on either side.
    - ``beside``, a number of one sample: within twice the error of both of the source's value, given as the floor.
    - ``difference`` from the source or ``ratio`` to it: within twice its error of 0 or 1.
    - ``number``: never.
    """
    match reading:
        case "distance" if shares_apart > share_limit:
            return False
        case "distance" if conditional == conditional:
            return bool(conditional <= conditional_limit)
        case "distance":
            return bool(value <= limit or value == 0)
        case "unbiased":
            return bool(value <= limit)
        case "difference":
            return bool(abs(value) <= 2 * error)
        case "ratio":
            return bool(abs(value - 1) <= 2 * error)
        case "score" if limit == limit:
            return bool(abs(value - floor) <= limit)
        case "score" | "beside":
            return bool(abs(value - floor) <= 2 * error)
    return reading == "signed" and bool(abs(value) <= limit)
