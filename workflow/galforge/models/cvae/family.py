"""The conditional variational autoencoder of Li et al. (2024) as a model family."""

import torch
from torch import Tensor
from torch.nn import functional

from galforge.models import keras
from galforge.models.conditions import Conditioned, followed, numbers_of
from galforge.models.cvae.networks import Networks
from galforge.models.cvae.settings import ModelSettings, check_shape
from galforge.models.normalisation import Normalisation
from galforge.models.protocol import Noise, Part, Shape, Step
from galforge.models.vae.latents import followed_by, moments_of
from galforge.models.vae.networks import adam


class Family(Conditioned):
    """Autoencoder with conditions; see ``galforge.models.protocol.Family``.

    Published: the mean squared error of raw pixels plus a weighted divergence per image (computed here, sampled by
    their library), and images that end in a ReLU, so that the negative half of the sky noise is missing. Corrected: the
    observation of family ``vae``, whose noise is learned and added to samples; pixels are stretched by the
    normalisation; latent vectors are drawn where those of training galaxies of such conditions lie.
    """

    def __init__(self, settings: ModelSettings, shape: Shape, normalisation: Normalisation):
        check_shape(settings, shape)
        super().__init__(settings, shape, Networks(settings, shape, normalisation))

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        epsilon = keras.EPSILON if self.settings.variant == "published" else 1e-8
        return {"cvae": adam(self.networks, self.settings.learning_rate, epsilon)}

    def step(self, images: Tensor, conditions: dict[str, Tensor] | None, step: Step) -> dict[str, Tensor]:
        """Losses: ``loss`` and its two terms, ``reconstruction`` and ``divergence``.

        Corrected: both in nats per pixel. Published: the mean squared error [normalised unit squared], and the weighted
        divergence of an image.
        """
        networks, settings, numbers = self.networks, self.settings, followed(self.conditioning, conditions, step)

        def bound(part: Part) -> tuple[Tensor, dict[str, Tensor]]:
            given, seen = part.of(numbers), part.of(images)
            noise = part.draws.normal(settings.latent)
            with step.autocast():
                mean, root = networks.encoder(seen, given)
            moments = moments_of(networks.latents, given, mean, (root @ root.mT).mean(0).detach())
            latents = mean + (root @ noise[:, :, None]).squeeze(2)
            logarithm = 2 * root.diagonal(dim1=1, dim2=2).log().sum(1)
            divergence = 0.5 * (root.square().sum((1, 2)) + mean.square().sum(1) - settings.latent - logarithm).mean()
            with step.autocast():
                expected = networks.decoder(latents, given)
            expected = expected.float()
            if networks.observation is None:
                reconstruction = functional.mse_loss(expected, seen)
                divergence = settings.divergence * divergence
                loss = reconstruction + divergence
            else:
                reconstruction = networks.observation.surprise(seen, expected)
                divergence = divergence / seen[0].numel()
                loss = reconstruction + settings.beta * divergence
            return loss, {"loss": loss, "reconstruction": reconstruction, "divergence": divergence, **moments}

        return followed_by(networks.latents, step.learn("cvae", bound), step)

    def sample(self, noise: Noise, conditions: dict[str, Tensor] | None) -> Tensor:
        latents, given = noise.normal(self.settings.latent), numbers_of(self.conditioning, conditions)
        if self.networks.latents is not None:
            latents = self.networks.latents(latents, given)
        expected = self.networks.decoder(latents, given)
        if self.networks.observation is None or not self.settings.sky_noise:
            return expected
        return self.networks.observation.observe(expected, noise.normal(*self.shape))
