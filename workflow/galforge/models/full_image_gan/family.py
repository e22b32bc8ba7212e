"""The end-to-end GAN of sparse images (Gantastic 4, 2020): a GAN of whole images, most of whose pixels are black."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from galforge.models.adversarial import Discriminator, Generator, adam, adversarial_step
from galforge.models.full_image_gan.settings import ModelSettings, check_shape
from galforge.models.levels import OfLevels, to_levels, to_network
from galforge.models.normalisation import Normalisation
from galforge.models.protocol import Noise, Shape, Step


class Family(OfLevels):
    """A GAN of images of 64 px, which are enlarged to their full side; see ``galforge.models.protocol.Composes``."""

    def __init__(self, settings: ModelSettings, shape: Shape, normalisation: Normalisation):
        check_shape(settings, shape)
        super().__init__(settings)
        generator = Generator(settings.latent, 8 * settings.width, 4, 1, normalised=True)
        discriminator = Discriminator(1, settings.width, 4, shape[1], normalised=True)
        self.networks = nn.ModuleDict({"generator": generator, "discriminator": discriminator})

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        rates = {"generator": self.settings.generator_rate, "discriminator": self.settings.discriminator_rate}
        return adam(self.networks, rates)

    def step(self, images: Tensor, conditions: dict[str, Tensor] | None, step: Step) -> dict[str, Tensor]:
        with step.autocast():
            made = self.networks["generator"](step.draws.normal(self.settings.latent))
        real = to_network(images, self.settings.stretch == "root")
        return adversarial_step(self.networks["discriminator"], real, made, step, self.settings.smoothing)

    def compose(self, noise: Noise) -> Tensor:
        shares = (self.evaluate(noise, None).float() + 1) / 2
        if self.settings.stretch == "root":
            shares = shares.square()
        whole = functional.interpolate(shares, (self.side, self.side), mode="bilinear", align_corners=False)
        return to_levels(2 * whole - 1, False, self.settings.quiet).cpu()

    def evaluate(self, noise: Noise, conditions: dict[str, Tensor] | None) -> Tensor:
        """Images (n, 1, 64, 64) from -1 to 1, before they are enlarged."""
        return self.networks["generator"](noise.normal(self.settings.latent))
