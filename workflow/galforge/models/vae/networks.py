"""Networks of the variational autoencoder: residual encoder and decoder, and the noise of an observation."""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from galforge.models.conditions import beside, conditioning_of, features_of, with_maps
from galforge.models.normalisation import Normalisation
from galforge.models.vae.settings import ModelSettings

BOTTOM = 4
"""Side of the feature maps between the convolutions and the latent vector [pixels]."""

STRIDE = 2
"""The finest features have pixels of twice the size: galaxies come blurred by a PSF that is wider than that,
and three quarters of the work would go into the last level."""

_GROUPS = 8
_SKY_FLOOR = 0.1
_FRACTION_AT_START = 0.3


class Networks(nn.Module):
    """All that the autoencoder learns."""

    def __init__(self, settings: ModelSettings, shape: tuple[int, int, int], normalisation: Normalisation):
        super().__init__()
        levels = int(math.log2(shape[1] // (STRIDE * BOTTOM)))
        widths = [min(settings.width * 2**level, settings.max_width) for level in range(levels + 1)]
        self.conditioning = conditioning_of(settings)
        features = features_of(self.conditioning)
        self.encoder = Encoder(shape[0] + features, widths, settings.blocks, settings.latent)
        self.decoder = Decoder(shape[0], widths, settings.blocks, settings.latent + features)
        self.observation = Observation(normalisation)


class Residual(nn.Module):
    """Two normalised convolutions beside a shortcut; the identity (or the projection) at the start of
    training."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.body = nn.Sequential(
            nn.GroupNorm(math.gcd(_GROUPS, inputs), inputs),
            nn.SiLU(),
            nn.Conv2d(inputs, outputs, 3, padding=1),
            nn.GroupNorm(math.gcd(_GROUPS, outputs), outputs),
            nn.SiLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1),
        )
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()
        nn.init.zeros_(self.body[-1].weight)
        nn.init.zeros_(self.body[-1].bias)

    def forward(self, features: Tensor) -> Tensor:
        return self.shortcut(features) + self.body(features)


class Encoder(nn.Module):
    """Images (n, C, H, W), with maps of conditions, to mean and log-variance of the latent vector, (n, latent) each."""

    def __init__(self, channels: int, widths: list[int], blocks: int, latent: int):
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(channels, widths[0], 4, stride=STRIDE, padding=1)]
        for width, wider in pairwise(widths):
            layers += [Residual(width, width) for _ in range(blocks)]
            layers.append(nn.Conv2d(width, wider, 4, stride=2, padding=1))
        layers += [
            Residual(widths[-1], widths[-1]),
            nn.GroupNorm(math.gcd(_GROUPS, widths[-1]), widths[-1]),
            nn.SiLU(),
        ]
        self.convolutions = nn.Sequential(*layers)
        self.head = nn.Linear(widths[-1] * BOTTOM**2, 2 * latent)

    def forward(self, images: Tensor, numbers: Tensor | None = None) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.head(self.convolutions(with_maps(images, numbers)).flatten(1)).chunk(2, dim=1)
        return mean, log_variance


class Decoder(nn.Module):
    """Latent vectors (n, latent), with conditions, to the expected normalised image (n, C, H, W), free of noise."""

    def __init__(self, channels: int, widths: list[int], blocks: int, inputs: int):
        super().__init__()
        self.bottom = (widths[-1], BOTTOM, BOTTOM)
        self.head = nn.Linear(inputs, math.prod(self.bottom))
        layers: list[nn.Module] = [Residual(widths[-1], widths[-1])]
        for width, narrower in pairwise(widths[::-1]):
            # Convolved before it is enlarged: four times fewer operations than the other way round.
            layers += [nn.Conv2d(width, narrower, 3, padding=1), Enlarge()]
            layers += [Residual(narrower, narrower) for _ in range(blocks)]
        layers += [nn.GroupNorm(math.gcd(_GROUPS, widths[0]), widths[0]), nn.SiLU()]
        layers += [nn.Conv2d(widths[0], STRIDE**2 * channels, 3, padding=1), nn.PixelShuffle(STRIDE)]
        self.convolutions = nn.Sequential(*layers)

    def forward(self, latents: Tensor, numbers: Tensor | None = None) -> Tensor:
        return self.convolutions(self.head(beside(latents, numbers)).unflatten(1, self.bottom))


class Enlarge(nn.Module):
    """Doubles the side of feature maps by repeating pixels; the convolutions behind it smooth."""

    def forward(self, features: Tensor) -> Tensor:
        return functional.interpolate(features, scale_factor=2.0, mode="nearest")


class Observation(nn.Module):
    """How an observed pixel scatters about the expected flux x [image unit]: variance sky^2 + (fraction x)^2.

    Both numbers are learned per channel. The first is the noise of the sky, which an image has and the
    decoder cannot foresee; the second is what the decoder gets wrong. Keeping them apart lets sampled images
    get the noise of the sky without that error, and learning them calibrates the decoder (Rybkin et al. 2021,
    section 3). The sky has a floor of a tenth of the softening, which is half the noise of noisy stamps: on
    noiseless ones it would fall without end, and the faintest wings would outweigh the galaxies.
    """

    def __init__(self, normalisation: Normalisation):
        super().__init__()
        self.normalisation = normalisation
        scale = normalisation.softening if normalisation.kind == "asinh" else normalisation.unit
        unit = torch.tensor(scale, dtype=torch.float32).reshape(-1, 1, 1)
        self.register_buffer("log_floor", torch.log(_SKY_FLOOR * unit))
        self.log_sky = nn.Parameter(torch.log(unit))
        self.log_fraction = nn.Parameter(torch.full_like(self.log_sky, math.log(_FRACTION_AT_START)))

    def variance(self, expected: Tensor) -> Tensor:
        """Variance of normalised pixels about their expected normalised values, both (n, C, H, W)."""
        # Detached: the decoder must not make its errors look probable by claiming another flux.
        flux = self.normalisation.invert(expected.detach())
        sky = torch.maximum(self.log_sky, self.log_floor)
        scatter = torch.exp(2 * sky) + torch.exp(2 * self.log_fraction) * flux**2
        return scatter * self.normalisation.slope(flux) ** 2

    def observe(self, expected: Tensor, noise: Tensor) -> Tensor:
        """Add the noise of the sky, where it is above its floor, to expected normalised images.

        ``expected`` and the standard normal ``noise`` are (n, C, H, W).
        """
        sky = torch.where(self.log_sky > self.log_floor, torch.exp(self.log_sky), 0.0)
        return self.normalisation.normalise(self.normalisation.invert(expected) + sky * noise)
