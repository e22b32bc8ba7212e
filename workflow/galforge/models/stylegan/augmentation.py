"""Adaptive augmentation of what the discriminator sees, for small data sets (Karras et al. 2020b, arXiv:2006.06676).

Real and generated images are rotated and shifted at random. The probability of each of these changes rises while the
discriminator takes clearly more real images for real than not, a sign that it memorises them. As long as the
probability is below one, the generator does not learn to make augmented images, because unchanged ones remain the most
likely.

Both changes keep the power at every spatial frequency. Interpolation between pixels would take half of a sky's power
where the noise is finest, and the generator would not learn the noise that the discriminator does not see. Scaling is
left out, because a scaled image cannot have the same noise. So are mirroring and quarter turns, which every training
image gets already (``training: augmentation``), and changes of brightness, which galaxies are measured by.
"""

import math

import torch
from torch import Tensor

from galforge.models.protocol import Draws

SHIFT = 0.125
"""Largest shift in each direction [side of the image]."""
TURN = math.pi / 4
"""Largest angle of a rotation [rad]; with the quarter turns of all training images that is every angle."""


def augment(images: Tensor, probability: Tensor, draws: Draws) -> Tensor:
    """Images (n, C, side, side) with both changes made at the given probability (scalar tensor).

    A rotation is three shears (Unser, Thevenaz & Yaroslavsky 1995), and a shear moves each line by a number of pixels.
    What leaves the image at one edge comes back at the other. Shifts are by whole pixels.
    """
    side = images.shape[-1]
    chosen, uniform = draws.uniform(2) < probability, 2 * draws.uniform(3) - 1
    angle = TURN * uniform[:, :1] * chosen[:, :1]
    shift = torch.round(SHIFT * side * uniform[:, 1:]) * chosen[:, 1:]
    place = torch.arange(side, device=images.device) - (side - 1) / 2
    shear = -torch.tan(angle / 2)
    changed = _moved(images, shear * place)
    changed = _moved(changed.mT, torch.sin(angle) * place + shift[:, :1]).mT
    # About the centre that the shift has moved.
    changed = _moved(changed, shear * (place - shift[:, :1]) + shift[:, 1:])
    # Unchanged images do not even have rounding errors.
    return torch.where(chosen.any(1).reshape(-1, 1, 1, 1), changed, images)


def _moved(images: Tensor, pixels: Tensor) -> Tensor:
    """Images (n, C, h, w), w even, whose rows are moved by so many ``pixels`` (n, h) each, and wrap around.

    Their Fourier modes turn by the phase of the shift. The highest one, which has none, keeps its sign or changes it.
    """
    width = images.shape[-1]
    phases = pixels[:, None, :, None] * torch.arange(width // 2 + 1, device=images.device) * (-2 * math.pi / width)
    turned = torch.polar(torch.ones_like(phases), phases)
    turned[..., -1] = torch.cos(math.pi * torch.round(pixels))[:, None]
    return torch.fft.irfft(torch.fft.rfft(images) * turned, n=width)


def adapted(probability: Tensor, mean_sign: Tensor, target: float, rise: float) -> Tensor:
    """The probability after a step, moved by ``rise``: up if the mean sign of the real images' logits is above
    ``target``, down if it is below."""
    return (probability + rise * torch.sign(mean_sign - target)).clamp(0, 1)
