"""The few numbers that a baseline learns, and the likelihood of galaxies given them."""

import math

import torch
from torch import Tensor, nn

from galforge.models.diamonds.settings import Population

_SMALLEST = 1e-3


class Numbers(nn.Module):
    """The numbers of one kind of galaxies, as logarithms; the shapes of their distributions are settings."""

    def __init__(self, start: Population, fit: bool):
        super().__init__()
        self.start = start
        for name in ("count", "count_deviation", "size", "size_deviation", "peak"):
            # The deviation of the size may be 0; all others are above 0.
            value = getattr(start, name) or 1.0
            self.register_parameter(name, nn.Parameter(torch.tensor(math.log(value)), requires_grad=fit))

    def value(self, name: str) -> Tensor:
        """One of the numbers."""
        return getattr(self, name).exp()

    def surprise(self, counts: Tensor, sizes: Tensor, peaks: Tensor, weights: Tensor) -> Tensor:
        """Negative log-likelihood, up to a constant, as a mean over rows.

        Args:
            counts: number of galaxies of this kind in each image (n,).
            sizes, peaks: of the one galaxy of each row (n,) [px, 8-bit level].
            weights: 1 for rows whose galaxy is of this kind, else 0 (n,).
        """
        start = self.start
        out = _normal(counts, self.value("count"), self.value("count_deviation"))
        if start.size_deviation:
            of_size = _normal(sizes, self.value("size"), self.value("size_deviation"))
        else:
            beyond = start.smallest - 1
            of_size = _geometric(sizes / start.size_factor - beyond, self.value("size") - beyond)
        if start.peak_factor:
            of_size = of_size + _geometric(peaks / start.peak_factor, self.value("peak"))
        return (out + weights * of_size).mean()


def _normal(values: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    return 0.5 * ((values - mean) / deviation).square() + deviation.log()


def _geometric(values: Tensor, mean: Tensor) -> Tensor:
    """Negative log-likelihood of geometric numbers from 1 on: the probability of success is 1 / mean."""
    chance = (1 / mean).clamp(_SMALLEST, 1 - _SMALLEST)
    return -((values - 1).clamp_min(0) * torch.log1p(-chance) + chance.log())
