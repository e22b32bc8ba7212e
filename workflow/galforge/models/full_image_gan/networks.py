"""Networks of the end-to-end GAN: convolutions by strides of two, as in DCGAN (Radford et al. 2016)."""

from torch import Tensor, nn
from torch.nn import functional

from galforge.models.adversarial import group_norm


class Generator(nn.Module):
    """Latent vectors (n, latent) to images (n, 1, 64, 64) from -1 to 1."""

    def __init__(self, latent: int, width: int):
        super().__init__()
        self.start = nn.Linear(latent, 8 * width * 16)
        layers: list[nn.Module] = []
        for before, after in ((8 * width, 4 * width), (4 * width, 2 * width), (2 * width, width)):
            layers += [nn.ConvTranspose2d(before, after, 4, 2, 1), group_norm(after), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.ConvTranspose2d(width, 1, 4, 2, 1), nn.Tanh())

    def forward(self, latents: Tensor) -> Tensor:
        return self.layers(functional.relu(self.start(latents)).unflatten(1, (-1, 4, 4)))


class Discriminator(nn.Module):
    """Images (n, 1, 64, 64) to logits (n,)."""

    def __init__(self, width: int):
        super().__init__()
        layers: list[nn.Module] = []
        before = 1
        for level in range(4):
            after = width * 2**level
            layers.append(nn.Conv2d(before, after, 4, 2, 1))
            layers += [group_norm(after)] if level else []
            layers.append(nn.LeakyReLU(0.2))
            before = after
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(before * 16, 1))

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images)[:, 0]
