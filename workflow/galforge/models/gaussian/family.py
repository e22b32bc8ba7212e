"""A Gaussian as a model family: probabilistic principal components with a noise level for each channel."""

import torch
from torch import Tensor, nn

from galforge.models.conditions import Conditioned, conditioning_of, followed, numbers_of
from galforge.models.device import full_precision
from galforge.models.gaussian.settings import ModelSettings, check_shape
from galforge.models.gaussian_fit import Gaussian
from galforge.models.normalisation import Normalisation
from galforge.models.protocol import Noise, Shape, Step


class Networks(nn.Module):
    """The Gaussian and the encoding of conditions, all in buffers."""

    def __init__(self, settings: ModelSettings, shape: Shape):
        super().__init__()
        self.conditioning = conditioning_of(settings)
        self.gaussian = Gaussian(shape, settings.components, len(settings.conditions))


class Family(Conditioned):
    """A Gaussian, fitted before the first step; see ``galforge.models.protocol.Family``.

    Steps change nothing but the known range of conditions; their losses say how probable later images are. Given
    conditions, the mean and the variances of the components follow them (``galforge.models.gaussian_fit``).

    Attributes:
        latent: length of the latent vectors that ``generate`` takes: a standard normal number for each component.
        fitted_images: see ``galforge.models.protocol.Fitted``.
    """

    def __init__(self, settings: ModelSettings, shape: Shape, normalisation: Normalisation):
        check_shape(settings, shape)
        super().__init__(settings, shape, Networks(settings, shape))
        self.latent = self.gaussian.components
        self.fitted_images = settings.images

    @property
    def gaussian(self) -> Gaussian:
        """What is fitted."""
        return self.networks.gaussian

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {}

    def fit(self, images: Tensor, conditions: dict[str, Tensor] | None, turned: bool) -> None:
        self.gaussian.fit(images, self._encoded(numbers_of(self.conditioning, conditions)), turned)

    def step(self, images: Tensor, conditions: dict[str, Tensor] | None, step: Step) -> dict[str, Tensor]:
        """Losses [nats per pixel, up to a constant]: ``loss``, the negative log-likelihood, and its two terms.

        With the exact posterior of the coefficients, reconstruction and divergence add up to the likelihood (Tipping &
        Bishop 1999; the evidence lower bound of an autoencoder is below it).
        """
        given = self._encoded(followed(self.conditioning, conditions, step))
        gaussian = self.gaussian
        mean, factor = gaussian.posterior(images, given)
        residuals = (images - gaussian.expected(mean, given)).square().mean((0, 2, 3))
        covariance = torch.cholesky_inverse(factor)
        spread = gaussian.spread(covariance, given).mean(0)
        reconstruction = 0.5 * ((residuals + spread) / gaussian.rest + gaussian.rest.log()).mean()
        logarithms = factor.diagonal(dim1=1, dim2=2).log().sum(1)
        divergence = covariance.diagonal(dim1=1, dim2=2).sum(1) - self.latent + 2 * logarithms
        divergence = 0.5 * (divergence.mean() + mean.square().sum(1).mean()) / images[0].numel()
        losses = {"loss": reconstruction + divergence, "reconstruction": reconstruction, "divergence": divergence}
        return {name: loss.detach() for name, loss in losses.items()}

    def sample(self, noise: Noise, conditions: dict[str, Tensor] | None) -> Tensor:
        return self._drawn(noise.normal(self.latent), self._encoded(numbers_of(self.conditioning, conditions)), noise)

    def generate(self, latents: Tensor, noise: Noise) -> Tensor:
        """Normalised images (n, C, H, W) of latent vectors (n, latent), with white noise."""
        return self._drawn(latents, None, noise)

    def reconstruct(self, images: Tensor, conditions: dict[str, Tensor] | None, noise: Noise) -> Tensor:
        """Normalised images (n, C, H, W), without white noise, of the expected coefficients of such images."""
        given = self._encoded(numbers_of(self.conditioning, conditions))
        return self.gaussian.expected(self.gaussian.posterior(images, given)[0], given)

    def _drawn(self, latents: Tensor, given: Tensor | None, noise: Noise) -> Tensor:
        # There is no network in it that lower precision would make faster, and rounded components are not smooth.
        with full_precision(latents.device):
            return self.gaussian.draw(latents, noise.normal(*self.shape), given)

    def _encoded(self, numbers: Tensor | None) -> Tensor | None:
        """The encoded values (n, conditions) themselves, without their sines and cosines."""
        return None if numbers is None else numbers[:, : len(self.conditions)]
