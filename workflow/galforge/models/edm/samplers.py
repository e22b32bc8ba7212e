"""From noise to images, and back, along the probability flow: noise levels, and two methods of second order."""

from collections.abc import Callable
from itertools import pairwise
from math import log
from typing import Literal

from torch import Tensor

from galforge.models.edm.steps import Steps

_RHO = 7.0

Spacing = Literal["karras", "exponential"]
Denoise = Callable[[Tensor, float], Tensor]
"""Denoised images of noisy ones (n, C, H, W) at a noise level."""
Sampler = Callable[[Denoise, Steps, Tensor, list[float]], Tensor]
"""Such as ``dpm``."""


def levels(steps: int, lowest: float, highest: float, spacing: Spacing = "karras") -> list[float]:
    """``steps`` noise levels that fall from ``highest`` to ``lowest``, and then 0.

    ``karras``: evenly spaced seventh roots (Karras et al. 2022, equation 5). ``exponential``: evenly spaced logarithms
    (Lu et al. 2022), which keep the spread of images of any spread equally well.
    """
    places = [step / (steps - 1) for step in range(steps)]
    if spacing == "exponential":
        return [*(highest * (lowest / highest) ** place for place in places), 0.0]
    first, last = highest ** (1 / _RHO), lowest ** (1 / _RHO)
    return [*((first + place * (last - first)) ** _RHO for place in places), 0.0]


def dpm(denoise: Denoise, steps: Steps, noisy: Tensor, along: list[float]) -> Tensor:
    """Images (n, C, H, W) at the last of the levels ``along``, of those at the first, by DPM-Solver++(2M).

    One evaluation per step; each extrapolates the rest from the step before (Lu et al. 2022, arXiv:2211.01095,
    algorithm 2), but for the first step and the one to 0.
    """
    before = None
    for now, then in pairwise(along):
        rest = ahead = steps.rest(denoise(noisy, now), noisy, now)
        if then:
            length = log(now / then)
            if before is not None:
                earlier, its_length = before
                ahead = rest + 0.5 * length / its_length * (rest - earlier)
            before = rest, length
        noisy = steps.advance(noisy, ahead, now, then)
    return noisy


def heun(denoise: Denoise, steps: Steps, noisy: Tensor, along: list[float]) -> Tensor:
    """The same by Heun's method (Karras et al. 2022, algorithm 1): two evaluations per step, but one for that to 0."""
    for now, then in pairwise(along):
        rest = steps.rest(denoise(noisy, now), noisy, now)
        reached = steps.advance(noisy, rest, now, then)
        if then:
            there = steps.rest(denoise(reached, then), reached, then)
            reached = steps.corrected(noisy, (rest, there), reached, now, then)
        noisy = reached
    return noisy
