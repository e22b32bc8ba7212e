"""The adversarial latent autoencoder (Pidhorskyi, Adjeroh & Doretto 2020, arXiv:2004.04467) as a model family."""

import torch
from torch import Tensor
from torch.nn import functional

from galforge.models.adversarial import squared_gradient
from galforge.models.alae.networks import Networks
from galforge.models.alae.optimisers import Jointly
from galforge.models.alae.settings import ModelSettings, check_shape
from galforge.models.normalisation import Normalisation
from galforge.models.protocol import Noise, Part, Shape, Step
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
        def made(part: Part, told: Tensor | None) -> Tensor:
            with torch.no_grad(), step.autocast():
                return self._made(self._mixed(self._styles(part, told), part, told), part)

        def both(part: Part) -> tuple[Tensor, dict[str, Tensor]]:
            told = part.of(given)
            twice = None if told is None else torch.cat([told, told])
            with step.autocast():
                real, fake = self._judged(torch.cat([part.of(reals), made(part, told)]), twice).chunk(2)
            (loss, of_reals), (more, of_fakes) = self._of_reals(real), self._of_fakes(fake)
            return loss + more, of_reals | of_fakes | {"loss": loss + more}

        def real(part: Part) -> tuple[Tensor, dict[str, Tensor]]:
            images = part.of(reals).detach().requires_grad_(True)
            # In single precision (convolutions in TF32 where a GPU has that): the penalty is a derivative, and is
            # differentiated once more.
            with step.twice_differentiable():
                logits = self._judged(images, part.of(given))
            return self._of_reals(logits, squared_gradient(logits, images))

        def fake(part: Part) -> tuple[Tensor, dict[str, Tensor]]:
            with step.autocast():
                return self._of_fakes(self._judged(made(part, part.of(given)), part.of(given)))

        return step.learn("encoder", *((real, fake) if self._is_penalised(step) else (both,)))

    def _improve_generator(self, step: Step, given: Tensor | None = None) -> Tensor:
        judges = (self.networks.encoder, self.networks.discriminator)
        for network in judges:
            network.requires_grad_(False)

        def fooled(part: Part) -> tuple[Tensor, dict[str, Tensor]]:
            told = part.of(given)
            with step.autocast():
                styles = self._styles(part, told)
                logits = self._judged(self._made(self._mixed(styles, part, told), part), told)
            loss = functional.softplus(-logits.float()).mean()
            return loss, {"loss": loss, "styles": styles.detach().float().mean(0)}

        said = step.learn("generator", fooled)
        self._keep_mean(said["styles"], step)
        for network in judges:
            network.requires_grad_(True)
        return said["loss"]

    def _improve_reciprocity(self, step: Step, given: Tensor | None = None) -> Tensor:
        def missed(part: Part) -> tuple[Tensor, dict[str, Tensor]]:
            with step.autocast():
                with torch.no_grad():
                    styles = self._styles(part, part.of(given))
                found = self.networks.encoder(self._made(styles, part))
            loss = (found.float() - styles.float()).square().mean()
            return loss, {"loss": loss}

        return step.learn("reciprocity", missed)["loss"]

    def _made(self, styles: Tensor, part: Part) -> Tensor:
        """Generated images, as the encoder takes them."""
        return self.networks.patches(self._images(styles, part.draws).float())

    def _judged(self, coefficients: Tensor, given: Tensor | None) -> Tensor:
        return self.networks.discriminator(self.networks.encoder(coefficients), given)
