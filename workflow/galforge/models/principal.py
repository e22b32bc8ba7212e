"""Principal components of images with or without their eight orientations, and the white noise that is left."""

from dataclasses import dataclass

import torch
from torch import Tensor

from galforge.models.turns import Block, blocks

_COLUMNS = 2**14
_ITERATIONS = 30
_TINY = 1e-12
"""Directions with a smaller share of the largest variance are rounding errors."""


@dataclass(frozen=True)
class Principal:
    """Principal components of images (n, C, H, W) about zero.

    Attributes:
        directions: (k, C, H, W) float32 of norm 1, or 0 for those that the images do not support.
        variances: along them in these images (k,) float64, the largest first.
        signal: those of new images without the white noise (k,) float64.
        partners: for each direction, the one that has the same variance by symmetry, or itself (k,) int64.
        rest: variance of the white noise per channel (C,) float64.
    """

    directions: Tensor
    variances: Tensor
    signal: Tensor
    partners: Tensor
    rest: Tensor


def principal(images: Tensor, most: int, turned: bool, parameters: int = 1) -> Principal:
    """The ``most`` strongest components of images (n, C, H, W); at most n, or n / 2 without their turns.

    With more, stamps that are no Gaussian are described better and new ones worse.

    In these images, components explain more and leave less than in new ones, because they follow the noise, too. The
    signal is therefore that of the spiked covariance model (Donoho, Gavish & Johnstone 2018, equation 1.10), in which
    components no stronger than those of n images (turns counted) of white noise have none. What is no signal is noise:
    for k strong components this divides the mean square of the residuals by 1 - k / n.

    Args:
        turned: count all eight orientations of each image, of which none has to be made; the side must be even.
        parameters: numbers per pixel that a mean was fitted with, before it was subtracted.
    """
    count = len(images) * (8 if turned else 1)
    channels, size = images.shape[1], images[0].numel()
    shape = images.shape[1:]
    parts = blocks(images) if turned else [Block(images.flatten(1), lambda values: values.unflatten(1, shape))]
    kept = min(most, len(images) if turned else max(1, len(images) // 2))
    found = [_strongest(part.samples, kept) for part in parts]
    ranked = sorted(
        (-value, block, row) for block, (values, _) in enumerate(found) for row, value in enumerate(values.tolist())
    )
    directions = torch.zeros(most, *shape, device=images.device)
    variances = torch.zeros(most, dtype=torch.float64, device=images.device)
    free_of_mean = torch.ones_like(variances)
    partners, used = list(range(most)), 0
    wanted: list[list[tuple[int, int]]] = [[] for _ in parts]
    for value, block, row in ranked:
        if value >= 0 or used + 1 + parts[block].pairs > kept:
            break
        wanted[block].append((row, used))
        variances[used : used + 1 + parts[block].pairs] = -value
        if block == 0:
            # The mean, which is of the first part only, has taken its share.
            free_of_mean[used] = len(images) / max(1, len(images) - parameters)
        if parts[block].pairs:
            partners[used : used + 2] = used + 1, used
        used += 1 + parts[block].pairs
    for part, (_, vectors), chosen in zip(parts, found, wanted, strict=True):
        if chosen:
            rows, places = (torch.tensor(each, device=images.device) for each in zip(*chosen, strict=True))
            made = part.unfold(vectors[rows].float())
            directions[places] = made
            if part.pairs:
                directions[places + 1] = made.mT
    shares = directions.double().square().sum((2, 3))
    total = images.square().sum((2, 3), dtype=torch.float64).mean(0)
    left = (total - variances @ shares).clamp_min(0)
    free = size / channels - shares.sum(0)
    rest = torch.where(free > 0.5, left / free.clamp_min(0.5), 0) / (1 - used / count if used < count else 1)
    total = total + (variances * (free_of_mean - 1)) @ shares
    variances = variances * free_of_mean
    for _ in range(_ITERATIONS):
        # The variance of all pixels together is unbiased: what is no signal is noise.
        signal = _signal(variances, (shares * rest).sum(1), size / count)
        rest = (total - signal @ shares).clamp_min(0) / (size / channels)
    return Principal(directions, variances, signal, torch.tensor(partners, device=images.device), rest)


def _strongest(samples: Tensor, most: int) -> tuple[Tensor, Tensor]:
    """Variances (k,) and directions (k, d), float64, of samples (m, d) about zero."""
    rows, size = samples.shape
    by_rows = rows < size
    # In float64, because products square the range of the numbers; a part of the columns at a time, for the memory.
    if by_rows:
        products = sum(some.double() @ some.double().T for some in samples.split(_COLUMNS, 1))
    else:
        products = sum(some.double().T @ some.double() for some in samples.split(_COLUMNS, 0))
    values, vectors = torch.linalg.eigh(products)
    values, vectors = values.flip(0)[:most], vectors.flip(1)[:, :most]
    sound = values > _TINY * values[0]
    values, vectors = values[sound], vectors[:, sound].T
    if by_rows:
        vectors = torch.cat([vectors @ some.double() for some in samples.split(_COLUMNS, 1)], 1)
        vectors = vectors / values.sqrt()[:, None]
    return values / rows, vectors


def _signal(variances: Tensor, noise: Tensor, ratio: float) -> Tensor:
    """Variances (k,) without the noise (k,) of each direction, in new images; ``ratio`` is pixels over images."""
    noise = noise.clamp_min(torch.finfo(torch.float64).tiny)
    relative = variances / noise
    middle = (relative + 1 - ratio) / 2
    above = (middle + (middle**2 - relative).clamp_min(0).sqrt() - 1) * noise
    return torch.where(relative > (1 + ratio**0.5) ** 2, above, 0).clamp_min(0)
