"""The adversarial latent autoencoder (Pidhorskyi, Adjeroh & Doretto 2020, arXiv:2004.04467) as a model family."""

import torch
from torch import Tensor
from torch.nn import functional

from galforge.models.adversarial import squared_gradient
from galforge.models.alae.networks import Networks
from galforge.models.alae.optimisers import Jointly
from galforge.models.alae.settings import ModelSettings, check_shape
from galforge.models.normalisation import Normalisation
from galforge.models.protocol import Noise, Shape, Step
from galforge.models.style_family import StyleFamily, adam


class Family(StyleFamily):
    """StyleALAE; see ``galforge.models.style_family.StyleFamily``.

    F maps a latent vector z to a style w, G makes an image of it, E gives the style of an image, D judges styles. As in
    algorithm 1 of the paper each step updates three times: E and D against F and G, F and G against E and D, and E and
    G so that E(G(w)) = w (latent reciprocity, in w; images are never compared pixel by pixel). Two things differ from
    the paper: convolutions are modulated (Karras et al. 2020a) where it normalises maps, and all resolutions train from
    the start.

    Conditions, which the paper does not have, are added to the latent vectors, and D judges styles together with them:
    it learns which styles the encoder gives to real galaxies of a redshift. E sees the image alone.
    """

    def __init__(self, settings: ModelSettings, shape: Shape, normalisation: Normalisation):
        check_shape(settings, shape)
        super().__init__(settings, shape, Networks(settings, shape))

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        settings, networks = self.settings, self.networks
        encoder, generator = list(networks.encoder.parameters()), networks.generator_parameters()
        out = {
            "encoder": adam([*encoder, *networks.discriminator.parameters()], settings.encoder_rate),
            "generator": adam(generator, settings.generator_rate),
        }
        if settings.reciprocity == "shared":
            return out | {"reciprocity": Jointly(*out.values())}
        own = [*encoder, *networks.synthesis.parameters()]
        return out | {"reciprocity": adam(own, settings.reciprocity_rate)}

    def step(self, images: Tensor, conditions: dict[str, Tensor] | None, step: Step) -> dict[str, Tensor]:
        """Losses: ``loss`` of encoder and discriminator (2 ln 2 where they cannot tell), ``generator``,
        ``reciprocity`` (mean squared error per number of w), the mean logits ``real`` and ``fake``, and the last
        penalty ``r1``."""
        given = self._begin(images, conditions, step)
        losses = self._improve_encoder(self.networks.patches(images), step, given)
        losses["generator"] = self._improve_generator(step, given)
        losses["reciprocity"] = self._improve_reciprocity(step, given)
        return losses

    def reconstruct(self, images: Tensor, conditions: dict[str, Tensor] | None, noise: Noise) -> Tensor:
        """Normalised images (n, C, H, W) of the styles that the encoder gives to such images: G(E(x))."""
        return self._images(self.networks.encoder(self.networks.patches(images)), noise)

    def _improve_encoder(self, reals: Tensor, step: Step, given: Tensor | None = None) -> dict[str, Tensor]:
        with torch.no_grad(), step.autocast():
            fakes = self._made(self._mixed(self._styles(step, given), step, given), step)
        penalty = torch.zeros((), device=reals.device)
        if self._is_penalised(step):
            reals = reals.detach().requires_grad_(True)
            # In single precision: the penalty is a derivative, and is differentiated once more.
            real_logits = self._judged(reals, given)
            penalty = squared_gradient(real_logits, reals)
            with step.autocast():
                fake_logits = self._judged(fakes, given)
        else:
            with step.autocast():
                twice = None if given is None else torch.cat([given, given])
                real_logits, fake_logits = self._judged(torch.cat([reals, fakes]), twice).chunk(2)
        return self._improve_judge("encoder", real_logits, fake_logits, penalty, step)

    def _improve_generator(self, step: Step, given: Tensor | None = None) -> Tensor:
        judges = (self.networks.encoder, self.networks.discriminator)
        for network in judges:
            network.requires_grad_(False)
        with step.autocast():
            styles = self._styles(step, given)
            self._keep_mean(styles, step)
            logits = self._judged(self._made(self._mixed(styles, step, given), step), given)
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

    def _made(self, styles: Tensor, step: Step) -> Tensor:
        """Generated images, as the encoder takes them."""
        return self.networks.patches(self._images(styles, step.draws).float())

    def _judged(self, coefficients: Tensor, given: Tensor | None) -> Tensor:
        return self.networks.discriminator(self.networks.encoder(coefficients), given)
