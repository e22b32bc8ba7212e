"""Networks of the two-stage GAN.

Unlike those of the authors' code they have no batch normalisation, because an image may not depend on the others of its
batch. Only the generator of the GAN with a convolutional discriminator normalises, each image by itself. In the other
networks that would divide away how many cells are lit and how bright a patch is.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from galforge.models.adversarial import SLOPE, group_norm, label_maps
from galforge.models.enlarging import Enlarge

CELLS = 32
"""Cells along a side of the grid of positions, and pixels along that of a patch."""
_BOTTLENECK = 32


class GalaxyGenerator(nn.Module):
    """Latent vectors (n, latent), and with classes also these (n,), to patches (n, 1, 32, 32) from -1 to 1."""

    def __init__(self, latent: int, width: int, classes: int = 0):
        super().__init__()
        self.start = nn.Linear(latent, 2 * width * 64)
        self.label = label_maps(classes, 64)
        self.layers = nn.Sequential(
            nn.ConvTranspose2d(2 * width + bool(classes), width, 4, 2, 1),
            group_norm(width),
            nn.ReLU(),
            # Four channels become 2 x 2 pixels: a transposed convolution to one channel takes twice as long on a CPU.
            nn.Conv2d(width, 4, 3, 1, 1),
            nn.PixelShuffle(2),
            nn.Tanh(),
        )

    def forward(self, latents: Tensor, classes: Tensor | None = None) -> Tensor:
        maps = functional.relu(self.start(latents)).unflatten(1, (-1, 8, 8))
        if self.label is not None:
            maps = torch.cat([maps, self.label(classes).unflatten(1, (1, 8, 8))], 1)
        return self.layers(maps)


class Upsampling(nn.Module):
    """Vectors (n, length) to patches (n, 1, 32, 32) from -1 to 1, enlarged twice and smoothed by convolutions.

    Args:
        length: of the vectors.
        width: channels of the first maps.
        normalised: ``group_norm`` after the convolutions, which takes away how bright a patch is as a whole.
    """

    def __init__(self, length: int, width: int, normalised: bool = False):
        super().__init__()
        self.start = nn.Linear(length, width * 64)
        layers: list[nn.Module] = []
        for outputs in (width, width // 2):
            convolution = nn.Conv2d(width, outputs, 3, 1, 1)
            layers += [Enlarge(), convolution, *([group_norm(outputs)] if normalised else [])]
            layers.append(nn.LeakyReLU(SLOPE))
        self.layers = nn.Sequential(*layers, nn.Conv2d(width // 2, 1, 3, 1, 1), nn.Tanh())

    def forward(self, vectors: Tensor, classes: Tensor | None = None) -> Tensor:
        return self.layers(self.start(vectors).unflatten(1, (-1, 8, 8)))


class AutoEncoder(nn.Module):
    """Patches (n, 1, 32, 32) to a few numbers and back: the discriminator of a boundary equilibrium GAN."""

    def __init__(self, width: int, normalised: bool = False):
        super().__init__()
        half = width // 2
        self.encoder = nn.Sequential(
            nn.Conv2d(1, half, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(half * 256, _BOTTLENECK)
        )
        self.decoder = Upsampling(_BOTTLENECK, width, normalised)

    def forward(self, patches: Tensor) -> Tensor:
        return self.decoder(self.encoder(patches))
