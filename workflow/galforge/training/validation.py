"""Losses of images that a training does not see."""

from typing import TYPE_CHECKING

import torch

from galforge import families
from galforge.errors import GalforgeError
from galforge.models.protocol import Family, Step
from galforge.training.data import TrainingImages
from galforge.training.micro import draws_of

if TYPE_CHECKING:
    from galforge.training.loop import Training

PREFIX = "validation "
SPLIT = "validation"


class Validation:
    """The losses of the averaged weights on images of the validation split, always the same and with the same noise.

    A step of the family computes them, on networks of its own that are loaded anew each time, so that nothing of it
    stays. The images are not augmented.

    Args:
        run: the training.
        images: of the validation split; the first ``validation_images`` of them are used, in whole batches.

    Raises:
        GalforgeError: fewer images than a batch.
    """

    def __init__(self, run: "Training", images: TrainingImages):
        settings = run.settings
        self.run, self.images = run, images
        self.batches = min(settings.validation_images, len(images.indices)) // settings.batch
        if self.batches == 0:
            raise GalforgeError(
                f"{images.stamps.path}: {settings.validation_images} validation_images of {len(images.indices)} stamps "
                f"in the split are less than one batch ({settings.batch}); ask for more, or say validation_images: 0"
            )
        with torch.random.fork_rng(devices=[]):
            made = families.load("models", run.name, "family").Family(run.network, run.shape, run.normalisation)
        self.family: Family = made
        self.family.networks.to(device=run.device, memory_format=run.layout).eval()

    def losses(self) -> dict[str, float]:
        """Mean of each loss over the images, under its name with PREFIX."""
        run, settings = self.run, self.run.settings
        self.family.networks.load_state_dict(run.average.state_dict())
        first = run.group.rank * run.share
        sums: dict[str, torch.Tensor] = {}
        for batch in range(self.batches):
            parts = run.micro_batches("validation", batch)
            images, conditions = self.images.batch(batch * settings.batch + first, run.share, settings.batch)
            images = run.normalisation.normalise(images).contiguous(memory_format=run.layout)
            # Nothing is learned here: losses are given back without an update.
            draws = draws_of(parts, run.name)
            step = Step(run.images_seen, settings.batch, draws, run.autocast, _pass, run.mean, _pass, parts)
            for name, loss in self.family.step(images, conditions, step).items():
                sums[name] = sums.get(name, 0.0) + loss.detach().double()
        return {PREFIX + name: float(run.mean(total)) / self.batches for name, total in sums.items()}


def _pass(name: str, loss: torch.Tensor) -> None:
    """Update nothing."""
