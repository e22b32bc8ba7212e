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

    def forward(self, images: Tensor) -> Tensor:
        """Galaxies (n, C, H, W) float32 [image unit] from observed images of that shape, at the weights' precision."""
        features = _active(self.first((images / self.scale).to(self.first.weight.dtype)))
        for block in self.encoder:
            features = block(features)
        features = _active(self.widen(self.narrow(features)))
        for block in self.decoder:
            features = block(features)
        return self.last(features).float() * self.scale


class Residual(nn.Module):
    """Two convolutions whose input is added to their output; the last activation is behind the sum (released code)."""

    def __init__(self, width: int, kernel: int, layer: type):
        super().__init__()
        self.one, self.two = layer(width, width, kernel), layer(width, width, kernel)

    def forward(self, features: Tensor) -> Tensor:
        return _active(self.two(_active(self.one(features))).add_(features))


def _active(features: Tensor) -> Tensor:
    """The activation, in the place of its input, which nobody needs again: half the memory of a training."""
    return functional.leaky_relu(features, SLOPE, inplace=True)


def _convolution(inputs: int, outputs: int, kernel: int) -> nn.Module:
    return _initialised(nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2))


def _transposed(inputs: int, outputs: int, kernel: int) -> nn.Module:
    return _initialised(nn.ConvTranspose2d(inputs, outputs, kernel, padding=kernel // 2))


def _initialised(layer: nn.Conv2d | nn.ConvTranspose2d) -> nn.Module:
    """Weights drawn as in Keras (Glorot & Bengio 2010, uniform), biases of zero."""
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
