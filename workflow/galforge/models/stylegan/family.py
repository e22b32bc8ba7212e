"""The style-based generative adversarial network (Karras et al. 2020a) as a model family."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from galforge.models.adversarial import squared_gradient
from galforge.models.normalisation import Normalisation
from galforge.models.protocol import Shape, Step
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
    """

    def __init__(self, settings: ModelSettings, shape: Shape, normalisation: Normalisation):
        check_shape(settings, shape)
        super().__init__(settings, shape, Networks(settings, shape))

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {
            "discriminator": adam(list(self.networks.discriminator.parameters()), self.settings.discriminator_rate),
            "generator": adam(self.networks.generator_parameters(), self.settings.generator_rate),
        }

    def step(self, images: Tensor, conditions: dict[str, Tensor] | None, step: Step) -> dict[str, Tensor]:
        """Losses: ``loss`` of the discriminator (2 ln 2 where it cannot tell), ``generator``, the mean logits ``real``
        and ``fake``, the last penalty ``r1``, and the probability of ``augmentation``."""
        judged, given = self.networks.judged, self._begin(images, conditions, step)
        with torch.no_grad():
            fakes = self._generated(step, given)
        reals = self.networks.patches(self._augmented(images, step))
        penalty = torch.zeros((), device=images.device)
        if self._is_penalised(step):
            reals = reals.detach().requires_grad_(True)
            # In single precision: the penalty is a derivative, and is differentiated once more.
            real_logits = judged(reals, given)
            penalty = squared_gradient(real_logits, reals)
        else:
            with step.autocast():
                real_logits = judged(reals, given)
        with step.autocast():
            fake_logits = judged(self.networks.patches(self._augmented(fakes, step)), given)
        losses = self._improve_judge("discriminator", real_logits, fake_logits, penalty, step)
        if self.settings.ada_target:
            sign = step.mean(real_logits.detach().float().sign().mean())
            rise = step.batch / self.settings.ada_images
            self.networks.augmentation.copy_(adapted(self.networks.augmentation, sign, self.settings.ada_target, rise))
        losses["generator"] = self._improve_generator(step, given)
        return losses | {"augmentation": self.networks.augmentation.clone()}

    def _improve_generator(self, step: Step, given: Tensor | None) -> Tensor:
        discriminator = self.networks.discriminator
        discriminator.requires_grad_(False)
        fakes = self._generated(step, given, keep_mean=True)
        with step.autocast():
            logits = self.networks.judged(self.networks.patches(self._augmented(fakes, step)), given)
        loss = total = functional.softplus(-logits.float()).mean()
        interval = self.settings.path_length_interval
        if self.settings.path_length and step.index % interval == 0:
            total = loss + self.settings.path_length * interval * self._path_penalty(step, given)
        step.update("generator", total)
        discriminator.requires_grad_(True)
        return loss.detach()

    def _generated(self, step: Step, given: Tensor | None = None, keep_mean: bool = False) -> Tensor:
        with step.autocast():
            styles = self._styles(step, given)
            if keep_mean:
                self._keep_mean(styles, step)
            return self._images(self._mixed(styles, step, given), step.draws).float()

    def _path_penalty(self, step: Step, given: Tensor | None = None) -> Tensor:
        """Squared deviation of the length of J^T y from its running mean; J is the Jacobian of images by styles."""
        styles = self._styles(step, given)
        images = self._images(styles[:, None, :].repeat(1, self.networks.synthesis.layers, 1), step.draws)
        directions = step.draws.normal(*self.shape) / math.sqrt(self.shape[1] * self.shape[2])
        (gradient,) = torch.autograd.grad((images * directions).sum(), styles, create_graph=True)
        lengths = gradient.square().sum(1).sqrt()
        mean = self.networks.path_mean.lerp(step.mean(lengths.detach().mean()), _PATH_DECAY)
        self.networks.path_mean.copy_(mean)
        return (lengths - mean).square().mean()

    def _augmented(self, images: Tensor, step: Step) -> Tensor:
        return augment(images, self.networks.augmentation, step.draws) if self.settings.ada_target else images
