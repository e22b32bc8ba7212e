"""Training images as batches: filled up to one size, turned, blurred, and with new noise in every step."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from galforge.studies.denoising.degrade import gaussian
from galforge.studies.denoising.galaxies import Galaxies, Member
from galforge.training.data import ReadAhead, augment
from galforge.training.draws import Draws


class Batches(AbstractContextManager["Batches"]):
    """Clean images (n, C, H, W) float32 of each step and their mask (n, 1, H, W), read some steps ahead.

    Args:
        choose: gives the members of the batch of a step.
        files: real galaxies and generated ones (None for none).
        device: where batches go.
    """

    def __init__(
        self, choose: Callable[[int], list[Member]], files: tuple[Galaxies, Galaxies | None], device: torch.device
    ):
        self.choose, self.files, self.device = choose, files, device
        self._reader = ReadAhead(self._read)

    def __exit__(self, *error: object) -> None:
        self._reader.close()

    def __call__(self, step: int) -> tuple[Tensor, Tensor | None]:
        """The batch of a step; the mask is None where all images have one size."""
        images, mask = self._reader(step, 1)
        return images.to(self.device), None if mask is None else mask.to(self.device)

    def _read(self, step: int) -> tuple[Tensor, Tensor | None]:
        return filled_up([self.files[member.generated][member.row] for member in self.choose(step)])


def filled_up(images: list[np.ndarray]) -> tuple[Tensor, Tensor | None]:
    """Images (C, l, l) as one batch (n, C, L, L), each in the first corner, and their mask (n, 1, L, L)."""
    largest = max(image.shape[-1] for image in images)
    batch = torch.zeros((len(images), images[0].shape[0], largest, largest))
    mask = torch.zeros((len(images), 1, largest, largest))
    for number, image in enumerate(images):
        side = image.shape[-1]
        batch[number, :, :side, :side] = torch.from_numpy(image)
        mask[number, :, :side, :side] = 1
    return batch, None if all(image.shape[-1] == largest for image in images) else mask


def blurred(images: Tensor, psf_sigma: float) -> Tensor:
    """Images (n, C, H, W) blurred by the PSF, dark outside (``degrade.blurred`` for batches)."""
    kernel = torch.as_tensor(gaussian(psf_sigma), dtype=images.dtype, device=images.device)
    size, bands = len(kernel), images.shape[1]
    across = kernel.reshape(1, 1, 1, size).expand(bands, 1, 1, size)
    down = functional.conv2d(images, across, padding=(0, size // 2), groups=bands)
    return functional.conv2d(down, across.transpose(2, 3), padding=(size // 2, 0), groups=bands)


def observe(
    images: Tensor, mask: Tensor | None, psf_sigma: float, noise_sigma: float, draws: Draws
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Turn and mirror images at random and observe them; returns observed images, true galaxies, and the mask.

    Args:
        images: clean (n, C, H, H).
        mask: (n, 1, H, H), or None.
        psf_sigma, noise_sigma: [px, image unit].
        draws: random numbers of the step.
    """
    if mask is None:
        truth = augment(images, draws)
        return blurred(truth, psf_sigma) + noise_sigma * draws.normal(*truth.shape[1:]), truth, None
    truth, mask = augment(torch.cat([images, mask], 1), draws).split([images.shape[1], 1], 1)
    seen = blurred(truth, psf_sigma) + noise_sigma * draws.normal(*truth.shape[1:])
    return seen * mask, truth, mask


def mean_squares(output: Tensor, truth: Tensor, mask: Tensor | None) -> Tensor:
    """Mean squared difference (n,) of each image over its own pixels."""
    squares = (output - truth) ** 2
    if mask is None:
        return squares.mean(dim=(1, 2, 3))
    # Outside of the images both are 0.
    return squares.sum(dim=(1, 2, 3)) / (truth.shape[1] * mask.sum(dim=(1, 2, 3)))
