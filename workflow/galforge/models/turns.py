"""Images split by how they change under the square's mirrorings and quarter turns.

The covariance of a set of images with all their eight orientations has no entries between these parts, and the two
parts that a transposition exchanges have the same one (Schur's lemma for the group D4). So principal components of the
turned set are those of five blocks of at most a quarter of the pixels each, and no turned image has to be made.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Block:
    """One part of the images.

    Attributes:
        samples: orthonormal coordinates of the part (m, d) float32; m is the number of images, or twice that for the
            parts that a transposition exchanges.
        unfold: makes images (k, C, H, H) of coordinates (k, d); norms stay.
        pairs: whether each direction has a second one, its transposed image, with the same variance.
    """

    samples: Tensor
    unfold: Callable[[Tensor], Tensor]
    pairs: bool = False


def blocks(images: Tensor) -> list[Block]:
    """The five parts of images (n, C, H, H) with an even side; the first is the one that no turn changes."""
    channels, half = images.shape[1], images.shape[-1] // 2
    out = []
    for sign in (1, -1):
        quadrant = _fold(images, sign, sign)
        for turned in (1, -1):
            rows, columns = torch.triu_indices(half, half, offset=0 if turned == 1 else 1, device=images.device)
            # Beside the diagonal, a value stands for two pixels.
            weight = torch.where(rows == columns, 1.0, 2**0.5).to(images.dtype)
            values = (quadrant + turned * quadrant.mT)[..., rows, columns] / 2 * weight
            out.append(Block(values.flatten(1), _Unfold(channels, half, (sign, sign), (rows, columns, weight, turned))))
    both = torch.cat([_fold(images, -1, 1), _fold(images, 1, -1).mT])
    return [*out, Block(both.flatten(1), _Unfold(channels, half, (-1, 1)), pairs=True)]


@dataclass(frozen=True)
class _Unfold:
    channels: int
    half: int
    signs: tuple[int, int]
    triangle: tuple[Tensor, Tensor, Tensor, int] | None = None

    def __call__(self, values: Tensor) -> Tensor:
        if self.triangle is None:
            return _spread(values.unflatten(1, (self.channels, self.half, self.half)), *self.signs)
        rows, columns, weight, turned = self.triangle
        quadrant = values.new_zeros(len(values), self.channels, self.half, self.half)
        values = values.unflatten(1, (self.channels, -1)) / weight
        quadrant[..., columns, rows] = turned * values
        quadrant[..., rows, columns] = values
        return _spread(quadrant, *self.signs)


def _fold(images: Tensor, down: int, across: int) -> Tensor:
    """The first quadrants (n, C, H/2, H/2) of the parts with these signs under a mirroring of rows and columns."""
    half = images.shape[-1] // 2
    upper = images[..., :half, :] + down * images[..., half:, :].flip(-2)
    return (upper[..., :half] + across * upper[..., half:].flip(-1)) / 2


def _spread(quadrant: Tensor, down: int, across: int) -> Tensor:
    """The images (n, C, H, H) with these first quadrants and signs."""
    upper = torch.cat([quadrant, across * quadrant.flip(-1)], -1)
    return torch.cat([upper, down * upper.flip(-2)], -2) / 2
