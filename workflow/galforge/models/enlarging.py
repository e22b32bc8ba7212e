"""Enlarging of maps in the precision that they have."""

from torch import Tensor, nn

from galforge.models.device import full_precision


class Enlarge(nn.Upsample):
    """Maps with twice the side, every pixel repeated.

    Under autocast torch would make single-precision maps of them on a GPU, and leave what follows so.
    """

    def __init__(self) -> None:
        super().__init__(scale_factor=2.0, mode="nearest")

    def forward(self, features: Tensor) -> Tensor:
        with full_precision(features.device):
            return super().forward(features)
