"""The redshift network: 4,851,521 weights for five bands."""

from torch import Tensor, nn

from galforge.models import keras

WIDTHS = (1, 2, 4, 8, 8)
"""Channels of the convolutions with a pool after them, relative to the first one's."""
LAST = 16
"""Channels of the two convolutions after the last pool, relative to the same."""
DENSE = (16, 4, 1)


class Networks(nn.Module):
    """Images (n, C, H, W), H = W a multiple of 32, to numbers (n,).

    Five convolutions of 3 px with tanh, each followed by a maximum over 2 x 2 px; two with ReLU; the maximum over the
    remaining pixels; three dense layers with tanh, and one without. Weights are initialised as in Keras.
    """

    def __init__(self, channels: int, width: int):
        super().__init__()
        layers: list[nn.Module] = []
        for factor in WIDTHS:
            layers += [nn.Conv2d(channels, factor * width, 3, padding=1), nn.Tanh(), nn.MaxPool2d(2)]
            channels = factor * width
        for _ in range(2):
            layers += [nn.Conv2d(channels, LAST * width, 3, padding=1), nn.ReLU()]
            channels = LAST * width
        self.convolutions = nn.Sequential(*layers)
        layers = []
        for factor in DENSE:
            layers += [nn.Linear(channels, factor * width), nn.Tanh()]
            channels = factor * width
        self.dense = nn.Sequential(*layers, nn.Linear(channels, 1))
        self.apply(keras.initialise)

    def forward(self, images: Tensor) -> Tensor:
        return self.dense(self.convolutions(images).amax((2, 3)))[:, 0]
