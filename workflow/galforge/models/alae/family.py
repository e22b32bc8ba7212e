"""The adversarial latent autoencoder (Pidhorskyi, Adjeroh & Doretto 2020, arXiv:2004.04467) as a model family."""

import torch
from torch import Tensor
from torch.nn import functional

from galforge.models.alae.networks import Networks
from galforge.models.alae.settings import ModelSettings, check_shape
from galforge.models.conditions import Conditioned, followed, numbers_of
from galforge.models.normalisation import Normalisation
from galforge.models.protocol import Noise, Shape, Step

_BETAS = (0.0, 0.99)
_MEAN_STYLE = 0.005
"""Share by which the running mean of the styles moves in a step."""


class Family(Conditioned):
    """StyleALAE; see ``galforge.models.protocol.Family``.

    F maps a latent vector z to a style w, G makes an image of it, E gives a style for an image, D judges styles. As in
    algorithm 1 of the paper each step updates three times: E and D against F and G (non-saturating logistic loss with
    an R1 penalty on real images), F and G against E and D, and E and G so that E(G(w)) = w (latent reciprocity, in w;
    images are never compared pixel by pixel). Optimisers are Adam with betas (0, 0.99). Three things are otherwise than
    published: convolutions are modulated (Karras et al. 2020a) instead of normalising maps, all resolutions train from
    the start, and an image has one style for all layers.

    Conditions, which the paper does not have, are added to the latent vectors, and D judges styles together with them:
    it learns which styles the encoder gives to real galaxies of a redshift. E sees the image alone.
    """

    def __init__(self, settings: ModelSettings, shape: Shape, normalisation: Normalisation):
        check_shape(settings, shape)
        self.settings, self.shape = settings, shape
        self.conditions = tuple(settings.conditions)
        self.networks = Networks(settings, shape)

    @property
    def latent(self) -> int:
        """Length of the latent vectors that ``generate`` takes."""
        return self.settings.latent

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        settings, networks = self.settings, self.networks
        encoder, synthesis = list(networks.encoder.parameters()), list(networks.synthesis.parameters())
        updates = {
            "encoder": (settings.encoder_rate, [*encoder, *networks.discriminator.parameters()]),
            "generator": (settings.generator_rate, [*networks.mapping_parameters(), *synthesis]),
            "reciprocity": (settings.reciprocity_rate, [*encoder, *synthesis]),
        }
        return {
            name: torch.optim.Adam(parameters, rate, _BETAS, fused=True) for name, (rate, parameters) in updates.items()
        }

    def step(self, images: Tensor, conditions: dict[str, Tensor] | None, step: Step) -> dict[str, Tensor]:
        """Losses: ``loss`` of encoder and discriminator (2 ln 2 where they cannot tell), ``generator``,
        ``reciprocity`` (mean squared error per number of w), ``real`` and ``fake``, the mean logits, and the last
        penalty ``r1``."""
        patches = self.networks.patches
        given = followed(self.conditioning, conditions, step)
        if patches.scales:
            patches.follow(step.mean(patches.power_of(images)), first=step.index == 0)
        losses = self._improve_encoder(patches(images), step, given)
        losses["generator"] = self._improve_generator(step, given)
        losses["reciprocity"] = self._improve_reciprocity(step, given)
        return losses

    def sample(self, noise: Noise, conditions: dict[str, Tensor] | None) -> Tensor:
        drawn = noise.normal(self.latent)
        return self.generate(self.networks.latents(drawn, numbers_of(self.conditioning, conditions)), noise)

    def generate(self, latents: Tensor, noise: Noise) -> Tensor:
        """Normalised images (n, C, H, W) of latent vectors z (n, latent), which tell conditions where there are any."""
        return self._images(self.networks.mapping.truncated(latents, self.settings.truncation), noise)

    def reconstruct(self, images: Tensor, conditions: dict[str, Tensor] | None, noise: Noise) -> Tensor:
        """Normalised images (n, C, H, W) of the styles that the encoder gives for such images: G(E(x))."""
        return self._images(self.networks.encoder(self.networks.patches(images)), noise)

    def _improve_encoder(self, reals: Tensor, step: Step, given: Tensor | None = None) -> dict[str, Tensor]:
        with torch.no_grad(), step.autocast():
            fakes = self._made(self._styles(step, given), step)
        penalty = torch.zeros((), device=reals.device)
        lazy = self.settings.r1 > 0 and step.index % self.settings.r1_interval == 0
        if lazy:
            reals = reals.detach().requires_grad_(True)
            # In single precision: the penalty is a derivative, and is differentiated once more.
            real_logits = self._judged(reals, given)
            (gradient,) = torch.autograd.grad(real_logits.sum(), reals, create_graph=True)
            penalty = gradient.square().sum((1, 2, 3)).mean()
            with step.autocast():
                fake_logits = self._judged(fakes, given)
        else:
            with step.autocast():
                twice = None if given is None else torch.cat([given, given])
                real_logits, fake_logits = self._judged(torch.cat([reals, fakes]), twice).chunk(2)
        real_logits, fake_logits = real_logits.float(), fake_logits.float()
        loss = functional.softplus(-real_logits).mean() + functional.softplus(fake_logits).mean()
        step.update("encoder", loss + 0.5 * self.settings.r1 * self.settings.r1_interval * penalty)
        return {
            "loss": loss.detach(),
            "real": real_logits.detach().mean(),
            "fake": fake_logits.detach().mean(),
            "r1": penalty.detach() * (self.settings.r1_interval if lazy else 0),
        }

    def _improve_generator(self, step: Step, given: Tensor | None = None) -> Tensor:
        judges = (self.networks.encoder, self.networks.discriminator)
        for network in judges:
            network.requires_grad_(False)
        with step.autocast():
            styles = self._styles(step, given)
            self._keep_mean(styles, step)
            logits = self._judged(self._made(styles, step), given)
        loss = functional.softplus(-logits.float()).mean()
        step.update("generator", loss)
        for network in judges:
            network.requires_grad_(True)
        return loss.detach()

    def _improve_reciprocity(self, step: Step, given: Tensor | None = None) -> Tensor:
        with step.autocast():
            with torch.no_grad():
                styles = self._styles(step, given)
            found = self.networks.encoder(self._made(styles, step))
        loss = (found.float() - styles.float()).square().mean()
        step.update("reciprocity", loss)
        return loss.detach()

    def _styles(self, step: Step, given: Tensor | None) -> Tensor:
        return self.networks.mapping(self.networks.latents(step.draws.normal(self.latent), given))

    def _keep_mean(self, styles: Tensor, step: Step) -> None:
        mean = self.networks.mapping.mean
        mean.lerp_(step.mean(styles.detach().float().mean(0)), _MEAN_STYLE)

    def _images(self, styles: Tensor, noise: Noise) -> Tensor:
        synthesis = self.networks.synthesis
        return synthesis(styles, [noise.normal(1, side, side) for side in synthesis.sides()])

    def _made(self, styles: Tensor, step: Step) -> Tensor:
        """Generated images, as the encoder takes them."""
        return self.networks.patches(self._images(styles, step.draws).float())

    def _judged(self, coefficients: Tensor, given: Tensor | None) -> Tensor:
        return self.networks.discriminator(self.networks.encoder(coefficients), given)
