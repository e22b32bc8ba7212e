"""Enlarging of maps in the precision that they have."""

from torch import Tensor, nn
from torch.nn import functional

from galforge.models.device import full_precision


def enlarge(features: Tensor, mode: str = "bilinear") -> Tensor:
    """Maps (n, c, h, w) with twice the side, by a ``mode`` of ``torch.nn.functional.interpolate``.

    Under autocast torch would make single-precision maps of them on a GPU, and leave what follows so.
    """
    with full_precision(features.device):
        return functional.interpolate(features, scale_factor=2.0, mode=mode)


class Enlarge(nn.Module):
    """Maps with twice the side, every pixel repeated."""

    def forward(self, features: Tensor) -> Tensor:
        return enlarge(features, "nearest")
