"""The conditional variational autoencoder of Li et al. (2024) as a model family."""

import torch
from torch import Tensor
from torch.nn import functional

from galforge.models.conditions import Conditioned, followed, numbers_of
from galforge.models.cvae.networks import Networks
from galforge.models.cvae.settings import ModelSettings, check_shape
from galforge.models.normalisation import Normalisation
from galforge.models.protocol import Noise, Shape, Step

_KERAS_EPSILON = 1e-7
_OBSERVATION_RATE = 10.0


class Family(Conditioned):
    """Autoencoder with conditions; see ``galforge.models.protocol.Family``.

    Published: the mean square error of raw pixels plus a weighted divergence per image (here its formula, where their
    library draws it), and images through a ReLU, so without the negative half of the sky's noise. Corrected: the
    observation of family ``vae``, whose noise is learned and added to samples; pixels are stretched by the
    normalisation.
    """

    def __init__(self, settings: ModelSettings, shape: Shape, normalisation: Normalisation):
        check_shape(settings, shape)
        self.settings, self.shape = settings, shape
        self.conditions = tuple(settings.conditions)
        self.networks = Networks(settings, shape, normalisation)

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        rate, observation = self.settings.learning_rate, self.networks.observation
        groups = [{"params": [*self.networks.encoder.parameters(), *self.networks.decoder.parameters()], "lr": rate}]
        if observation is not None:
            # As in family vae: a few logarithms that have to follow as the decoder gets better.
            groups.append({"params": list(observation.parameters()), "lr": _OBSERVATION_RATE * rate})
        epsilon = _KERAS_EPSILON if observation is None else 1e-8
        return {"cvae": torch.optim.Adam(groups, eps=epsilon, fused=True)}

    def step(self, images: Tensor, conditions: dict[str, Tensor] | None, step: Step) -> dict[str, Tensor]:
        """Losses: ``loss`` and its two terms, ``reconstruction`` and ``divergence``.

        Corrected: both in nats per pixel. Published: the mean square error [normalised units squared], and the weighted
        divergence of an image.
        """
        given = followed(self.conditioning, conditions, step)
        noise = step.draws.normal(self.settings.latent)
        with step.autocast():
            mean, root = self.networks.encoder(images, given)
        latents = mean + (root @ noise[:, :, None]).squeeze(2)
        logarithm = 2 * root.diagonal(dim1=1, dim2=2).log().sum(1)
        divergence = 0.5 * (root.square().sum((1, 2)) + mean.square().sum(1) - self.settings.latent - logarithm).mean()
        with step.autocast():
            expected = self.networks.decoder(latents, given)
        expected = expected.float()
        if self.networks.observation is None:
            reconstruction = functional.mse_loss(expected, images)
            divergence = self.settings.divergence * divergence
            loss = reconstruction + divergence
        else:
            variance = self.networks.observation.variance(expected)
            reconstruction = 0.5 * ((images - expected) ** 2 / variance + torch.log(variance)).mean()
            divergence = divergence / images[0].numel()
            loss = reconstruction + self.settings.beta * divergence
        step.update("cvae", loss)
        return {"loss": loss.detach(), "reconstruction": reconstruction.detach(), "divergence": divergence.detach()}

    def sample(self, noise: Noise, conditions: dict[str, Tensor] | None) -> Tensor:
        expected = self.networks.decoder(noise.normal(self.settings.latent), numbers_of(self.conditioning, conditions))
        if self.networks.observation is None or not self.settings.sky_noise:
            return expected
        return self.networks.observation.observe(expected, noise.normal(*self.shape))
