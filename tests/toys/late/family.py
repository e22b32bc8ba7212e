"""The autoencoder with a last image to learn from."""

from torch import Tensor

from galforge.models.protocol import Step
from galforge.models.vae import family as vae

LAST = 60


class Family(vae.Family):
    """See ``galforge.models.vae.family.Family``."""

    def step(self, images: Tensor, conditions: dict[str, Tensor] | None, step: Step) -> dict[str, Tensor]:
        losses = super().step(images, conditions, step)
        factor = float("nan") if step.images_seen >= LAST else 1.0
        return {name: factor * loss for name, loss in losses.items()}
