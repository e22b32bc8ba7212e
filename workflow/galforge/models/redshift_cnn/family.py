"""The redshift network as a family: it trains like all others, and predicts instead of sampling."""

import torch
import torch.nn.functional as F
from torch import Tensor

from galforge.models.normalisation import Normalisation
from galforge.models.protocol import Part, Shape, Step
from galforge.models.redshift_cnn.networks import Networks
from galforge.models.redshift_cnn.settings import ModelSettings, check_shape


class Family:
    """Redshift of a galaxy from its stamp; see ``galforge.models.protocol.Predictor``."""

    def __init__(self, settings: ModelSettings, shape: Shape, normalisation: Normalisation):
        check_shape(settings, shape)
        self.settings, self.shape = settings, shape
        self.conditions = (settings.target,)
        self.networks = Networks(shape[0], settings.width)

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {"network": torch.optim.Adam(self.networks.parameters(), lr=self.settings.learning_rate, fused=True)}

    def step(self, images: Tensor, conditions: dict[str, Tensor] | None, step: Step) -> dict[str, Tensor]:
        """Losses: ``loss``, which is minimised, and ``hsc``, 1 - 1 / (1 + (dz / w)^2) (Nishizawa et al. 2020), with the
        width w of the settings."""
        smooth = step.images_seen < self.settings.warmup_images

        def error(part: Part) -> tuple[Tensor, dict[str, Tensor]]:
            wanted = part.of(conditions[self.settings.target])
            with step.autocast():
                found = self.networks(part.of(images))
            apart = found.float() - wanted
            if self.settings.relative:
                apart = apart / (1 + wanted)
            apart = apart / self.settings.loss_width
            hsc = (1 - 1 / (1 + apart**2)).mean()
            loss = F.huber_loss(apart, torch.zeros_like(apart)) if smooth else hsc
            return loss, {"loss": loss, "hsc": hsc}

        return step.learn("network", error)

    def predict(self, images: Tensor) -> Tensor:
        """Redshifts (n,) of normalised images (n, C, H, W)."""
        return self.networks(images).float()
