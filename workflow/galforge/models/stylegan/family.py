"""The style-based generative adversarial network (Karras et al. 2020a) as a model family."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from galforge.models.adversarial import squared_gradient
from galforge.models.normalisation import Normalisation
from galforge.models.protocol import Part, Shape, Step, Term
from galforge.models.style_family import StyleFamily, adam
from galforge.models.stylegan.augmentation import adapted, augment
from galforge.models.stylegan.networks import Networks
from galforge.models.stylegan.settings import ModelSettings, check_shape

_PATH_DECAY = 0.01


class Family(StyleFamily):
    """Style-based generator; see ``galforge.models.style_family.StyleFamily``.

    Each step updates the discriminator first. The path-length penalty (Karras et al. 2020a, section 3.2) and adaptive
    augmentation are optional. Conditions are added to the latent vectors, and the discriminator sees them as maps
    beside the image.

    Attributes:
        together: images whose spread the discriminator sees; see ``galforge.models.protocol.Grouped``.
    """

    def __init__(self, settings: ModelSettings, shape: Shape, normalisation: Normalisation):
        check_shape(settings, shape)
        super().__init__(settings, shape, Networks(settings, shape))
        self.together = settings.group

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {
            "discriminator": adam(list(self.networks.discriminator.parameters()), self.settings.discriminator_rate),
            "generator": adam(self.networks.generator_parameters(), self.settings.generator_rate),
        }

    def step(self, images: Tensor, conditions: dict[str, Tensor] | None, step: Step) -> dict[str, Tensor]:
        """Losses: ``loss`` of the discriminator (2 ln 2 where it cannot tell), ``generator``, the mean logits ``real``
        and ``fake``, the last penalty ``r1``, and the probability of ``augmentation``."""
        given = self._begin(images, conditions, step)
        losses = self._improve_discriminator(images, step, given)
        if self.settings.ada_target:
            sign, rise = step.mean(losses["sign"]), step.batch / self.settings.ada_images
            self.networks.augmentation.copy_(adapted(self.networks.augmentation, sign, self.settings.ada_target, rise))
        del losses["sign"]
        losses["generator"] = self._improve_generator(step, given)
        return losses | {"augmentation": self.networks.augmentation.clone()}

    def _improve_discriminator(self, images: Tensor, step: Step, given: Tensor | None) -> dict[str, Tensor]:
        networks, penalised = self.networks, self._is_penalised(step)

        def reals(part: Part) -> tuple[Tensor, dict[str, Tensor]]:
            pixels = networks.patches(self._augmented(part.of(images), part))
            if penalised:
                pixels = pixels.detach().requires_grad_(True)
                # In single precision (convolutions in TF32 where a GPU has that): the penalty is a derivative, and is
                # differentiated once more.
                with step.twice_differentiable():
                    logits = networks.judged(pixels, part.of(given))
                loss, said = self._of_reals(logits, squared_gradient(logits, pixels))
            else:
                with step.autocast():
                    logits = networks.judged(pixels, part.of(given))
                loss, said = self._of_reals(logits)
            return loss, said | {"sign": logits.detach().float().sign().mean()}

        def fakes(part: Part) -> tuple[Tensor, dict[str, Tensor]]:
            with torch.no_grad(), step.autocast():
                made = self._generated(self._styles(part, part.of(given)), part, part.of(given))
            with step.autocast():
                return self._of_fakes(networks.judged(networks.patches(self._augmented(made, part)), part.of(given)))

        return step.learn("discriminator", reals, fakes)

    def _improve_generator(self, step: Step, given: Tensor | None) -> Tensor:
        discriminator = self.networks.discriminator
        discriminator.requires_grad_(False)

        def fooled(part: Part) -> tuple[Tensor, dict[str, Tensor]]:
            with step.autocast():
                styles = self._styles(part, part.of(given))
                made = self._generated(styles, part, part.of(given))
                logits = self.networks.judged(self.networks.patches(self._augmented(made, part)), part.of(given))
            loss = functional.softplus(-logits.float()).mean()
            return loss, {"loss": loss, "styles": styles.detach().float().mean(0)}

        penalised = self.settings.path_length and step.index % self.settings.path_length_interval == 0
        said = step.learn("generator", fooled, *([self._path_term(step, given)] if penalised else []))
        self._keep_mean(said["styles"], step)
        discriminator.requires_grad_(True)
        return said["loss"]

    def _generated(self, styles: Tensor, part: Part, given: Tensor | None) -> Tensor:
        """Normalised images (n, C, H, W) float32 of styles (n, latent), mixed as the settings say."""
        return self._images(self._mixed(styles, part, given), part.draws).float()

    def _path_term(self, step: Step, given: Tensor | None = None) -> Term:
        """The path-length penalty: the squared deviation of the length of J^T y from its running mean, in single
        precision (convolutions in TF32 where a GPU has that); J is the Jacobian of images by styles.

        The running mean includes the lengths of the step. With several micro-batches they are computed twice, first
        for their mean over all.
        """
        weight = self.settings.path_length * self.settings.path_length_interval
        synthesis, drawn, mean = self.networks.synthesis, {}, []

        def lengths(part: Part, again: bool) -> Tensor:
            if part.rows.start not in drawn:
                normal = part.draws.normal
                noises = (normal(self.latent), [normal(*shape) for shape in synthesis.noise_shapes()])
                drawn[part.rows.start] = *noises, normal(*self.shape) / math.sqrt(self.shape[1] * self.shape[2])
            latents, noises, directions = drawn[part.rows.start]
            with step.twice_differentiable():
                styles = self.networks.mapping(self.networks.latents(latents, part.of(given)))
                images = synthesis(styles[:, None, :].repeat(1, synthesis.layers, 1), noises)
            (gradient,) = torch.autograd.grad((images * directions).sum(), styles, create_graph=again)
            return gradient.square().sum(1).sqrt()

        def follow(length: Tensor) -> None:
            mean.append(self.networks.path_mean.lerp(step.mean(length), _PATH_DECAY))
            self.networks.path_mean.copy_(mean[0])

        def term(part: Part) -> tuple[Tensor, dict[str, Tensor]]:
            if len(step.micro_batches) > 1 and not mean:
                follow(sum(each.share * lengths(each, False).mean() for each in step.micro_batches))
            found = lengths(part, True)
            if not mean:
                follow(found.detach().mean())
            return weight * (found - mean[0]).square().mean(), {}

        return term

    def _augmented(self, images: Tensor, part: Part) -> Tensor:
        return augment(images, self.networks.augmentation, part.draws) if self.settings.ada_target else images
