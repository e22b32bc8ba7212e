"""Networks of the style-based generative adversarial network, and what adapts while they train."""

import torch
from torch import Tensor, nn

from galforge.models.conditions import Conditioning
from galforge.models.patches import Patches
from galforge.models.style_layers import Discriminator, Linear, Mapping, Synthesis, widths
from galforge.models.stylegan.settings import ModelSettings


class Networks(nn.Module):
    """All that is learned: mapping and synthesis (the generator), the discriminator, and two running numbers."""

    def __init__(self, settings: ModelSettings, shape: tuple[int, int, int]):
        super().__init__()
        channels = shape[0]
        levels = widths(settings.width, settings.max_width, shape[1] // settings.patch)
        self.mapping = Mapping(settings.latent, settings.mapping_layers)
        self.synthesis = Synthesis(
            Patches(channels, settings.patch, settings.detail),
            channels,
            levels,
            settings.latent,
            noise=settings.noise,
            residual=settings.architecture == "residual",
        )
        given = (settings.conditions, False, settings.condition_offset, settings.condition_scale)
        self.conditioning = Conditioning(*given) if settings.conditions else None
        features = self.conditioning.features if self.conditioning else 0
        self.discriminator = Discriminator(channels * settings.patch**2 + features, levels, settings.group)
        self.told = Linear(features, settings.latent) if features else None
        self.register_buffer("path_mean", torch.zeros(()))
        self.register_buffer("augmentation", torch.zeros(()))

    @property
    def patches(self) -> Patches:
        """How generator and discriminator exchange pixels."""
        return self.synthesis.patches

    def generator_parameters(self) -> list[nn.Parameter]:
        """Of mapping and synthesis, and of what tells them the conditions."""
        told = self.told.parameters() if self.told is not None else ()
        return [*self.mapping.parameters(), *self.synthesis.parameters(), *told]

    def latents(self, drawn: Tensor, numbers: Tensor | None) -> Tensor:
        """Latent vectors (n, latent) that tell the conditions, given as numbers (n, features), too."""
        return drawn if numbers is None else drawn + self.told(numbers)

    def judged(self, pixels: Tensor, numbers: Tensor | None) -> Tensor:
        """Logits (n,) of images as ``patches`` gives them, seen with a map of each of the conditions' numbers."""
        if numbers is None:
            return self.discriminator(pixels)
        maps = numbers[:, :, None, None].expand(-1, -1, *pixels.shape[2:]).to(pixels.dtype)
        return self.discriminator(torch.cat([pixels, maps], 1))
