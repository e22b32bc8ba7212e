"""What the networks of the style-based families share: the generator, and what it is told of each galaxy."""

from torch import Tensor, nn

from galforge.models.conditions import conditioning_of, features_of
from galforge.models.patches import Patches
from galforge.models.settings import StyleSettings
from galforge.models.style_layers import Linear, Mapping, Synthesis


class StyleNetworks(nn.Module):
    """``mapping`` and ``synthesis``, and ``told``, which adds conditions to the latent vectors.

    Args:
        settings: of the family.
        shape: (C, H, W) of the images [pixels].
        levels: channels of the maps, coarsest first (see ``style_layers.widths``).
    """

    def __init__(self, settings: StyleSettings, shape: tuple[int, int, int], levels: list[int]):
        super().__init__()
        channels = shape[0]
        self.mapping = Mapping(settings.latent, settings.mapping_layers)
        self.synthesis = Synthesis(
            Patches(channels, settings.patch, settings.detail),
            channels,
            levels,
            settings.latent,
            noise=settings.noise,
            residual=settings.architecture == "residual",
        )
        self.conditioning = conditioning_of(settings)
        self.told = Linear(self.features, settings.latent) if self.features else None

    @property
    def features(self) -> int:
        """Numbers per image that conditions are given as; 0 without conditions."""
        return features_of(self.conditioning)

    @property
    def patches(self) -> Patches:
        """How the generator and what judges its images exchange pixels."""
        return self.synthesis.patches

    def mapping_parameters(self) -> list[nn.Parameter]:
        """Of all that makes styles of latent vectors and conditions."""
        told = self.told.parameters() if self.told is not None else ()
        return [*self.mapping.parameters(), *told]

    def latents(self, drawn: Tensor, numbers: Tensor | None) -> Tensor:
        """Latent vectors (n, latent) that tell the conditions, given as numbers (n, features), too."""
        return drawn if numbers is None else drawn + self.told(numbers)
