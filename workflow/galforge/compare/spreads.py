"""How widely the values of a sample are spread, on a line and on a circle."""

import numpy as np


def spread(values: np.ndarray, period: float = 0.0) -> float:
    """Sd of the finite values of a sample (n,); with a period, along the circle.

    On a circle it is taken about the circular mean, so it does not depend on where the circle was cut. For a narrow
    distribution it equals the plain sd.
    """
    values = values[np.isfinite(values)]
    if period:
        return float(np.sqrt(np.mean(along_circle(values, period) ** 2)))
    return float(np.std(values))


def along_circle(values: np.ndarray, period: float) -> np.ndarray:
    """Distances along the circle, with sign, of values (n,) from their circular mean."""
    mean = np.angle(np.mean(np.exp(2j * np.pi * values / period))) * period / (2 * np.pi)
    return (values - mean + period / 2) % period - period / 2


class Spreads:
    """Sds of P properties under any weights of the images.

    On a circle, deviations are those from the circular mean without weights.

    Args:
        values: (n, P); not finite where an image has none.
        periods: (P,) of circular properties, 0 for linear ones.
    """

    def __init__(self, values: np.ndarray, periods: np.ndarray):
        there = np.isfinite(values)
        apart = np.zeros(values.shape)
        for p, period in enumerate(periods):
            own = values[there[:, p], p]
            if len(own) and np.ptp(own) > 0:  # of equal values, rounding would make a spread
                apart[there[:, p], p] = along_circle(own, period) if period else own - own.mean()
        self.moments = np.stack([there.astype(float), apart, apart**2]).transpose(0, 2, 1).copy()
        self.circular = np.asarray(periods) > 0

    def of(self, weights: np.ndarray) -> np.ndarray:
        """Sds (P,) under weights (n,); NaN where they leave no value."""
        total, first, second = self.moments @ weights
        mean, square = (
            np.divide(each, total, out=np.full(len(total), np.nan), where=total > 0) for each in (first, second)
        )
        # As `spread` takes it: on a circle not about the mean along it.
        return np.sqrt(np.maximum(square - np.where(self.circular, 0.0, mean**2), 0.0))


def reach_on_circle(values: np.ndarray, period: float) -> float:
    """The largest mean distance along the circle of values (n,) from any one angle.

    The mean distance is linear between the values and their antipodes, and largest at one of the latter.
    """
    values = np.sort(values % period)
    around = np.concatenate([values - period, values, values + period])
    sums = np.concatenate([[0.0], np.cumsum(around)])
    at = (values + period / 2) % period
    left, middle = (np.searchsorted(around, at + by, side="right") for by in (-period / 2, 0.0))
    right = left + len(values)  # half a period on either side holds each value once
    before = (middle - left) * at - (sums[middle] - sums[left])
    after = (sums[right] - sums[middle]) - (right - middle) * at
    return float(np.max(before + after) / len(values))
