"""Denoising diffusion (Ho et al. 2020) as a model family, after the conditional one of Li et al. (2024)."""

import torch
from torch import Tensor
from torch.nn import functional

from galforge.models import keras
from galforge.models.conditions import Conditioned, followed, guided, kept, numbers_of
from galforge.models.ddpm.diffusion import Predicted, Schedule, ddim, second_order
from galforge.models.ddpm.networks import Networks
from galforge.models.ddpm.settings import ModelSettings, check_shape
from galforge.models.normalisation import Normalisation
from galforge.models.protocol import Noise, Part, Shape, Step


class Family(Conditioned):
    """Diffusion model with conditions; see ``galforge.models.protocol.Family``.

    Published: as in the authors' code. Pixels and conditions are raw; the share of the image that is left at a level
    lags by one, so that the first level has no noise; images are drawn in steps through all other levels. Pixels reach
    thousands where the noise is one, so noise never hides the cores of galaxies, and samples start from pure noise,
    which training never showed. Corrected: the levels are those of Ho et al., pixels are stretched by the
    normalisation, and DPM-Solver++ or DDIM draws images in few steps.
    """

    def __init__(self, settings: ModelSettings, shape: Shape, normalisation: Normalisation):
        check_shape(settings, shape)
        super().__init__(settings, shape, Networks(settings, shape))
        published = settings.variant == "published"
        self.schedule = Schedule.linear(settings.timesteps, settings.beta_first, settings.beta_last, lags=published)
        # A buffer, so that it moves to the device of the networks; constant, so it is not stored.
        self.networks.register_buffer("left", torch.tensor(self.schedule.remaining), persistent=False)

    @property
    def evaluations(self) -> int:
        """Evaluations of the network in ``sample``, all of the same cost."""
        if self.settings.sampler == "ancestral":
            once = len(self.schedule.all())
        else:
            once = len(self.schedule.every(self.settings.steps, self.settings.spacing))
        return once if self.settings.guidance == 1 else 2 * once

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        epsilon = keras.EPSILON if self.settings.variant == "published" else 1e-8
        rate = self.settings.learning_rate
        return {"unet": torch.optim.Adam(self.networks.unet.parameters(), lr=rate, eps=epsilon, fused=True)}

    def step(self, images: Tensor, conditions: dict[str, Tensor] | None, step: Step) -> dict[str, Tensor]:
        """The loss is the mean squared error of the predicted noise, or v."""
        numbers, count = followed(self.conditioning, conditions, step), self.settings.timesteps

        def error(part: Part) -> tuple[Tensor, dict[str, Tensor]]:
            given, clean = kept(part.of(numbers), self.settings.condition_dropout, part), part.of(images)
            levels = (part.draws.uniform() * count).long().clamp_max(count - 1)
            left = self.networks.left.index_select(0, levels).reshape(-1, 1, 1, 1)
            noise = part.draws.normal(*self.shape)
            noisy = left.sqrt() * clean + (1 - left).sqrt() * noise
            with step.autocast():
                predicted = self.networks(noisy, levels, given)
            velocity = self.settings.prediction == "v"
            target = left.sqrt() * noise - (1 - left).sqrt() * clean if velocity else noise
            loss = functional.mse_loss(predicted.float(), target)
            return loss, {"loss": loss}

        return step.learn("unet", error)

    def sample(self, noise: Noise, conditions: dict[str, Tensor] | None) -> Tensor:
        images, given = noise.normal(*self.shape), numbers_of(self.conditioning, conditions)
        if self.settings.sampler == "ancestral":
            for level in self.schedule.all():
                predicted = self._noise(images, level, given)
                images = self.schedule.ancestral(images, predicted, level, noise.normal(*self.shape) if level else None)
            return images
        before = None
        for level, left in self.schedule.every(self.settings.steps, self.settings.spacing):
            predicted = self._noise(images, level, given)
            now = Predicted(self.schedule.image_of(images, predicted, level), self.schedule.remaining[level])
            if self.settings.sampler == "ddim":
                images = ddim(now.image, predicted, left)
            else:
                images = second_order(images, now, before, left)
            before = now
        return images

    def evaluate(self, noise: Noise, conditions: dict[str, Tensor] | None) -> Tensor:
        """One of the evaluations of ``sample``, by which its cost is counted."""
        noisy, given = noise.normal(*self.shape), numbers_of(self.conditioning, conditions)
        return self._predicted(noisy, self.settings.timesteps - 1, given)

    def _predicted(self, noisy: Tensor, level: int, given: Tensor | None) -> Tensor:
        """What the network says of images (n, C, H, W) of a level with conditions (n, features)."""
        return self.networks(noisy, torch.full((len(noisy),), level, device=noisy.device), given).float()

    def _noise(self, noisy: Tensor, level: int, given: Tensor | None) -> Tensor:
        """The noise (n, C, H, W) that the network finds in images of a level, guided as the settings say."""
        predicted = guided(
            lambda numbers: self._predicted(noisy, level, numbers), self.conditioning, given, self.settings.guidance
        )
        return predicted if self.settings.prediction == "noise" else self.schedule.noise_of(noisy, predicted, level)
