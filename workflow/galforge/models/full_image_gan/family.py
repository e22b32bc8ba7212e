"""The end-to-end GAN of sparse images (Gantastic 4, 2020): what a GAN of whole images makes of so few galaxies."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from galforge.models.full_image_gan.networks import Discriminator, Generator
from galforge.models.full_image_gan.settings import ModelSettings, check_shape
from galforge.models.levels import to_levels, to_network
from galforge.models.normalisation import Normalisation
from galforge.models.protocol import Noise, Shape, Step

_BETAS = (0.5, 0.999)


class Family:
    """A GAN of images of 64 px, which are enlarged to their full side; see ``galforge.models.protocol.Composes``."""

    conditions: tuple[str, ...] = ()
    bands: tuple[str, ...] = ("intensity",)
    evaluations = 1

    def __init__(self, settings: ModelSettings, shape: Shape, normalisation: Normalisation):
        check_shape(settings, shape)
        self.settings, self.side = settings, settings.size
        self.networks = nn.ModuleDict(
            {"generator": Generator(settings.latent, settings.width), "discriminator": Discriminator(settings.width)}
        )

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        rates = {"generator": self.settings.generator_rate, "discriminator": self.settings.discriminator_rate}
        return {
            name: torch.optim.Adam(self.networks[name].parameters(), rate, _BETAS, fused=True)
            for name, rate in rates.items()
        }

    def step(self, images: Tensor, conditions: dict[str, Tensor] | None, step: Step) -> dict[str, Tensor]:
        real = to_network(images, self.settings.stretch == "root")
        discriminator = self.networks["discriminator"]
        with step.autocast():
            made = self.networks["generator"](step.draws.normal(self.settings.latent))
            of_real, of_made = discriminator(real), discriminator(made.detach())
        of_real, of_made = of_real.float(), of_made.float()
        seen, wanted = functional.binary_cross_entropy_with_logits, torch.full_like(of_real, self.settings.smoothing)
        loss = seen(of_real, wanted) + seen(of_made, torch.zeros_like(of_made))
        step.update("discriminator", loss)
        with step.autocast():
            of_made = discriminator(made)
        fooled = functional.softplus(-of_made.float()).mean()
        step.update("generator", fooled)
        return {"discriminator": loss.detach(), "generator": fooled.detach()}

    def compose(self, noise: Noise) -> Tensor:
        shares = (self.evaluate(noise, None).float() + 1) / 2
        if self.settings.stretch == "root":
            shares = shares.square()
        whole = functional.interpolate(shares, (self.side, self.side), mode="bilinear", align_corners=False)
        return to_levels(2 * whole - 1, False, self.settings.quiet).cpu()

    def evaluate(self, noise: Noise, conditions: dict[str, Tensor] | None) -> Tensor:
        """Images (n, 1, 64, 64) from -1 to 1, before they are enlarged."""
        return self.networks["generator"](noise.normal(self.settings.latent))
