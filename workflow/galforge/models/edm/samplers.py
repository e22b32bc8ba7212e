"""From noise to images, and back, along the probability flow: noise levels, and two methods of second order."""

from dataclasses import dataclass
from itertools import pairwise
from math import log

import torch
from torch import Tensor

from galforge.models.edm.networks import Networks

_RHO = 7.0


def levels(steps: int, lowest: float, highest: float) -> list[float]:
    """``steps`` noise levels that fall from ``highest`` to ``lowest``, and then 0 (Karras et al. 2022, equation 5)."""
    first, last = highest ** (1 / _RHO), lowest ** (1 / _RHO)
    return [*((first + step / (steps - 1) * (last - first)) ** _RHO for step in range(steps)), 0.0]


@dataclass(frozen=True)
class Path:
    """The probability flow of a denoiser, for a block of images with some conditions.

    Attributes:
        networks: the denoiser.
        given: the conditions' numbers (n, features), if there are any.
        without: those of images without conditions, if predictions are guided away from them.
        guidance: how many times the difference that conditions make is added to the prediction without them.
    """

    networks: Networks
    given: Tensor | None
    without: Tensor | None = None
    guidance: float = 1.0

    def rest(self, noisy: Tensor, level: float) -> Tensor:
        """What ``advance`` needs to know of the image that is in noisy ones (n, C, H, W) of a level."""
        sigma = torch.full((1, 1, 1, 1), level, dtype=noisy.dtype, device=noisy.device)
        denoised = self.networks(noisy, sigma, self.given)
        if self.without is not None:
            plain = self.networks(noisy, sigma, self.without)
            denoised = plain + self.guidance * (denoised - plain)
        return self.networks.known.rest(denoised, noisy, sigma, self.given)

    def advance(self, noisy: Tensor, rest: Tensor, now: float, then: float) -> Tensor:
        """See ``galforge.models.edm.preconditioning.Known``."""
        return self.networks.known.advance(noisy, rest, now, then, self.given)

    def corrected(
        self, noisy: Tensor, rests: tuple[Tensor, Tensor], reached: Tensor, now: float, then: float
    ) -> Tensor:
        """See ``galforge.models.edm.preconditioning.Known``."""
        return self.networks.known.corrected(noisy, rests, reached, now, then, self.given)


def dpm(path: Path, noisy: Tensor, along: list[float]) -> Tensor:
    """Images (n, C, H, W) at the last of the levels ``along``, of those at the first, by DPM-Solver++(2M).

    One evaluation per step; each extrapolates the rest from the step before (Lu et al. 2022, arXiv:2211.01095,
    algorithm 2), but for the first step and the one to 0.
    """
    before = None
    for now, then in pairwise(along):
        rest = ahead = path.rest(noisy, now)
        if then:
            length = log(now / then)
            if before is not None:
                earlier, its_length = before
                ahead = rest + 0.5 * length / its_length * (rest - earlier)
            before = rest, length
        noisy = path.advance(noisy, ahead, now, then)
    return noisy


def heun(path: Path, noisy: Tensor, along: list[float]) -> Tensor:
    """The same by Heun's method (Karras et al. 2022, algorithm 1): two evaluations per step, but one for that to 0."""
    for now, then in pairwise(along):
        rest = path.rest(noisy, now)
        reached = path.advance(noisy, rest, now, then)
        if then:
            reached = path.corrected(noisy, (rest, path.rest(reached, then)), reached, now, then)
        noisy = reached
    return noisy
