"""What the diffusion model learns: how conditions are encoded, and the U-Net."""

from torch import Tensor, nn

from galforge.models import keras
from galforge.models.conditions import conditioning_of, features_of
from galforge.models.ddpm.settings import ModelSettings
from galforge.models.unet import UNet


class Networks(nn.Module):
    """All that the diffusion model learns."""

    def __init__(self, settings: ModelSettings, shape: tuple[int, int, int]):
        super().__init__()
        published = settings.variant == "published"
        self.conditioning = conditioning_of(settings, raw=published)
        # Li et al. begin with fewer maps, and have no way around them.
        first = settings.dim // 3 * 2 if published else None
        self.unet = UNet(settings, shape, features_of(self.conditioning), first=first, straight=not published)
        if published:
            self.unet.apply(keras.initialise)
        else:
            self.unet.silence()

    def forward(self, noisy: Tensor, levels: Tensor, given: Tensor | None) -> Tensor:
        """Predictions (n, C, H, W) for images (n, C, H, W) of the noise levels (n,), given the numbers (n, features) of
        their conditions."""
        return self.unet(noisy, levels, given)
