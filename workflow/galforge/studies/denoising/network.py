"""The denoising network of Holzschuh et al. (2022, released code), for galaxies of any size."""

from torch import Tensor, nn
from torch.nn import functional

from galforge.studies.denoising.settings import DenoiserNetwork

SLOPE = 0.3
"""Of the leaky ReLU; the default of Keras, which the released code uses."""


class Denoiser(nn.Module):
    """Fully convolutional, without down-sampling: an encoder, a bottleneck of few channels, and a mirrored decoder.

    There is no normalisation, and no activation behind the bottleneck and at the end. It has 522,310 parameters with
    four bands and the published settings; the released weights take 2.2 MB.

    Images of different sizes in one batch are filled up and masked: features outside of an image are set to zero before
    each convolution, like its zero padding, so that the output of an image does not depend on the other images.

    Args:
        settings: of the layers.
        bands: number of bands of the images.
        scale: images are divided by it first and multiplied by it last [image unit].
    """

    def __init__(self, settings: DenoiserNetwork, bands: int, scale: float):
        super().__init__()
        self.scale = scale
        width, kernel = settings.width, settings.kernel
        self.first = _convolution(bands, width, kernel)
        self.encoder = nn.ModuleList(Residual(width, kernel, _convolution) for _ in range(settings.blocks))
        self.narrow = _convolution(width, settings.bottleneck, kernel)
        self.widen = _transposed(settings.bottleneck, width, kernel)
        self.decoder = nn.ModuleList(Residual(width, kernel, _transposed) for _ in range(settings.blocks))
        self.last = _transposed(width, bands, kernel)

    def forward(self, images: Tensor, mask: Tensor | None = None) -> Tensor:
        """Galaxies (n, C, H, W) [image unit] from observed images of that shape.

        ``mask`` (n, 1, H, W) is 1 inside of the images and 0 outside; None where all images fill the batch.
        """
        features = _lit(functional.leaky_relu(self.first(_lit(images / self.scale, mask)), SLOPE), mask)
        for block in self.encoder:
            features = block(features, mask)
        features = _lit(self.narrow(features), mask)
        features = _lit(functional.leaky_relu(self.widen(features), SLOPE), mask)
        for block in self.decoder:
            features = block(features, mask)
        return _lit(self.last(features), mask).float() * self.scale


class Residual(nn.Module):
    """Two convolutions whose input is added to their output; the last activation is behind the sum (released code)."""

    def __init__(self, width: int, kernel: int, layer: type):
        super().__init__()
        self.one, self.two = layer(width, width, kernel), layer(width, width, kernel)

    def forward(self, features: Tensor, mask: Tensor | None) -> Tensor:
        inner = _lit(functional.leaky_relu(self.one(features), SLOPE), mask)
        return _lit(functional.leaky_relu(features + self.two(inner), SLOPE), mask)


def _lit(features: Tensor, mask: Tensor | None) -> Tensor:
    return features if mask is None else features * mask


def _convolution(inputs: int, outputs: int, kernel: int) -> nn.Module:
    return _initialised(nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2))


def _transposed(inputs: int, outputs: int, kernel: int) -> nn.Module:
    return _initialised(nn.ConvTranspose2d(inputs, outputs, kernel, padding=kernel // 2))


def _initialised(layer: nn.Conv2d | nn.ConvTranspose2d) -> nn.Module:
    """Weights drawn as in Keras (Glorot & Bengio 2010, uniform), biases of zero."""
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
