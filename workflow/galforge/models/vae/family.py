"""The variational autoencoder (Kingma & Welling 2014) as a model family."""

import torch
from torch import Tensor

from galforge.models.conditions import Conditioned, followed, numbers_of
from galforge.models.normalisation import Normalisation
from galforge.models.protocol import Noise, Part, Shape, Step
from galforge.models.vae.latents import followed_by, moments_of
from galforge.models.vae.networks import Networks, adam
from galforge.models.vae.settings import ModelSettings, check_shape


class Family(Conditioned):
    """Variational autoencoder; see ``galforge.models.protocol.Family``.

    A sample is the decoder's mean for a latent vector of the setting ``prior``, plus (setting ``sky_noise``) white
    noise of the learned sky level in image units. Without that noise, images are as smooth as a decoder's mean, and
    every measure that is sensitive to noise (smoothness, asymmetry, high spatial frequencies) tells them from observed
    ones. On noiseless data the learned level falls to its floor, and no noise is added. The encoder sees conditions as
    maps beside the image, the decoder as numbers beside the latent vector.

    Attributes:
        latent: length of the standard normal vectors that ``generate`` takes and makes latent ones of.
    """

    def __init__(self, settings: ModelSettings, shape: Shape, normalisation: Normalisation):
        check_shape(settings, shape)
        super().__init__(settings, shape, Networks(settings, shape, normalisation))
        self.latent = settings.latent

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {"vae": adam(self.networks, self.settings.learning_rate)}

    def step(self, images: Tensor, conditions: dict[str, Tensor] | None, step: Step) -> dict[str, Tensor]:
        """Losses [nats per pixel]: ``loss`` and its two terms, ``reconstruction`` and ``divergence``."""
        networks, numbers = self.networks, followed(self.conditioning, conditions, step)

        def bound(part: Part) -> tuple[Tensor, dict[str, Tensor]]:
            given, seen = part.of(numbers), part.of(images)
            with step.autocast():
                mean, log_variance = networks.encoder(seen, given)
            mean, log_variance = mean.float(), log_variance.float().clamp(-20, 10)
            noise = part.draws.normal(self.latent)
            with step.autocast():
                expected = networks.decoder(mean + torch.exp(0.5 * log_variance) * noise, given)
            reconstruction = networks.observation.surprise(seen, expected.float())
            divergence = 0.5 * (mean**2 + torch.exp(log_variance) - 1 - log_variance).sum(1).mean() / seen[0].numel()
            loss = reconstruction + self._weight(step.images_seen) * divergence
            moments = moments_of(networks.latents, given, mean, torch.diag(log_variance.detach().exp().mean(0)))
            return loss, {"loss": loss, "reconstruction": reconstruction, "divergence": divergence, **moments}

        return followed_by(networks.latents, step.learn("vae", bound), step)

    def sample(self, noise: Noise, conditions: dict[str, Tensor] | None) -> Tensor:
        return self._observed(noise.normal(self.latent), numbers_of(self.conditioning, conditions), noise)

    def generate(self, latents: Tensor, noise: Noise) -> Tensor:
        """Normalised images (n, C, H, W) of standard normal vectors (n, latent); with sky noise if settings say so."""
        return self._observed(latents, None, noise)

    def _observed(self, drawn: Tensor, given: Tensor | None, noise: Noise) -> Tensor:
        latents = drawn if self.networks.latents is None else self.networks.latents(drawn, given)
        expected = self.networks.decoder(latents, given)
        if not self.settings.sky_noise:
            return expected
        return self.networks.observation.observe(expected, noise.normal(*self.shape))

    def reconstruct(self, images: Tensor, conditions: dict[str, Tensor] | None, noise: Noise) -> Tensor:
        """Expected normalised images (n, C, H, W), without noise, of the mean latent vectors of such images."""
        given = numbers_of(self.conditioning, conditions)
        mean, _ = self.networks.encoder(images, given)
        return self.networks.decoder(mean, given)

    def _weight(self, images_seen: int) -> float:
        warmup = self.settings.kl_warmup_images
        return self.settings.beta * (min(1.0, images_seen / warmup) if warmup else 1.0)
