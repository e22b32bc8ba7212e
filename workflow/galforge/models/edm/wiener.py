"""What a Gaussian fitted to the images predicts.

The denoiser of a Gaussian with the mean and covariance of the images is known (Wiener's filter). A network that adds
nothing to it already draws the right mean, covariance and sky; it need only learn what is not Gaussian. That scores of
diffusion models are nearly those of such Gaussians at most noise levels: Wang & Vastola 2023 (arXiv:2311.10892).
"""

from collections.abc import Callable

import torch
from torch import Tensor

from galforge.models.device import full_precision
from galforge.models.edm.preconditioning import Known
from galforge.models.edm.steps import GaussianSteps, Steps
from galforge.models.gaussian_fit import Gaussian
from galforge.models.protocol import Shape


class Wiener(Known):
    """The exact denoiser of a Gaussian; see ``Known``.

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

    def steps(self, given: Tensor | None) -> Steps:
        """Steps that are exact for the Gaussian that is given the conditions; see ``Known``."""
        return GaussianSteps(self.gaussian, self._values(given))

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
