"""EDM (Karras et al. 2022, arXiv:2206.00364) as a model family."""

from math import prod

import torch
from torch import Tensor

from galforge.models.conditions import Conditioned, followed, guided, kept, numbers_of
from galforge.models.edm.networks import Networks
from galforge.models.edm.samplers import Denoise, Sampler, dpm, heun, levels
from galforge.models.edm.settings import ModelSettings, check_shape
from galforge.models.normalisation import Normalisation
from galforge.models.protocol import Noise, Part, Shape, Step


class Family(Conditioned):
    """Diffusion as in EDM; see ``galforge.models.protocol.Family``.

    Samplers are deterministic: each image has its noise, from which it is drawn and to which ``reconstruct`` goes back.

    Attributes:
        latent: length of the latent vectors that ``generate`` takes: one number for each pixel.
        fitted_images: see ``galforge.models.protocol.Fitted``; 0 where nothing is fitted.
    """

    def __init__(self, settings: ModelSettings, shape: Shape, normalisation: Normalisation):
        check_shape(settings, shape)
        super().__init__(settings, shape, Networks(settings, shape))
        self.latent = prod(shape)
        self.fitted_images = settings.fitted_images if settings.known == "gaussian" else 0

    @property
    def evaluations(self) -> int:
        """Evaluations of the network in ``sample``, all of the same cost."""
        once = self.settings.steps if self.settings.sampler == "dpm_solver" else 2 * self.settings.steps - 1
        return once if self.settings.guidance == 1 else 2 * once

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        rate = self.settings.learning_rate
        return {"unet": torch.optim.Adam(self.networks.parameters(), lr=rate, fused=True)}

    def fit(self, images: Tensor, conditions: dict[str, Tensor] | None, turned: bool) -> None:
        self.networks.known.fit(images, numbers_of(self.conditioning, conditions), turned)

    def step(self, images: Tensor, conditions: dict[str, Tensor] | None, step: Step) -> dict[str, Tensor]:
        """The loss is the mean squared error of denoised images, in units of the known prediction's at their level."""
        settings, networks = self.settings, self.networks
        numbers = followed(self.conditioning, conditions, step)

        def error(part: Part) -> tuple[Tensor, dict[str, Tensor]]:
            given, clean = kept(part.of(numbers), settings.condition_dropout, part), part.of(images)
            logarithms = settings.log_sigma_mean + settings.log_sigma_sd * part.draws.normal()
            sigma = logarithms.exp().reshape(-1, 1, 1, 1)
            noisy = clean + sigma * part.draws.normal(*self.shape)
            expected, unit = networks.known.expected(noisy, sigma, given), networks.known.error(sigma, given)
            with step.autocast():
                predicted = networks.error(noisy, expected, sigma, given, unit)
            wrong = networks.split(clean - expected) / unit
            left = (predicted - wrong).square().mean((2, 3))
            loss = left.mean()
            if networks.left is None:
                return loss, {"loss": loss}
            # The likelihood of errors that are normal numbers; the mean squares cannot be driven below what is there.
            logarithms = networks.left(sigma)
            return (left * torch.exp(-logarithms) + logarithms).mean(), {"loss": loss}

        return step.learn("unet", error)

    def sample(self, noise: Noise, conditions: dict[str, Tensor] | None) -> Tensor:
        return self._drawn(noise.normal(self.latent), numbers_of(self.conditioning, conditions))

    def generate(self, latents: Tensor, noise: Noise) -> Tensor:
        """Normalised images (n, C, H, W) of latent vectors (n, latent), without conditions."""
        return self._drawn(latents, None if self.conditioning is None else self.conditioning.nothing(len(latents)))

    def reconstruct(self, images: Tensor, conditions: dict[str, Tensor] | None, noise: Noise) -> Tensor:
        """Normalised images (n, C, H, W) of the latent vectors from which such images would be drawn.

        The way to them is the probability flow from the lowest noise level to the highest. Both ways go by Heun's
        method, whose errors nearly cancel.
        """
        settings, given = self.settings, numbers_of(self.conditioning, conditions)
        up = self._levels()[-2::-1]
        noisy = heun(self._denoiser(given), self.networks.known.steps(given), images, up)
        latents = self.networks.known.latents(noisy, settings.sigma_max, given)
        return self._drawn(latents.flatten(1), given, heun)

    def evaluate(self, noise: Noise, conditions: dict[str, Tensor] | None) -> Tensor:
        """One of the evaluations of ``sample``, by which its cost is counted."""
        noisy, given = noise.normal(*self.shape), numbers_of(self.conditioning, conditions)
        return self.networks(noisy, torch.ones_like(noisy[:1, :1, :1, :1]), given)

    def _drawn(self, latents: Tensor, given: Tensor | None, sampler: Sampler | None = None) -> Tensor:
        settings, known = self.settings, self.networks.known
        sampler = sampler or (dpm if settings.sampler == "dpm_solver" else heun)
        noisy = known.start(latents.unflatten(1, self.shape), settings.sigma_max, given)
        return sampler(self._denoiser(given), known.steps(given), noisy, self._levels())

    def _levels(self) -> list[float]:
        settings = self.settings
        return levels(settings.steps, settings.sigma_min, settings.sigma_max, settings.spacing)

    def _denoiser(self, given: Tensor | None) -> Denoise:
        """Denoises images with conditions (n, features), guided as the settings say."""

        def denoise(noisy: Tensor, level: float) -> Tensor:
            sigma = noisy.new_full((1, 1, 1, 1), level)
            return guided(
                lambda numbers: self.networks(noisy, sigma, numbers), self.conditioning, given, self.settings.guidance
            )

        return denoise
