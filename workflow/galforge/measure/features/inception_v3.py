"""The Inception network of published FIDs, inception-2015-12-05 (Szegedy et al. 2016, CVPR; Heusel et al. 2017).

Attributes bear the names of the weights file of pytorch-fid, which holds TensorFlow's weights. It is not quite the
Inception v3 that is known elsewhere: average pools leave the padding out of the mean, the last block pools by the
maximum, the classifier has 1008 outputs, and there is no auxiliary one. A published FID means these quirks too.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn

SIDE = 299  # px
FEATURES = 2048
CLASSES = 1008


class Network(nn.Module):
    """RGB images (n, 3, H, W) in [0, 255] to features (n, 2048): the mean over the last maps."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Layer(3, 32, 3, stride=2)
        self.Conv2d_2a_3x3 = Layer(32, 32, 3)
        self.Conv2d_2b_3x3 = Layer(32, 64, 3, padding=1)
        self.Conv2d_3b_1x1 = Layer(64, 80, 1)
        self.Conv2d_4a_3x3 = Layer(80, 192, 3)
        self.Mixed_5b = MixedFive(192, pooled=32)
        self.Mixed_5c = MixedFive(256, pooled=64)
        self.Mixed_5d = MixedFive(288, pooled=64)
        self.Mixed_6a = ReductionSix(288)
        self.Mixed_6b = MixedSix(768, narrow=128)
        self.Mixed_6c = MixedSix(768, narrow=160)
        self.Mixed_6d = MixedSix(768, narrow=160)
        self.Mixed_6e = MixedSix(768, narrow=192)
        self.Mixed_7a = ReductionSeven(768)
        self.Mixed_7b = MixedSeven(1280, average_without_padding)
        self.Mixed_7c = MixedSeven(2048, maximum)
        self.fc = nn.Linear(FEATURES, CLASSES)  # not run; there so that a file with other weights is refused

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Features; images of another side than 299 px are resized as TensorFlow 1 did."""
        x = (resized(images, SIDE) - 128) / 128
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = F.max_pool2d(x, 3, 2)
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x))
        x = F.max_pool2d(x, 3, 2)
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(x)))
        x = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))))
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))
        return x.mean((2, 3))


def resized(images: torch.Tensor, side: int) -> torch.Tensor:
    """Images (n, 3, H, W) as (n, 3, side, side): bilinear as TensorFlow 1 did it, without aligned corners.

    Pixel i is read at i * (old side / new side), with no half pixel between, and nothing is smoothed; beyond the last
    pixel the last one counts (`image_resizer_state.h` of TensorFlow 1).
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


def average_without_padding(x: torch.Tensor) -> torch.Tensor:
    """Mean over 3 x 3 px; at the edges over the pixels that are there."""
    return F.avg_pool2d(x, 3, 1, padding=1, count_include_pad=False)


def maximum(x: torch.Tensor) -> torch.Tensor:
    """Maximum over 3 x 3 px."""
    return F.max_pool2d(x, 3, 1, padding=1)


class Layer(nn.Module):
    """Convolution, batch normalisation, ReLU."""

    FOLDED = (("conv", "bn"),)

    def __init__(
        self,
        channels: int,
        out: int,
        kernel: int | tuple[int, int],
        stride: int = 1,
        padding: int | tuple[int, int] = 0,
    ):
        super().__init__()
        self.conv = nn.Conv2d(channels, out, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(out, eps=1e-3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, C, h, w) to (n, out, h', w')."""
        return self.bn(self.conv(x)).relu_()


def _row(channels: int, out: int) -> Layer:
    return Layer(channels, out, (1, 7), padding=(0, 3))


def _column(channels: int, out: int) -> Layer:
    return Layer(channels, out, (7, 1), padding=(3, 0))


class MixedFive(nn.Module):
    """Filters of 1, 5 and twice 3 px beside an average (35 px maps)."""

    def __init__(self, channels: int, pooled: int):
        super().__init__()
        self.branch1x1 = Layer(channels, 64, 1)
        self.branch5x5_1 = Layer(channels, 48, 1)
        self.branch5x5_2 = Layer(48, 64, 5, padding=2)
        self.branch3x3dbl_1 = Layer(channels, 64, 1)
        self.branch3x3dbl_2 = Layer(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = Layer(96, 96, 3, padding=1)
        self.branch_pool = Layer(channels, pooled, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, C, h, w) to (n, 224 + pooled, h, w)."""
        five = self.branch5x5_2(self.branch5x5_1(x))
        three = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch1x1(x), five, three, self.branch_pool(average_without_padding(x))], 1)


