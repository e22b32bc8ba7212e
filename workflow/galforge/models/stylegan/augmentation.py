"""Adaptive augmentation of what the discriminator sees, for small data sets (Karras et al. 2020b, arXiv:2006.06676).

Real and generated images are rotated, shifted and scaled at random. The probability of each of these changes rises
while the discriminator takes clearly more real images for real than not, a sign that it memorises them. As long as the
probability is below one, the generator does not learn to make augmented images, because unchanged ones remain the most
likely. Mirroring and quarter turns are left out, because every training image gets those already (``training:
augmentation``), and so are changes of brightness, which galaxies are measured by.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

from galforge.models.protocol import Draws

SHIFT = 0.125
"""Largest shift in each direction [side of the image]."""
SCALE = 0.2
"""Standard deviation of log2 of the scale."""


def augment(images: Tensor, probability: Tensor, draws: Draws) -> Tensor:
    """Images (n, C, H, W) with each of the three changes made at the given probability (scalar tensor)."""
    chosen = (draws.uniform(3) < probability).to(images.dtype)
    uniform, normal = draws.uniform(3), draws.normal()
    angle = 2 * math.pi * uniform[:, 0] * chosen[:, 0]
    shift = SHIFT * 2 * (2 * uniform[:, 1:] - 1) * chosen[:, 1:2]
    scale = torch.exp2(SCALE * normal * chosen[:, 2])
    cosine, sine = torch.cos(angle) * scale, torch.sin(angle) * scale
    rows = [torch.stack([cosine, -sine, shift[:, 0]], 1), torch.stack([sine, cosine, shift[:, 1]], 1)]
    grid = functional.affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
    changed = functional.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    # Unchanged images are not interpolated.
    return torch.where(chosen.any(1).reshape(-1, 1, 1, 1), changed, images)


def adapted(probability: Tensor, mean_sign: Tensor, target: float, rise: float) -> Tensor:
    """The probability after a step, moved by ``rise``: up if the mean sign of the real images' logits is above
    ``target``, down if it is below."""
    return (probability + rise * torch.sign(mean_sign - target)).clamp(0, 1)
