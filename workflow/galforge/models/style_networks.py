"""What the networks of the style-based families share: the generator, and how it is told the conditions."""

from torch import Tensor, nn

from galforge.models.conditions import conditioning_of, features_of
from galforge.models.patches import Patches
from galforge.models.settings import StyleSettings
from galforge.models.style_layers import Linear, Mapping, Synthesis, widths


class StyleNetworks(nn.Module):
    """``mapping`` and ``synthesis``, and ``told``, which adds the conditions to the latent vectors.

    Args:
        settings: of the family.
        shape: (C, H, W) of the images [px].
        mapping_rate: learning rate of the mapping relative to the other networks.

    Attributes:
        levels: channels of the maps, coarsest first.
        pixels: channels of what the judges of images see, the coefficients of patches.
        features: numbers per image that encode its conditions; 0 without conditions.
    """

    def __init__(self, settings: StyleSettings, shape: tuple[int, int, int], mapping_rate: float = 0.01):
        super().__init__()
        channels = shape[0]
        self.levels = widths(settings.width, settings.max_width, shape[1] // settings.patch)
        self.pixels = channels * settings.patch**2
        self.mapping = Mapping(settings.latent, settings.mapping_layers, mapping_rate)
        patches, residual = Patches(channels, settings.patch, settings.detail), settings.architecture == "residual"
        self.synthesis = Synthesis(
            patches, channels, self.levels, settings.latent, settings.noise, residual, settings.grain
        )
        self.conditioning = conditioning_of(settings)
        self.features = features_of(self.conditioning)
        self.told = Linear(self.features, settings.latent) if self.features else None

    @property
    def patches(self) -> Patches:
        """How the generator and the judges of its images exchange pixels."""
        return self.synthesis.patches

    def generator_parameters(self) -> list[nn.Parameter]:
        """The weights of all that makes images of latent vectors and conditions."""
        told = self.told.parameters() if self.told is not None else ()
        return [*self.mapping.parameters(), *told, *self.synthesis.parameters()]

    def latents(self, drawn: Tensor, numbers: Tensor | None) -> Tensor:
        """Latent vectors (n, latent), to which the numbers of the conditions (n, features) are added, if any."""
        return drawn if numbers is None else drawn + self.told(numbers)
