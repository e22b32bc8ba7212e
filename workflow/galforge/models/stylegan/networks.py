"""Networks of the style-based generative adversarial network, and what adapts while they train."""

import torch
from torch import Tensor, nn

from galforge.models.conditions import with_maps
from galforge.models.style_layers import Discriminator, widths
from galforge.models.style_networks import StyleNetworks
from galforge.models.stylegan.settings import ModelSettings


class Networks(StyleNetworks):
    """All that is learned: mapping and synthesis (the generator), the discriminator, and two running numbers."""

    def __init__(self, settings: ModelSettings, shape: tuple[int, int, int]):
        levels = widths(settings.width, settings.max_width, shape[1] // settings.patch)
        super().__init__(settings, shape, levels)
        self.discriminator = Discriminator(shape[0] * settings.patch**2 + self.features, levels, settings.group)
        self.register_buffer("path_mean", torch.zeros(()))
        self.register_buffer("augmentation", torch.zeros(()))

    def generator_parameters(self) -> list[nn.Parameter]:
        """Of mapping and synthesis, and of what tells them the conditions."""
        return [*self.mapping_parameters(), *self.synthesis.parameters()]

    def judged(self, pixels: Tensor, numbers: Tensor | None) -> Tensor:
        """Logits (n,) of images as ``patches`` gives them, seen with a map of each of the conditions' numbers."""
        return self.discriminator(with_maps(pixels, numbers))
