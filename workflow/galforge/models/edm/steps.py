"""Steps from one noise level to another along the probability flow, exact for what is known of the images.

A step knows the image but for a rest, which the network tells at the levels that it is evaluated at.
"""

import torch
from torch import Tensor

from galforge.models.device import full_precision
from galforge.models.gaussian_fit import Gaussian

_LEAST = 1e-12
"""Smallest variance, which is divided by."""
_OWN = 1e-8
"""Least squared length of a direction that a component has in a channel."""


class Steps:
    """Steps that know nothing: the rest is the denoised image."""

    def rest(self, denoised: Tensor, noisy: Tensor, sigma: float) -> Tensor:
        """What is not known of denoised images (n, C, H, W), those of noisy ones at the level ``sigma``."""
        return denoised

    def advance(self, noisy: Tensor, rest: Tensor, now: float, then: float) -> Tensor:
        """Images at the level ``then`` of those at ``now``, exact for a constant rest.

        That is the first step of DPM-Solver++ (Lu et al. 2022, arXiv:2211.01095, equation 9) and of Euler's method.
        """
        return then / now * noisy + (1 - then / now) * rest

    def corrected(
        self, noisy: Tensor, rests: tuple[Tensor, Tensor], reached: Tensor, now: float, then: float
    ) -> Tensor:
        """Heun's method for the same: the second of the rests is that of what ``advance`` ``reached``."""
        slopes = (noisy - rests[0]) / now + (reached - rests[1]) / then
        return noisy + 0.5 * (then - now) * slopes


class GaussianSteps(Steps):
    """Steps that know the mean and the covariance of the images.

    In a direction of variance v, dx / dsigma = (x - v / (v + sigma^2) x - rest) / sigma has, for a constant rest and
    with s = (v + sigma^2)^1/2, the solution x' = s' / s x + s' rest integral of dsigma / (sigma s). For v = 0 that is
    the first step of DPM-Solver++.

    With several channels, whose noise may differ, the directions are the eigenvectors of the covariance among all
    components of each channel by itself. They and their variances are then those of the mean condition for all images.

    Args:
        gaussian: of the images.
        values: conditions (n, conditions) of the images that are drawn; None without.
    """

    def __init__(self, gaussian: Gaussian, values: Tensor | None):
        with full_precision(gaussian.rest.device):
            self.mean = gaussian.mean(values)
            self.white = gaussian.rest.double().clamp_min(_LEAST)
            self.directions = gaussian.directions.flatten(2)
            self.own = self.vectors = None
            if len(self.white) == 1:
                self.along = gaussian.variances(values).double() + self.white
            else:
                self._diagonalise(gaussian, values)
            self.along = self.along.clamp_min(_LEAST)

    def rest(self, denoised: Tensor, noisy: Tensor, sigma: float) -> Tensor:
        """What the Gaussian's posterior mean does not know; see ``Steps``."""
        kept = [variance / (variance + sigma**2) for variance in (self.along, self.white)]
        return denoised - self.mean - self._scaled(noisy - self.mean, *kept)

    def advance(self, noisy: Tensor, rest: Tensor, now: float, then: float) -> Tensor:
        """An exponential step; see ``Steps``."""
        (moved, added), (white_moved, white_added) = (_factors(each, now, then) for each in (self.along, self.white))
        through = self._scaled(noisy - self.mean, moved, white_moved)
        return self.mean + through + self._scaled(rest, added, white_added)

    def corrected(
        self, noisy: Tensor, rests: tuple[Tensor, Tensor], reached: Tensor, now: float, then: float
    ) -> Tensor:
        """The step for the mean of both rests; see ``Steps``."""
        return self.advance(noisy, 0.5 * (rests[0] + rests[1]), now, then)

    def _diagonalise(self, gaussian: Gaussian, values: Tensor | None) -> None:
        """Find the covariance's eigenvectors in the space of each component's part in each channel.

        ``own`` makes orthonormal coordinates of a channel of products with the components' parts, ``vectors`` has the
        eigenvectors in the coordinates of all channels, and ``along`` their variances.
        """
        variances = gaussian.variances(None if values is None else gaussian.centre[None])[0].double()
        own, parts, noise = [], [], []
        for channel, white in enumerate(self.white):
            part = self.directions[:, channel].double()
            lengths, turns = torch.linalg.eigh(part @ part.T)
            lengths, turns = lengths[lengths > _OWN], turns[:, lengths > _OWN]
            own.append(turns / lengths.sqrt())
            parts.append((turns * lengths.sqrt()).T)
            noise.append(white.expand(len(lengths)))
        whole = torch.cat(parts)
        self.along, self.vectors = torch.linalg.eigh((whole * variances) @ whole.T + torch.diag(torch.cat(noise)))
        self.own = own

    def _scaled(self, images: Tensor, along: Tensor, white: Tensor) -> Tensor:
        """Images with their coefficients times ``along`` (n or 1, k), and what is left times ``white`` (C,)."""
        dtype = images.dtype
        directions = self.directions.to(dtype)
        with full_precision(images.device):
            parts = torch.einsum("nchw,kchw->cnk", images, directions.unflatten(2, images.shape[2:]))
            if self.own is None:
                changes = (parts[0] * (along - white).to(dtype))[None]
            else:
                own = [each.to(dtype) for each in self.own]
                found = [part @ each for part, each in zip(parts, own, strict=True)]
                turned = (torch.cat(found, 1) @ self.vectors.to(dtype)) * along.to(dtype) @ self.vectors.T.to(dtype)
                left = turned.split([each.shape[1] for each in own], 1)
                changes = torch.stack(
                    [
                        (after - scale * before) @ each.T
                        for after, before, scale, each in zip(left, found, white.to(dtype), own, strict=True)
                    ]
                )
            low = torch.einsum("cnk,kcp->ncp", changes, directions).unflatten(2, images.shape[2:])
            return white.to(dtype)[:, None, None] * images + low


def _factors(variance: Tensor, now: float, then: float) -> tuple[Tensor, Tensor]:
    """What the image and the rest are multiplied by in a step, in directions of some variance.

    In a step to 0, where the integral diverges because the rest goes to 0, the rest is added as it is.
    """
    before, after = ((variance + level**2).sqrt() for level in (now, then))
    if not then:
        return after / before, torch.ones_like(variance)
    root = variance.sqrt()
    return after / before, after * (torch.asinh(root / then) - torch.asinh(root / now)) / root
