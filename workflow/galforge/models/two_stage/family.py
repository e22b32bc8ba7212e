"""The two-stage GAN of sparse images (Gantastic 4, 2020, section II-B): positions, then a galaxy for each."""

from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from galforge.models.adversarial import Discriminator, Generator, adam, adversarial_step
from galforge.models.levels import OfLevels, to_levels, to_network
from galforge.models.normalisation import Normalisation
from galforge.models.protocol import Noise, Shape, Step
from galforge.models.two_stage.networks import CELLS, AutoEncoder, GalaxyGenerator, Upsampling
from galforge.models.two_stage.placing import in_order, place, room
from galforge.models.two_stage.settings import ModelSettings, check_shape

_BLOCK = 256
"""Galaxies drawn together, so that their maps fit in the cache of a CPU."""


class Family(OfLevels):
    """Two GANs that are trained side by side, each on its part of a row; see ``galforge.models.protocol.Composes``.

    A row holds a grid of positions, a patch with a galaxy, and that galaxy's size, without normalisation. An image is
    composed of positions and one galaxy for each, which depend on each other only by the size classes of the positions.

    Attributes:
        classes: number of size classes; 1 without them.
        evaluations: galaxies of a typical image.
    """

    evaluations = 64

    def __init__(self, settings: ModelSettings, shape: Shape, normalisation: Normalisation):
        check_shape(settings, shape)
        super().__init__(settings)
        self.classes = len(settings.thresholds) + 1 if settings.conditional else 1
        told = self.classes if settings.conditional else 0
        kinds, width = self.classes + 1, settings.width
        networks = {
            "position_generator": Generator(settings.position_latent, 4 * settings.position_width, 3, kinds),
            "position_discriminator": Discriminator(kinds, settings.position_width, 3, CELLS),
        }
        if settings.galaxy == "began":
            norms = settings.normalised
            galaxies = Upsampling(settings.latent, width, norms), AutoEncoder(width, norms)
        else:
            galaxies = GalaxyGenerator(settings.latent, width, told), Discriminator(1, width, 2, CELLS, told)
        networks["galaxy_generator"], networks["galaxy_discriminator"] = galaxies
        self.networks = nn.ModuleDict(networks)
        self.networks.register_buffer("balance", torch.zeros(()))

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        settings = self.settings
        rates = {
            "position_generator": settings.position_generator_rate,
            "position_discriminator": settings.position_discriminator_rate,
            "galaxy_generator": settings.generator_rate,
            "galaxy_discriminator": settings.discriminator_rate,
        }
        return adam(self.networks, rates)

    def step(self, images: Tensor, conditions: dict[str, Tensor] | None, step: Step) -> dict[str, Tensor]:
        """Losses of both GANs; for a BEGAN also ``convergence``, its measure of progress."""
        patches = to_network(self._moved(images[:, 1:2], step), self.settings.stretch == "root")
        kinds = self._kind(images[:, 2, 0, 0])
        grids = _one_hot(self._kind(images[:, 0]), self.classes + 1)
        galaxies = self._began(patches, step) if self.settings.galaxy == "began" else self._conv(patches, kinds, step)
        return {**self._positions(grids, step), **galaxies}

    def compose(self, noise: Noise) -> Tensor:
        positions, offsets = self.draw_positions(noise), self.draw_offsets(noise)
        galaxies = self.draw_galaxies(noise, in_order(positions)[0])
        return self.place(positions, galaxies, offsets).cpu()

    def draw_positions(self, noise: Noise) -> Tensor:
        """Grids (n, 32, 32) int64 of size classes from 1 on, 0 for no galaxy; cells beyond the image are empty."""
        logits = self.networks["position_generator"](noise.normal(self.settings.position_latent)).float()
        if self.settings.discrete:
            logits = logits + _gumbel(torch.special.ndtr(noise.normal(*logits.shape[1:])))
        positions = logits.argmax(1)
        inside = -(-self.side // CELLS)
        positions[:, inside:], positions[:, :, inside:] = 0, 0
        return positions

    def draw_offsets(self, noise: Noise) -> Tensor | None:
        """Row and column of galaxies within each cell (n, 2, 32, 32) int64 [px], inside the image; None if all are in
        the centre. Drawn after the positions."""
        if self.settings.placing == "centre":
            return None
        drawn = torch.special.ndtr(noise.normal(2, CELLS, CELLS).double())
        sizes = self.room.to(drawn.device).clamp_min(1)
        sizes = torch.stack(torch.meshgrid(sizes, sizes, indexing="ij"))
        return (drawn * sizes).floor().long().minimum(sizes - 1)

    @property
    def room(self) -> Tensor:
        """See ``galforge.models.two_stage.placing.room``."""
        return room(self.side, self.settings.placing == "centre")

    def draw_galaxies(self, noise: Noise, classes: Tensor) -> Tensor:
        """Patches (n, k, 32, 32) uint8 of size classes (n, k); class 0 gets an empty patch.

        Galaxy j of row i depends only on row i of the noise and on its class. Nothing may be drawn after this.
        """
        out = torch.zeros(*classes.shape, CELLS, CELLS, dtype=torch.uint8, device=classes.device)
        if not classes.numel():
            return out
        wanted = classes > 0
        latents, kinds = noise.normal(classes.shape[1], self.settings.latent)[wanted], classes[wanted] - 1
        blocks = zip(latents.split(_BLOCK), kinds.split(_BLOCK), strict=True) if len(latents) else ()
        drawn = [self.networks["galaxy_generator"](*block)[:, 0] for block in blocks]
        if drawn:
            out[wanted] = to_levels(torch.cat(drawn), self.settings.stretch == "root", self.settings.quiet)
        return out

    def place(self, positions: Tensor, galaxies: Tensor, offsets: Tensor | None = None) -> Tensor:
        """Images (n, 1, side, side) uint8; see ``galforge.models.two_stage.placing.place``."""
        return place(positions, galaxies, self.side, offsets)

    def evaluate(self, noise: Noise, conditions: dict[str, Tensor] | None) -> Tensor:
        """One galaxy per image; a typical image has ``evaluations`` of them."""
        latents = noise.normal(self.settings.latent)
        kinds = torch.zeros(len(latents), dtype=torch.int64, device=latents.device)
        return self.networks["galaxy_generator"](latents, kinds)

    def _kind(self, sizes: Tensor) -> Tensor:
        """Size classes int64 of sizes [px], from 1 on; 0 for a size of 0."""
        kinds = (sizes > 0).long()
        for threshold in self.settings.thresholds if self.settings.conditional else ():
            kinds = kinds + (sizes > threshold).long()
        return kinds

    def _moved(self, patches: Tensor, step: Step) -> Tensor:
        """Patches shifted by whole pixels and filled with black."""
        if not self.settings.translate:
            return patches
        shift = (2 * step.draws.uniform(2) - 1) * self.settings.translate * CELLS
        flow = torch.eye(2, 3, device=patches.device).repeat(len(patches), 1, 1)
        flow[:, :, 2] = 2 * shift.round() / CELLS
        grid = functional.affine_grid(flow, list(patches.shape), align_corners=False)
        return functional.grid_sample(patches, grid, mode="nearest", align_corners=False)

    def _positions(self, real: Tensor, step: Step) -> dict[str, Tensor]:
        latents = step.draws.normal(self.settings.position_latent)
        with step.autocast():
            logits = self.networks["position_generator"](latents)
        logits = logits.float()
        if self.settings.discrete:
            soft = torch.softmax(logits + _gumbel(step.draws.uniform(*logits.shape[1:])), 1)
            hard = _one_hot(soft.argmax(1), soft.shape[1])
            made = hard + soft - soft.detach()
        else:
            made = torch.softmax(logits, 1)
        discriminator, settings = self.networks["position_discriminator"], self.settings
        return adversarial_step(discriminator, real, made, step, settings.smoothing, settings.r1, "position_")

    def _conv(self, real: Tensor, kinds: Tensor, step: Step) -> dict[str, Tensor]:
        kinds = (kinds - 1).clamp_min(0)
        with step.autocast():
            made = self.networks["galaxy_generator"](step.draws.normal(self.settings.latent), kinds)
        discriminate, settings = partial(self.networks["galaxy_discriminator"], classes=kinds), self.settings
        return adversarial_step(discriminate, real, made.float(), step, settings.smoothing, settings.r1, "galaxy_")

    def _began(self, real: Tensor, step: Step) -> dict[str, Tensor]:
        """Berthelot et al. (2017), equations 5 and 6."""
        coder, balance = self.networks["galaxy_discriminator"], self.networks.get_buffer("balance")
        with step.autocast():
            made = self.networks["galaxy_generator"](step.draws.normal(self.settings.latent))
        made = made.float()
        of_real, of_made = (self._missed(coder, images, step) for images in (real, made.detach()))
        loss = of_real - balance * of_made
        step.update("galaxy_discriminator", loss)
        fooled = self._missed(coder, made, step)
        step.update("galaxy_generator", fooled)
        drift = self.settings.gamma * step.mean(of_real) - step.mean(fooled)
        balance.add_(self.settings.lambda_k * drift).clamp_(0, 1)
        return {
            "galaxy_discriminator": loss.detach(),
            "galaxy_generator": fooled.detach(),
            "convergence": (of_real.detach() + drift.abs()),
        }

    def _missed(self, coder: nn.Module, images: Tensor, step: Step) -> Tensor:
        """Mean reconstruction error of the autoencoder."""
        with step.autocast():
            again = coder(images)
        missed = again.float() - images
        return (missed.square() if self.settings.error == "squared" else missed.abs()).mean()


def _one_hot(kinds: Tensor, count: int) -> Tensor:
    """Kinds (n, H, W) as (n, count, H, W) float32, each 0 or 1; unlike torch's, it never waits for the device."""
    return (kinds[:, None] == torch.arange(count, device=kinds.device)[:, None, None]).float()


def _gumbel(uniform: Tensor) -> Tensor:
    """Gumbel-distributed numbers from uniform ones."""
    tiny = torch.finfo(torch.float32).tiny
    return -torch.log((-torch.log(uniform.clamp_min(tiny))).clamp_min(tiny))
