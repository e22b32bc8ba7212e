"""The redshift network: 4,851,521 weights for five bands."""

from torch import Tensor, nn

WIDTHS = (1, 2, 4, 8, 8)  # channels of the convolutions before a pool, over the first one's
LAST = 16  # and of the two convolutions behind the pools
DENSE = (16, 4, 1)


class Networks(nn.Module):
    """Images (n, C, H, W), H = W a multiple of 32, to numbers (n,).

    Five convolutions of 3 px with tanh, each followed by a maximum over 2 x 2 px; two with ReLU; the maximum over what
    is left; three dense layers with tanh, and the number. First weights are drawn as Keras does (Glorot, uniform).
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
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, images: Tensor) -> Tensor:
        return self.dense(self.convolutions(images).amax((2, 3)))[:, 0]
