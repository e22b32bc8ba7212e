"""Networks of the style-based generative adversarial network, and what adapts while they train."""

import torch
from torch import Tensor, nn

from galforge.models.style_layers import Discriminator, Mapping, Synthesis, split, widths
from galforge.models.stylegan.settings import ModelSettings

POWER_RATE = 0.01
SMALLEST = 1e-8
"""Of the mean squares relative to the first: a difference that never occurs must not be divided by nothing."""


class Networks(nn.Module):
    """All that is learned: mapping and synthesis (the generator), the discriminator, and running numbers: the mean
    square of each coefficient of real patches, the mean length of paths, and the probability of augmentation."""

    def __init__(self, settings: ModelSettings, shape: tuple[int, int, int]):
        super().__init__()
        channels, self.patch, self.detail = shape[0], settings.patch, settings.detail
        levels = widths(settings.width, settings.max_width, shape[1] // settings.patch)
        self.mapping = Mapping(settings.latent, settings.mapping_layers)
        self.synthesis = Synthesis(
            channels,
            levels,
            settings.latent,
            settings.patch,
            noise=settings.noise,
            residual=settings.architecture == "residual",
        )
        self.discriminator = Discriminator(channels, levels, settings.patch, settings.group)
        self.register_buffer("power", torch.ones(channels * settings.patch**2))
        self.register_buffer("path_mean", torch.zeros(()))
        self.register_buffer("augmentation", torch.zeros(()))

    def spread(self) -> Tensor | None:
        """What each coefficient of a patch is divided by, relative to the sum of its patch; None for nothing.

        Neighbouring pixels of galaxies are so alike that their differences are a twentieth and less of their sum: a
        network would hardly see them, nor make them right.
        """
        if self.patch == 1 or self.detail == 0:
            return None
        by_channel = self.power.unflatten(0, (-1, self.patch**2))
        return (by_channel / by_channel[:, :1]).clamp_min(SMALLEST).pow(0.5 * self.detail).flatten()

    def coefficients(self, images: Tensor) -> Tensor:
        """Images (n, C, H, W) as the discriminator takes them."""
        return split(images, self.patch, self.spread())

    def generated(self, styles: Tensor, noises: list[Tensor]) -> Tensor:
        """Normalised images (n, C, H, W) of styles; see ``Synthesis``."""
        return self.synthesis(styles, noises, self.spread())

    def observe(self, power: Tensor, first: bool) -> None:
        """Follow the mean squares (C * patch^2,) of the coefficients of real images."""
        self.power.copy_(power if first else self.power.lerp(power, POWER_RATE))

    def generator_parameters(self) -> list[nn.Parameter]:
        """Of mapping and synthesis."""
        return [*self.mapping.parameters(), *self.synthesis.parameters()]