class ReductionSix(nn.Module):
    """Half the side: from 35 to 17 px."""

    def __init__(self, channels: int):
        super().__init__()
        self.branch3x3 = Layer(channels, 384, 3, stride=2)
        self.branch3x3dbl_1 = Layer(channels, 64, 1)
        self.branch3x3dbl_2 = Layer(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = Layer(96, 96, 3, stride=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, C, h, w) to (n, 480 + C, h', w')."""
        three = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch3x3(x), three, F.max_pool2d(x, 3, 2)], 1)


class MixedSix(nn.Module):
    """Filters of 1 px and of 7 px, in rows and columns, beside an average (17 px maps)."""

    def __init__(self, channels: int, narrow: int):
        super().__init__()
        self.branch1x1 = Layer(channels, 192, 1)
        self.branch7x7_1 = Layer(channels, narrow, 1)
        self.branch7x7_2 = _row(narrow, narrow)
        self.branch7x7_3 = _column(narrow, 192)
        self.branch7x7dbl_1 = Layer(channels, narrow, 1)
        self.branch7x7dbl_2 = _column(narrow, narrow)
        self.branch7x7dbl_3 = _row(narrow, narrow)
        self.branch7x7dbl_4 = _column(narrow, narrow)
        self.branch7x7dbl_5 = _row(narrow, 192)
        self.branch_pool = Layer(channels, 192, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, C, h, w) to (n, 768, h, w)."""
        once = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        twice = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        twice = self.branch7x7dbl_5(self.branch7x7dbl_4(twice))
        return torch.cat([self.branch1x1(x), once, twice, self.branch_pool(average_without_padding(x))], 1)


class ReductionSeven(nn.Module):
    """Half the side: from 17 to 8 px."""

    def __init__(self, channels: int):
        super().__init__()
        self.branch3x3_1 = Layer(channels, 192, 1)
        self.branch3x3_2 = Layer(192, 320, 3, stride=2)
        self.branch7x7x3_1 = Layer(channels, 192, 1)
        self.branch7x7x3_2 = _row(192, 192)
        self.branch7x7x3_3 = _column(192, 192)
        self.branch7x7x3_4 = Layer(192, 192, 3, stride=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, C, h, w) to (n, 512 + C, h', w')."""
        three = self.branch3x3_2(self.branch3x3_1(x))
        seven = self.branch7x7x3_4(self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x))))
        return torch.cat([three, seven, F.max_pool2d(x, 3, 2)], 1)


class MixedSeven(nn.Module):
    """Filters of 1 px, and of 3 px in rows beside columns, beside a pool (8 px maps)."""

    def __init__(self, channels: int, pool: Callable[[torch.Tensor], torch.Tensor]):
        super().__init__()
        self.pool = pool
        self.branch1x1 = Layer(channels, 320, 1)
        self.branch3x3_1 = Layer(channels, 384, 1)
        self.branch3x3_2a = Layer(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3_2b = Layer(384, 384, (3, 1), padding=(1, 0))
        self.branch3x3dbl_1 = Layer(channels, 448, 1)
        self.branch3x3dbl_2 = Layer(448, 384, 3, padding=1)
        self.branch3x3dbl_3a = Layer(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3dbl_3b = Layer(384, 384, (3, 1), padding=(1, 0))
        self.branch_pool = Layer(channels, 192, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, C, h, w) to (n, 2048, h, w)."""
        once = self.branch3x3_1(x)
        twice = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        return torch.cat(
            [
                self.branch1x1(x),
                self.branch3x3_2a(once),
                self.branch3x3_2b(once),
                self.branch3x3dbl_3a(twice),
                self.branch3x3dbl_3b(twice),
                self.branch_pool(self.pool(x)),
            ],
            1,
        )
