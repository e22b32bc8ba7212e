"""The Inception network of published FIDs, inception-2015-12-05 (Szegedy et al. 2016, CVPR; Heusel et al. 2017).

Attributes have the names of the weights file of pytorch-fid, which holds TensorFlow's weights. The network differs from
the Inception v3 of other libraries: average pools leave the padding out of the mean, the last block pools by the
maximum, the classifier has 1008 outputs, and there is no auxiliary classifier. Published FIDs depend on all of these.
"""

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import nn

SIDE = 299  # px
FEATURES = 2048
CLASSES = 1008
ROW, COLUMN = (1, 7), (7, 1)  # kernels [px]
BOTH = ((1, 3), (3, 1))  # two layers with the same input
HALVED = partial(F.max_pool2d, kernel_size=3, stride=2)
SAME = partial(F.max_pool2d, kernel_size=3, stride=1, padding=1)
AVERAGE = partial(F.avg_pool2d, kernel_size=3, stride=1, padding=1, count_include_pad=False)
Branches = dict[str, list[tuple]]
"""Layers of each branch of a block: (channels, kernel), or (channels, kernel, stride)."""


def _five(pooled: int) -> Branches:
    """Blocks on maps of 35 px."""
    return {
        "branch1x1": [(64, 1)],
        "branch5x5": [(48, 1), (64, 5)],
        "branch3x3dbl": [(64, 1), (96, 3), (96, 3)],
        "branch_pool": [(pooled, 1)],
    }


def _six(narrow: int) -> Branches:
    """Blocks on maps of 17 px."""
    return {
        "branch1x1": [(192, 1)],
        "branch7x7": [(narrow, 1), (narrow, ROW), (192, COLUMN)],
        "branch7x7dbl": [(narrow, 1), (narrow, COLUMN), (narrow, ROW), (narrow, COLUMN), (192, ROW)],
        "branch_pool": [(192, 1)],
    }


TO_SIX = {"branch3x3": [(384, 3, 2)], "branch3x3dbl": [(64, 1), (96, 3), (96, 3, 2)], "branch_pool": []}
TO_SEVEN = {
    "branch3x3": [(192, 1), (320, 3, 2)],
    "branch7x7x3": [(192, 1), (192, ROW), (192, COLUMN), (192, 3, 2)],
    "branch_pool": [],
}
SEVEN = {
    "branch1x1": [(320, 1)],
    "branch3x3": [(384, 1), (384, BOTH)],
    "branch3x3dbl": [(448, 1), (384, 3), (384, BOTH)],
    "branch_pool": [(192, 1)],
}


class Network(nn.Module):
    """RGB images (n, 3, H, W) in [0, 255] to features (n, 2048), the mean over the last maps."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Layer(3, 32, 3, stride=2)
        self.Conv2d_2a_3x3 = Layer(32, 32, 3, padded=False)
        self.Conv2d_2b_3x3 = Layer(32, 64, 3)
        self.Conv2d_3b_1x1 = Layer(64, 80, 1)
        self.Conv2d_4a_3x3 = Layer(80, 192, 3, padded=False)
        self.Mixed_5b = Mixed(192, AVERAGE, _five(pooled=32))
        self.Mixed_5c = Mixed(256, AVERAGE, _five(pooled=64))
        self.Mixed_5d = Mixed(288, AVERAGE, _five(pooled=64))
        self.Mixed_6a = Mixed(288, HALVED, TO_SIX)
        self.Mixed_6b = Mixed(768, AVERAGE, _six(narrow=128))
        self.Mixed_6c = Mixed(768, AVERAGE, _six(narrow=160))
        self.Mixed_6d = Mixed(768, AVERAGE, _six(narrow=160))
        self.Mixed_6e = Mixed(768, AVERAGE, _six(narrow=192))
        self.Mixed_7a = Mixed(768, HALVED, TO_SEVEN)
        self.Mixed_7b = Mixed(1280, AVERAGE, SEVEN)
        self.Mixed_7c = Mixed(2048, SAME, SEVEN)
        self.fc = nn.Linear(FEATURES, CLASSES)  # used by band_features; and other weights files are refused by it

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Features; images of another side than 299 px are resized as TensorFlow 1 did."""
        x = (resized(images, SIDE) - 128) / 128
        x = HALVED(self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x))))
        x = HALVED(self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x)))
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(x)))
        x = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))))
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))
        return x.mean((2, 3))


def resized(images: torch.Tensor, side: int) -> torch.Tensor:
    """Images (n, 3, H, W) as (n, 3, side, side): bilinear as TensorFlow 1 did it, without aligned corners.

    Pixel i is read at i * (old side / new side), without an offset of half a pixel, and nothing is smoothed. Beyond the
    last pixel its value is repeated (`image_resizer_state.h` of TensorFlow 1).
    """
    for axis in (-2, -1):
        old = images.shape[axis]
        if old == side:
            continue
        place = torch.arange(side, device=images.device, dtype=torch.float32) * (old / side)
        low = place.floor().long().clamp(max=old - 1)
        part = (place - low).reshape((-1,) + (1,) * (-1 - axis))
        below, above = images.index_select(axis, low), images.index_select(axis, (low + 1).clamp(max=old - 1))
        images = below + (above - below) * part
    return images


class Layer(nn.Module):
    """Convolution, batch normalisation, ReLU; a stride of 1 keeps the side of the maps where they are `padded`."""

    FOLDED = (("conv", "bn"),)

    def __init__(self, channels: int, out: int, kernel: int | tuple[int, int], stride: int = 1, *, padded: bool = True):
        super().__init__()
        height, width = kernel if isinstance(kernel, tuple) else (kernel, kernel)
        padding = (height // 2, width // 2) if padded and stride == 1 else 0
        self.conv = nn.Conv2d(channels, out, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(out, eps=1e-3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, C, h, w) to (n, out, h', w')."""
        return self.bn(self.conv(x)).relu_()


class Mixed(nn.Module):
    """Branches of layers with one input, whose maps are joined.

    Layers of a branch are called `<branch>_1` and so on, a single one `<branch>`; two layers of kernels BOTH are
    `<branch>_<number>a` and `..b`.

    Args:
        channels: of the input.
        pool: pools the input of `branch_pool`.
        branches: the layers of each branch; of the pool alone where it has none.
    """

    def __init__(self, channels: int, pool: Callable[[torch.Tensor], torch.Tensor], branches: Branches):
        super().__init__()
        self.pool, self.paths = pool, {name: [] for name in branches}
        for branch, layers in branches.items():
            before = channels
            for number, (out, kernel, *stride) in enumerate(layers, start=1):
                name = f"{branch}_{number}" if len(layers) > 1 else branch
                beside = {f"{name}a": kernel[0], f"{name}b": kernel[1]} if kernel == BOTH else {name: kernel}
                for each, size in beside.items():
                    self.add_module(each, Layer(before, out, size, *stride))
                self.paths[branch].append(list(beside))
                before = out

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, C, h, w) to (n, channels of all branches, h', w')."""
        maps = []
        for branch, path in self.paths.items():
            found = [self.pool(x) if branch == "branch_pool" else x]
            for names in path:
                found = [getattr(self, name)(found[0]) for name in names]
            maps += found
        return torch.cat(maps, 1)
