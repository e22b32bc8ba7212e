"""What a Gaussian fitted to the images predicts, and steps along the probability flow that are exact for it.

The denoiser of a Gaussian with the mean and covariance of the images is known (Wiener's filter). A network that adds
nothing to it already draws the right mean, covariance and sky; it need only learn what is not Gaussian. That scores of
diffusion models are nearly those of such Gaussians at most noise levels: Wang & Vastola 2023 (arXiv:2311.10892).
"""

from collections.abc import Callable

import torch
from torch import Tensor

from galforge.models.device import full_precision
from galforge.models.edm.preconditioning import Known
from galforge.models.gaussian_fit import Gaussian
from galforge.models.protocol import Shape

_LEAST = 1e-12
"""Smallest variance in steps, where it is divided by."""


class Wiener(Known):
    """The exact denoiser of a Gaussian; see ``Known``.

    Steps take the white noise of all channels as equal, its geometric mean, for which they are exact. With one channel
    that is all there is to a Gaussian; with several, the network's part of a step includes what they differ by.

    Args:
        shape: (C, H, H) of the images [px].
        components: the most principal components of the Gaussian.
        names: conditions that its mean and variances follow; the first numbers that networks are given.
        optional: whether images may have no conditions: they have a Gaussian of their own.

    Attributes:
        gaussian: given the conditions.
        marginal: not given them; None unless ``optional``.
    """

    images = 2

    def __init__(self, shape: Shape, components: int, names: int, optional: bool):
        super().__init__()
        self.names = names
        self.gaussian = Gaussian(shape, components, names)
        self.marginal = Gaussian(shape, components) if optional else None

    def fit(self, images: Tensor, given: Tensor | None, turned: bool) -> None:
        """Fit to normalised images (n, C, H, W) and their conditions' numbers (n, features), all of them known."""
        self.gaussian.fit(images, self._values(given), turned)
        if self.marginal is not None:
            self.marginal.fit(images, None, turned)

    def expected(self, noisy: Tensor, sigma: Tensor, given: Tensor | None) -> Tensor:
        """The Gaussian's posterior mean; see ``Known``."""
        return self._chosen(given, lambda gaussian, values: gaussian.denoise(noisy, sigma.flatten(), values))

    def error(self, sigma: Tensor, given: Tensor | None) -> Tensor:
        """The root of the Gaussian's posterior variance, averaged over pixels; see ``Known``."""
        variance = self._chosen(
            given, lambda gaussian, values: gaussian.posterior_variance(sigma.flatten(), values)[:, None, None, None]
        )
        return variance.sqrt()

    def seen(self, noisy: Tensor, expected: Tensor, sigma: Tensor) -> Tensor:
        """The posterior mean, and the noise that it leaves in units of the noise level; see ``Known``."""
        return torch.cat([expected, (noisy - expected) / sigma], 1)

    def start(self, latents: Tensor, sigma: float, given: Tensor | None) -> Tensor:
        """Images of the Gaussian with white noise added; see ``Known``."""
        return self._chosen(given, lambda gaussian, values: gaussian.coloured(latents, sigma, values))

    def latents(self, noisy: Tensor, sigma: float, given: Tensor | None) -> Tensor:
        """The inverse of ``start``."""
        return self._chosen(given, lambda gaussian, values: gaussian.whitened(noisy, sigma, values))

    def rest(self, denoised: Tensor, noisy: Tensor, sigma: Tensor, given: Tensor | None) -> Tensor:
        """What is not known: denoised images without the prediction of the Gaussian that ``advance`` is exact for."""
        mean, along, white = self._spectrum(given)
        square = sigma.flatten()[:, None].double() ** 2
        kept = self._scaled(noisy - mean, along / (along + square), white / (white + square))
        return denoised - mean - kept

    def advance(self, noisy: Tensor, rest: Tensor, now: float, then: float, given: Tensor | None) -> Tensor:
        """An exponential step; see ``Known``.

        In a direction of variance v, dx / dsigma = (x - v / (v + sigma^2) x - rest) / sigma has, for a constant rest
        and with s = (v + sigma^2)^1/2, the solution x' = s' / s x + s' rest integral of dsigma / (sigma s). For v = 0
        that is the first step of DPM-Solver++.
        """
        mean, along, white = self._spectrum(given)
        (moved, added), (moved_white, added_white) = _factors(along, now, then), _factors(white, now, then)
        return mean + self._scaled(noisy - mean, moved, moved_white) + self._scaled(rest, added, added_white)

    def corrected(
        self,
        noisy: Tensor,
        rests: tuple[Tensor, Tensor],
        reached: Tensor,
        now: float,
        then: float,
        given: Tensor | None,
    ) -> Tensor:
        """The step for the mean of both rests; see ``Known``."""
        return self.advance(noisy, 0.5 * (rests[0] + rests[1]), now, then, given)

    def _values(self, given: Tensor | None) -> Tensor | None:
        """The encoded conditions (n, names) without their sines and cosines."""
        return None if given is None else given[:, : self.names]

    def _chosen(self, given: Tensor | None, of: Callable[[Gaussian, Tensor | None], Tensor]) -> Tensor:
        """What ``of`` gives of the Gaussian and the conditions of each image; in single precision."""
        with full_precision(self.gaussian.rest.device):
            found = of(self.gaussian, self._values(given))
            if self.marginal is None:
                return found
            return torch.where(given[:, -1, None, None, None] > 0, found, of(self.marginal, None))

    def _spectrum(self, given: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Of the Gaussian for steps: mean (n or 1, C, H, W), variances (n or 1, K) float64, and that of the rest ()."""
        gaussian, values = self.gaussian, self._values(given)
        with full_precision(gaussian.rest.device):
            noise = gaussian.rest.double()
            shares = gaussian.directions.square().sum((2, 3)).double()
            along = gaussian.variances(values).double() + shares @ noise
            return gaussian.mean(values), along.clamp_min(_LEAST), noise.log().mean().exp().clamp_min(_LEAST)

    def _scaled(self, images: Tensor, along: Tensor, white: Tensor) -> Tensor:
        """Images with their coefficients times ``along`` (n or 1, K), and all that is left times ``white``."""
        flat = self.gaussian.directions.flatten(1).to(images.dtype)
        with full_precision(images.device):
            changes = images.flatten(1) @ flat.T * (along - white).to(images.dtype)
            return white.to(images.dtype).reshape(-1, 1, 1, 1) * images + (changes @ flat).unflatten(
                1, images.shape[1:]
            )


def _factors(variance: Tensor, now: float, then: float) -> tuple[Tensor, Tensor]:
    """What the image and the rest are multiplied by in a step, in directions of some variance.

    In a step to 0, where the integral diverges because the rest goes to 0, the rest is added as it is.
    """
    before, after = ((variance + level**2).sqrt() for level in (now, then))
    if not then:
        return after / before, torch.ones_like(variance)
    root = variance.sqrt()
    return after / before, after * (torch.asinh(root / then) - torch.asinh(root / now)) / root
