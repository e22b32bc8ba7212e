"""Networks of the variational autoencoder: residual encoder and decoder, and the noise of an observation."""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from galforge.models.conditions import beside, conditioning_of, features_of, with_maps
from galforge.models.enlarging import Enlarge
from galforge.models.normalisation import Normalisation
from galforge.models.norms import GroupNorm
from galforge.models.vae.latents import Latents
from galforge.models.vae.settings import ModelSettings

BOTTOM = 4
"""Side of the feature maps between the convolutions and the latent vector [pixels]."""

STRIDE = 2
"""Side of a pixel of the finest feature maps [px]: the PSF is wider than that, and maps at full resolution would take
three quarters of the work."""

_GROUPS = 8
_SKY_FLOOR = 0.1
_FRACTION_AT_START = 0.3
_OBSERVATION_RATE = 10.0
_SQUARABLE = (1e-16, 1e14)
"""Pixel values [image unit] whose squares single precision holds, from a tenth to 100,000 times as large."""


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
        self.latents = Latents(settings.latent, features) if settings.prior == "fitted" else None


class Residual(nn.Module):
    """Two normalised convolutions beside a shortcut; training starts from the shortcut alone."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        layers = [*_normalised(inputs), nn.Conv2d(inputs, outputs, 3, padding=1)]
        self.body = nn.Sequential(*layers, *_normalised(outputs), nn.Conv2d(outputs, outputs, 3, padding=1))
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()
        nn.init.zeros_(self.body[-1].weight)
        nn.init.zeros_(self.body[-1].bias)

    def forward(self, features: Tensor) -> Tensor:
        return self.shortcut(features) + self.body(features)


class Encoder(nn.Module):
    """Images (n, C, H, W), with maps of the conditions, to mean and log-variance (n, latent) of the latent vector."""

    def __init__(self, channels: int, widths: list[int], blocks: int, latent: int):
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(channels, widths[0], 4, stride=STRIDE, padding=1)]
        for width, wider in pairwise(widths):
            layers += [Residual(width, width) for _ in range(blocks)]
            layers.append(nn.Conv2d(width, wider, 4, stride=2, padding=1))
        self.convolutions = nn.Sequential(*layers, Residual(widths[-1], widths[-1]), *_normalised(widths[-1]))
        self.head = nn.Linear(widths[-1] * BOTTOM**2, 2 * latent)

    def forward(self, images: Tensor, numbers: Tensor | None = None) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.head(self.convolutions(with_maps(images, numbers)).flatten(1)).chunk(2, dim=1)
        return mean, log_variance


class Decoder(nn.Module):
    """Latent vectors (n, latent), with conditions, to expected normalised images (n, C, H, W), without noise."""

    def __init__(self, channels: int, widths: list[int], blocks: int, inputs: int):
        super().__init__()
        self.bottom = (widths[-1], BOTTOM, BOTTOM)
        self.head = nn.Linear(inputs, math.prod(self.bottom))
        layers: list[nn.Module] = [Residual(widths[-1], widths[-1])]
        for width, narrower in pairwise(widths[::-1]):
            # Convolving before enlarging takes a quarter of the operations.
            layers += [nn.Conv2d(width, narrower, 3, padding=1), Enlarge()]
            layers += [Residual(narrower, narrower) for _ in range(blocks)]
        layers += [*_normalised(widths[0]), nn.Conv2d(widths[0], STRIDE**2 * channels, 3, padding=1)]
        self.convolutions = nn.Sequential(*layers, nn.PixelShuffle(STRIDE))

    def forward(self, latents: Tensor, numbers: Tensor | None = None) -> Tensor:
        return self.convolutions(self.head(beside(latents, numbers)).unflatten(1, self.bottom))


def _normalised(channels: int) -> tuple[nn.Module, nn.Module]:
    """A group normalisation and the activation after it."""
    return GroupNorm(math.gcd(_GROUPS, channels), channels), nn.SiLU()


class Observation(nn.Module):
    """How an observed pixel scatters about the expected flux x [image unit]: variance sky^2 + (fraction x)^2.

    Both numbers are learned per channel. ``sky`` is the noise of the sky, which a decoder cannot predict; ``fraction``
    is the relative error of the decoder. Keeping them apart lets sampled images have the noise of the sky without that
    error, and learning them calibrates the decoder (Rybkin et al. 2021, section 3). The sky has a floor of a tenth of
    the softening, half the noise of noisy stamps. On noiseless stamps it would fall without limit, and the faintest
    wings would outweigh the galaxies.
    """

    def __init__(self, normalisation: Normalisation):
        super().__init__()
        self.normalisation = normalisation
        scale = normalisation.softening if normalisation.kind == "asinh" else normalisation.unit
        self.squarable = all(_SQUARABLE[0] <= each <= _SQUARABLE[1] for each in scale)
        unit = torch.tensor(scale, dtype=torch.float32).reshape(-1, 1, 1)
        self.register_buffer("log_floor", torch.log(_SKY_FLOOR * unit))
        self.log_sky = nn.Parameter(torch.log(unit))
        self.log_fraction = nn.Parameter(torch.full_like(self.log_sky, math.log(_FRACTION_AT_START)))

    def surprise(self, images: Tensor, expected: Tensor) -> Tensor:
        """Mean negative log-likelihood [nats per pixel, up to a constant] of normalised images (n, C, H, W)."""
        variance = self.variance(expected)
        return 0.5 * ((images - expected) ** 2 / variance + torch.log(variance)).mean()

    def variance(self, expected: Tensor) -> Tensor:
        """Variance of normalised pixels about their expected normalised values, both (n, C, H, W)."""
        # Detached, so that the decoder cannot make its errors more probable by claiming another flux.
        flux = self.normalisation.invert(expected.detach())
        sky = torch.maximum(self.log_sky, self.log_floor)
        slope = self.normalisation.slope(flux)
        if not self.squarable:
            # In W/m2, say, pixels are too small or large to be squared before they are normalised.
            return (torch.exp(sky) * slope) ** 2 + (torch.exp(self.log_fraction) * (flux * slope)) ** 2
        scatter = torch.exp(2 * sky) + torch.exp(2 * self.log_fraction) * flux**2
        return scatter * slope**2

    def observe(self, expected: Tensor, noise: Tensor) -> Tensor:
        """Expected normalised images (n, C, H, W) with sky noise, from standard normal ``noise`` of the same shape.

        Where the sky is at its floor, no noise is added.
        """
        sky = torch.where(self.log_sky > self.log_floor, torch.exp(self.log_sky), 0.0)
        return self.normalisation.normalise(self.normalisation.invert(expected) + sky * noise)


def adam(networks: nn.Module, rate: float, epsilon: float = 1e-8) -> torch.optim.Optimizer:
    """Adam over encoder, decoder and, if there is one, observation, with ten times the step size.

    The observation is a few logarithms that must keep up with the decoder, and Adam moves each by about the step size
    per step, whatever its gradient.
    """
    groups = [{"params": [*networks.encoder.parameters(), *networks.decoder.parameters()], "lr": rate}]
    if networks.observation is not None:
        groups.append({"params": list(networks.observation.parameters()), "lr": _OBSERVATION_RATE * rate})
    return torch.optim.Adam(groups, eps=epsilon, fused=True)
