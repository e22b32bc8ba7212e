"""Networks of the style-based generative adversarial network, and the numbers that adapt during training."""

import torch
from torch import Tensor

from galforge.models.conditions import with_maps
from galforge.models.style_layers import Discriminator
from galforge.models.style_networks import StyleNetworks
from galforge.models.stylegan.settings import ModelSettings


class Networks(StyleNetworks):
    """All that is learned: mapping and synthesis (the generator), the discriminator, and two running numbers."""

    def __init__(self, settings: ModelSettings, shape: tuple[int, int, int]):
        super().__init__(settings, shape)
        self.discriminator = Discriminator(self.pixels + self.features, self.levels, settings.group)
        self.register_buffer("path_mean", torch.zeros(()))
        self.register_buffer("augmentation", torch.zeros(()))

    def judged(self, pixels: Tensor, numbers: Tensor | None) -> Tensor:
        """Logits (n,) of images as ``patches`` gives them, with a map for each number of the conditions beside them."""
        return self.discriminator(with_maps(pixels, numbers))
