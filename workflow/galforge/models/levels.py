"""Images of 8-bit levels: levels as numbers from -1 to 1, which networks see and make, and back."""

import torch
from torch import Tensor

from galforge.models.settings import SparseSettings

WHITE = 255.0


class OfLevels:
    """Base of the families of sparse images, which have one band of 8-bit levels; see ``protocol.Composes``.

    Attributes:
        conditions: none.
        bands: names of the channels of the images.
        evaluations: how often ``evaluate`` is called for an image, which is what its cost is counted by.
        side: of the images [px].
    """

    conditions: tuple[str, ...] = ()
    bands: tuple[str, ...] = ("intensity",)
    evaluations = 1

    def __init__(self, settings: SparseSettings):
        self.settings, self.side = settings, settings.size


def to_network(levels: Tensor, root: bool) -> Tensor:
    """Levels from 0 to 255 as numbers from -1 to 1; with ``root``, their square root, so that faint pixels matter."""
    share = levels.clamp(0, WHITE) / WHITE
    return 2 * (share.sqrt() if root else share) - 1


def to_levels(values: Tensor, root: bool, quiet: int) -> Tensor:
    """Numbers from -1 to 1 as rounded uint8 levels; those up to ``quiet`` become 0, the background."""
    share = (values.float().clamp(-1, 1) + 1) / 2
    levels = torch.round(WHITE * (share.square() if root else share))
    return torch.where(levels > quiet, levels, 0).to(torch.uint8)
