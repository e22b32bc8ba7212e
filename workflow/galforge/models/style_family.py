"""What the style-based families share: sampling, and the steps of generators and their judges."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from galforge.models.conditions import Conditioned, followed, numbers_of
from galforge.models.protocol import Draws, Noise, Part, Step
from galforge.models.style_networks import StyleNetworks

_BETAS = (0.0, 0.99)
_MEAN_STYLE = 0.005
"""Weight of a batch in the running mean of the styles."""


class StyleFamily(Conditioned):
    """Base of the style-based families; see ``galforge.models.protocol.Family``.

    Losses are the non-saturating logistic ones (Goodfellow et al. 2014) with a lazy R1 penalty on real images
    (Mescheder et al. 2018, arXiv:1801.04406; Karras et al. 2020a, section 3.1). Optimisers are Adam with betas
    (0, 0.99).
    """

    networks: StyleNetworks

    @property
    def latent(self) -> int:
        """Length of the latent vectors that ``generate`` takes."""
        return self.settings.latent

    def sample(self, noise: Noise, conditions: dict[str, Tensor] | None) -> Tensor:
        drawn = noise.normal(self.latent)
        return self.generate(self.networks.latents(drawn, numbers_of(self.conditioning, conditions)), noise)

    def generate(self, latents: Tensor, noise: Noise) -> Tensor:
        """Normalised images (n, C, H, W) of latent vectors z (n, latent), to which conditions were added, if any."""
        return self._images(self.networks.mapping.truncated(latents, self.settings.truncation), noise)

    def _begin(self, images: Tensor, conditions: dict[str, Tensor] | None, step: Step) -> Tensor | None:
        """Follow the images and conditions of a step; the numbers (n, features) of the latter."""
        given, patches = followed(self.conditioning, conditions, step), self.networks.patches
        if patches.scales:
            patches.follow(step.mean(patches.power_of(images)), first=step.index == 0)
        return given

    def _is_penalised(self, step: Step) -> bool:
        return self.settings.r1 > 0 and step.index % self.settings.r1_interval == 0

    def _of_reals(self, logits: Tensor, penalty: Tensor | None = None) -> tuple[Tensor, dict[str, Tensor]]:
        """A judge's loss by its logits (n,) of real images and their mean squared gradient, if penalised.

        Beside it ``loss`` without the penalty, the mean logit ``real``, and ``r1``, as many times as strong as it is
        rare.
        """
        logits, interval = logits.float(), self.settings.r1_interval
        loss, r1 = functional.softplus(-logits).mean(), torch.zeros((), device=logits.device)
        total = loss
        if penalty is not None:
            r1 = penalty * interval
            total = loss + 0.5 * self.settings.r1 * r1
        return total, {"loss": loss, "real": logits.mean(), "r1": r1}

    def _of_fakes(self, logits: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """A judge's loss by its logits (n,) of generated images; beside it ``loss`` and the mean logit ``fake``."""
        logits = logits.float()
        loss = functional.softplus(logits).mean()
        return loss, {"loss": loss, "fake": logits.mean()}

    def _styles(self, part: Part, given: Tensor | None) -> Tensor:
        """Styles w (n, latent) of random latent vectors."""
        return self.networks.mapping(self.networks.latents(part.draws.normal(self.latent), given))

    def _mixed(self, styles: Tensor, part: Part, given: Tensor | None) -> Tensor:
        """Styles per layer (n, layers, latent), where the setting ``style_mixing`` has some images take another style
        from a random layer on; as they are (n, latent) where it has none."""
        if not self.settings.style_mixing:
            return styles
        others, layers = self._styles(part, given), self.networks.synthesis.layers
        chosen, place = part.draws.uniform(2).unbind(1)
        # Layer 0 keeps its own style, so the change comes at 1 to layers - 1, or never.
        first_other = torch.where(chosen < self.settings.style_mixing, 1 + (place * (layers - 1)).floor(), layers)
        other = torch.arange(layers, device=styles.device)[None, :, None] >= first_other[:, None, None]
        return torch.where(other, others[:, None, :], styles[:, None, :])

    def _keep_mean(self, styles: Tensor, step: Step) -> None:
        """Move the running mean of the styles towards the mean (latent,) of those of a step."""
        self.networks.mapping.mean.lerp_(step.mean(styles), _MEAN_STYLE)

    def _images(self, styles: Tensor, draws: Noise | Draws) -> Tensor:
        """Normalised images (n, C, H, W) of styles (n, latent) or (n, layers, latent)."""
        synthesis = self.networks.synthesis
        return synthesis(styles, [draws.normal(*shape) for shape in synthesis.noise_shapes()])


def adam(parameters: list[nn.Parameter], rate: float) -> torch.optim.Optimizer:
    """The optimiser of the style-based families."""
    return torch.optim.Adam(parameters, rate, _BETAS, fused=True)
