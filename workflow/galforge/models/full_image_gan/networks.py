"""Networks of the end-to-end GAN: convolutions by strides of two, as in DCGAN (Radford et al. 2016)."""

from torch import Tensor, nn
from torch.nn import functional

from galforge.models.adversarial import enlarging, judging


class Generator(nn.Module):
    """Latent vectors (n, latent) to images (n, 1, 64, 64) from -1 to 1."""

    def __init__(self, latent: int, width: int):
        super().__init__()
        self.start = nn.Linear(latent, 8 * width * 16)
        self.layers = nn.Sequential(*enlarging(8 * width, 4, 1, normalised=True), nn.Tanh())

    def forward(self, latents: Tensor) -> Tensor:
        return self.layers(functional.relu(self.start(latents)).unflatten(1, (-1, 4, 4)))


class Discriminator(nn.Module):
    """Images (n, 1, 64, 64) to logits (n,)."""

    def __init__(self, width: int):
        super().__init__()
        self.layers = judging(1, width, 4, 64, normalised=True)

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images)[:, 0]
