"""What a Gaussian fitted to the images predicts.

The denoiser of a Gaussian with the mean and covariance of the images is known (Wiener's filter). A network that adds
nothing to it already draws the right mean, covariance and sky; it need only learn what is not Gaussian. That scores of
diffusion models are nearly those of such Gaussians at most noise levels: Wang & Vastola 2023 (arXiv:2311.10892).

Galaxies are smooth: the differences between pixels of a patch, and so what the Gaussian is wrong by in them, are a
tenth of their sum and less, and a network that is right on average in pixels leaves too much power at small scales.
Errors are therefore balanced by coefficients of patches, as in the networks of StyleGAN (``galforge.models.patches``).
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from galforge.models.device import full_precision
from galforge.models.edm.preconditioning import Known
from galforge.models.edm.settings import ModelSettings
from galforge.models.edm.steps import GaussianSteps, Steps
from galforge.models.gaussian_fit import Gaussian
from galforge.models.patches import powers
from galforge.models.protocol import Shape

_LEVELS = 16
_LOWEST, _HIGHEST = math.log(0.002), math.log(80)
"""Noise levels that the balance of errors is fitted at, as logarithms."""
_IMAGES = 400
"""Images that it is fitted to."""
_LEAST = 1e-8
"""Least mean square of a coefficient's error over that of the largest, so that none is zero."""


