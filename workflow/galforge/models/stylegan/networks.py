"""Networks of the style-based generative adversarial network, and what adapts while they train."""

import torch
from torch import nn

from galforge.models.patches import Patches
from galforge.models.style_layers import Discriminator, Mapping, Synthesis, widths
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
        self.discriminator = Discriminator(channels * settings.patch**2, levels, settings.group)
        self.register_buffer("path_mean", torch.zeros(()))
        self.register_buffer("augmentation", torch.zeros(()))

    @property
    def patches(self) -> Patches:
        """How generator and discriminator exchange pixels."""
        return self.synthesis.patches

    def generator_parameters(self) -> list[nn.Parameter]:
        """Of mapping and synthesis."""
        return [*self.mapping.parameters(), *self.synthesis.parameters()]
