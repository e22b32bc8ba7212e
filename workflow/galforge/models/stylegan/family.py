"""The style-based generative adversarial network (Karras et al. 2020a) as a model family."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from galforge.models.conditions import Conditioned, followed, numbers_of
from galforge.models.normalisation import Normalisation
from galforge.models.protocol import Noise, Shape, Step
from galforge.models.stylegan.augmentation import adapted, augment
from galforge.models.stylegan.networks import Networks
from galforge.models.stylegan.settings import ModelSettings, check_shape

_BETAS = (0.0, 0.99)
_MEAN_STYLE = 0.005
"""Share by which the running mean of the styles moves in a step."""
_PATH_DECAY = 0.01


class Family(Conditioned):
    """Style-based generator; see ``galforge.models.protocol.Family``.

    Trained with the non-saturating logistic loss (Goodfellow et al. 2014) and a lazy R1 penalty (Mescheder et al. 2018,
    arXiv:1801.04406; Karras et al. 2020a, section 3.1), optionally a path-length penalty (their section 3.2) and
    adaptive augmentation. Optimisers are Adam with betas (0, 0.99), the discriminator first in each step. Conditions
    are added to the latent vectors, and the discriminator sees them as maps beside the image.
    """

    def __init__(self, settings: ModelSettings, shape: Shape, normalisation: Normalisation):
        check_shape(settings, shape)
        self.settings, self.shape = settings, shape
        self.conditions = tuple(settings.conditions)
        self.networks = Networks(settings, shape)

    @property
    def latent(self) -> int:
        """Length of the latent vectors that ``generate`` takes."""
        return self.settings.latent

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {
            "discriminator": torch.optim.Adam(
                self.networks.discriminator.parameters(), self.settings.discriminator_rate, _BETAS, fused=True
            ),
            "generator": torch.optim.Adam(
                self.networks.generator_parameters(), self.settings.generator_rate, _BETAS, fused=True
            ),
        }

    def step(self, images: Tensor, conditions: dict[str, Tensor] | None, step: Step) -> dict[str, Tensor]:
        """Losses: ``loss`` of the discriminator (2 ln 2 where it cannot tell), ``generator``, ``real`` and ``fake``,
        the mean logits, the last penalty ``r1``, and the probability of ``augmentation``."""
        judged, given = self.networks.judged, followed(self.conditioning, conditions, step)
        if self.networks.patches.scales:
            self.networks.patches.follow(step.mean(self.networks.patches.power_of(images)), first=step.index == 0)
        with torch.no_grad():
            fakes = self._generated(len(images), step, given)
        reals = self.networks.patches(self._augmented(images, step))
        lazy = self.settings.r1 > 0 and step.index % self.settings.r1_interval == 0
        if lazy:
            reals = reals.detach().requires_grad_(True)
            # In single precision: the penalty is a derivative, and is differentiated once more.
            real_logits = judged(reals, given)
            (gradient,) = torch.autograd.grad(real_logits.sum(), reals, create_graph=True)
            penalty = gradient.square().sum((1, 2, 3)).mean()
        else:
            with step.autocast():
                real_logits = judged(reals, given)
            penalty = torch.zeros((), device=images.device)
        with step.autocast():
            fake_logits = judged(self.networks.patches(self._augmented(fakes, step)), given)
        real_logits, fake_logits = real_logits.float(), fake_logits.float()
        loss = functional.softplus(-real_logits).mean() + functional.softplus(fake_logits).mean()
        step.update("discriminator", loss + 0.5 * self.settings.r1 * self.settings.r1_interval * penalty)
        self._adapt(real_logits.detach(), step)
        generator_loss = self._improve_generator(len(images), step, given)
        return {
            "loss": loss.detach(),
            "generator": generator_loss,
            "real": real_logits.detach().mean(),
            "fake": fake_logits.detach().mean(),
            "r1": penalty.detach() * (self.settings.r1_interval if lazy else 0),
            "augmentation": self.networks.augmentation.clone(),
        }

    def sample(self, noise: Noise, conditions: dict[str, Tensor] | None) -> Tensor:
        drawn = noise.normal(self.latent)
        return self.generate(self.networks.latents(drawn, numbers_of(self.conditioning, conditions)), noise)

    def generate(self, latents: Tensor, noise: Noise) -> Tensor:
        """Normalised images (n, C, H, W) of latent vectors z (n, latent), which tell conditions where there are any."""
        styles = self.networks.mapping.truncated(latents, self.settings.truncation)
        return self.networks.synthesis(styles, [noise.normal(1, side, side) for side in self._noise_sides()])

    def _improve_generator(self, count: int, step: Step, given: Tensor | None) -> Tensor:
        discriminator = self.networks.discriminator
        discriminator.requires_grad_(False)
        fakes = self._generated(count, step, given, keep_mean=True)
        with step.autocast():
            logits = self.networks.judged(self.networks.patches(self._augmented(fakes, step)), given)
        loss = functional.softplus(-logits.float()).mean()
        total = loss
        if self.settings.path_length and step.index % self.settings.path_length_interval == 0:
            total = loss + self.settings.path_length * self.settings.path_length_interval * self._path_penalty(
                step, given
            )
        step.update("generator", total)
        discriminator.requires_grad_(True)
        return loss.detach()

    def _generated(self, count: int, step: Step, given: Tensor | None = None, keep_mean: bool = False) -> Tensor:
        mapping, told = self.networks.mapping, self.networks.latents
        with step.autocast():
            styles = mapping(told(step.draws.normal(self.latent), given))
            if keep_mean:
                mapping.mean.lerp_(step.mean(styles.detach().float().mean(0)), _MEAN_STYLE)
            if self.settings.style_mixing:
                styles = self._mixed(styles, mapping(told(step.draws.normal(self.latent), given)), step)
            noises = [step.draws.normal(1, side, side) for side in self._noise_sides()]
            return self.networks.synthesis(styles, noises).float()

    def _mixed(self, styles: Tensor, others: Tensor, step: Step) -> Tensor:
        """Styles per layer (n, layers, latent): from a random layer on, some images take the other style."""
        layers = self.networks.synthesis.layers
        chosen, place = step.draws.uniform(2).unbind(1)
        # Layer 0 keeps its own style, so the change comes at 1 to layers - 1, or never.
        first_other = torch.where(chosen < self.settings.style_mixing, 1 + (place * (layers - 1)).floor(), layers)
        other = torch.arange(layers, device=styles.device)[None, :, None] >= first_other[:, None, None]
        return torch.where(other, others[:, None, :], styles[:, None, :])

    def _noise_sides(self) -> list[int]:
        return self.networks.synthesis.sides()

    def _path_penalty(self, step: Step, given: Tensor | None = None) -> Tensor:
        """Squared deviation of the length of J^T y from its running mean, J the Jacobian of images by styles."""
        synthesis = self.networks.synthesis
        styles = self.networks.mapping(self.networks.latents(step.draws.normal(self.latent), given))
        noises = [step.draws.normal(1, side, side) for side in self._noise_sides()]
        images = self.networks.synthesis(styles[:, None, :].repeat(1, synthesis.layers, 1), noises)
        directions = step.draws.normal(*self.shape) / math.sqrt(self.shape[1] * self.shape[2])
        (gradient,) = torch.autograd.grad((images * directions).sum(), styles, create_graph=True)
        lengths = gradient.square().sum(1).sqrt()
        mean = self.networks.path_mean.lerp(step.mean(lengths.detach().mean()), _PATH_DECAY)
        self.networks.path_mean.copy_(mean)
        return (lengths - mean).square().mean()

    def _augmented(self, images: Tensor, step: Step) -> Tensor:
        return augment(images, self.networks.augmentation, step.draws) if self.settings.ada_target else images

    def _adapt(self, real_logits: Tensor, step: Step) -> None:
        if self.settings.ada_target:
            sign = step.mean(real_logits.sign().mean())
            rise = step.batch / self.settings.ada_images
            self.networks.augmentation.copy_(adapted(self.networks.augmentation, sign, self.settings.ada_target, rise))