class Wiener(Known):
    """The exact denoiser of a Gaussian; see ``Known``.

    Args:
        shape: (C, H, H) of the images [px].
        settings: see ``ModelSettings``.
        names: conditions that its mean and variances follow; the first numbers that networks are given.
        optional: whether images may have no conditions: they have a Gaussian of their own.

    Attributes:
        gaussian: given the conditions.
        marginal: not given them; None unless ``optional``.
        bands: orthonormal combinations of bands (C, C) that the network works with; None for bands as they are.
        balance: of the errors of a patch's coefficients, by noise level (levels, C * patch^2); its mean square is one.
    """

    images = 2

    def __init__(self, shape: Shape, settings: ModelSettings, names: int, optional: bool):
        super().__init__()
        self.names, self.patch, self.detail = names, settings.patch, settings.detail
        self.gaussian = Gaussian(shape, settings.components, names)
        self.marginal = Gaussian(shape, settings.components) if optional else None
        self.register_buffer("bands", torch.eye(shape[0]) if settings.colours else None)
        self.register_buffer("balance", torch.ones(_LEVELS, shape[0] * settings.patch**2))

    def fit(self, images: Tensor, given: Tensor | None, turned: bool) -> None:
        """Fit to normalised images (n, C, H, W) and their conditions' numbers (n, features), all of them known."""
        self.gaussian.fit(images, self._values(given), turned)
        if self.marginal is not None:
            self.marginal.fit(images, None, turned)
        if self.bands is not None:
            self.bands.copy_(_principal_bands(images, self.patch))
        self._fit_balance(images[:_IMAGES], None if given is None else given[:_IMAGES], turned)

    def expected(self, noisy: Tensor, sigma: Tensor, given: Tensor | None) -> Tensor:
        """The Gaussian's posterior mean; see ``Known``."""
        return self._chosen(given, lambda gaussian, values: gaussian.denoise(noisy, sigma.flatten(), values))

    def error(self, sigma: Tensor, given: Tensor | None) -> Tensor:
        """The root of the Gaussian's posterior variance, averaged over pixels, balanced for each coefficient."""
        variance = self._chosen(
            given, lambda gaussian, values: gaussian.posterior_variance(sigma.flatten(), values)[:, None, None, None]
        )
        # Between the levels of the fit, linearly in the logarithm of the level.
        place = (sigma.flatten().log() - _LOWEST) / (_HIGHEST - _LOWEST) * (_LEVELS - 1)
        place = place.clamp(0, _LEVELS - 1)
        below = place.long().clamp_max(_LEVELS - 2)
        balance = torch.lerp(self.balance[below], self.balance[below + 1], (place - below)[:, None])
        return variance.sqrt() * balance[:, :, None, None]

    def seen(self, noisy: Tensor, expected: Tensor, sigma: Tensor) -> Tensor:
        """The posterior mean, and the noise that it leaves in units of the noise level; see ``Known``."""
        return torch.cat([expected, (noisy - expected) / sigma], 1)

    def turned(self, images: Tensor, back: bool = False) -> Tensor:
        """Bands as their sums and differences, or ``back``; see ``Known``."""
        if self.bands is None:
            return images
        with full_precision(images.device):
            return torch.einsum("ij,njhw->nihw", self.bands.T if back else self.bands, images)

    def local(self, noisy: Tensor, expected: Tensor, sigma: Tensor, variances: Tensor) -> Tensor:
        """Change of ``expected`` where the white rest of each pixel has another variance; see ``ModelSettings``.

        With a variance R a pixel keeps the share R / (R + sigma^2) of what the components do not explain. With m R it
        keeps m R / (m R + sigma^2), which is more by R (m - 1) / (m R + sigma^2) of what ``expected`` takes away.

        Args:
            noisy: (n, C, H, W).
            expected: the posterior means of the Gaussian, (n, C, H, W).
            sigma: (n or 1, 1, 1, 1).
            variances: those of the rests over the Gaussian's, (n, C, H, W).
        """
        rest = self.gaussian.rest[:, None, None]
        return rest * (variances - 1) / (variances * rest + sigma**2) * (noisy - expected)

    def start(self, latents: Tensor, sigma: float, given: Tensor | None) -> Tensor:
        """Images of the Gaussian with white noise added; see ``Known``."""
        return self._chosen(given, lambda gaussian, values: gaussian.coloured(latents, sigma, values))

    def latents(self, noisy: Tensor, sigma: float, given: Tensor | None) -> Tensor:
        """The inverse of ``start``."""
        return self._chosen(given, lambda gaussian, values: gaussian.whitened(noisy, sigma, values))

    def steps(self, given: Tensor | None) -> Steps:
        """Steps that are exact for the Gaussian that is given the conditions; see ``Known``."""
        return GaussianSteps(self.gaussian, self._values(given))

    def _fit_balance(self, images: Tensor, given: Tensor | None, turned: bool) -> None:
        """Fit ``balance`` to what the Gaussian is wrong by for images with noise, in all orientations if ``turned``."""
        draws = torch.Generator().manual_seed(0)
        for place, level in enumerate(torch.linspace(_LOWEST, _HIGHEST, _LEVELS).exp().tolist()):
            sigma = images.new_full((1, 1, 1, 1), level)
            noise = torch.randn(images.shape, generator=draws).to(images.device)
            wrong = self.turned(images - self.expected(images + sigma * noise, sigma, given))
            squares = powers(wrong, self.patch)
            if turned:
                squares = (squares + powers(wrong.mT, self.patch)) / 2
            # Of images that are all the same pixel value, nothing is wrong.
            least = (_LEAST * squares.max()).clamp_min(torch.finfo(squares.dtype).tiny)
            balance = squares.clamp_min(least).pow(0.5 * self.detail)
            self.balance[place] = balance / balance.square().mean().sqrt()

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


def _principal_bands(images: Tensor, patch: int) -> Tensor:
    """Eigenvectors (C, C), as rows, of the covariance of bands of images (n, C, H, W), from the largest variance on.

    Of means over patches, which have less of the sky's noise.
    """
    smooth = functional.avg_pool2d(images, patch).double().movedim(1, 0).flatten(1)
    # Of a single band torch makes a number, which is no matrix.
    vectors = torch.linalg.eigh(torch.atleast_2d(torch.cov(smooth)))[1].flip(1).T
    # The numbers of the difference of two equal bands add up to zero, which has no sign.
    return torch.where(vectors.sum(1, keepdim=True) < 0, -vectors, vectors).to(images.dtype)
