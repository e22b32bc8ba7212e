"""8-bit levels as numbers from -1 to 1, which networks see and make, and back."""

import torch
from torch import Tensor

WHITE = 255.0


def to_network(levels: Tensor, root: bool) -> Tensor:
    """Levels from 0 to 255 as numbers from -1 to 1; of their root where faint pixels are to count as much."""
    share = levels.clamp(0, WHITE) / WHITE
    return 2 * (share.sqrt() if root else share) - 1


def to_levels(values: Tensor, root: bool, quiet: int) -> Tensor:
    """The uint8 levels of numbers from -1 to 1, rounded; up to ``quiet`` they become 0, as the background is."""
    share = (values.float().clamp(-1, 1) + 1) / 2
    levels = torch.round(WHITE * (share.square() if root else share))
    return torch.where(levels > quiet, levels, 0).to(torch.uint8)
