"""Training images of a step: each at its own size, in a random orientation, blurred, with new noise in every step."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager

import torch
from torch import Tensor
from torch.nn import functional

from galforge.studies.denoising.degrade import gaussian
from galforge.studies.denoising.galaxies import Galaxies, Member
from galforge.training.data import ReadAhead, turned
from galforge.training.draws import Draws

_HELD = 4  # Held images take at most this fraction of a GPU's free memory: other networks may train on it, too.


class Batches(AbstractContextManager["Batches"]):
    """Clean images of each step on the device, read some steps ahead.

    A GPU keeps the images that were sent to it, as far as they fit; others are copied while it computes.

    Args:
        choose: gives the members of the batch of a step.
        files: real galaxies and generated ones (None for none).
        device: where images go.
        hold_bytes: the most memory that kept images may take there; None: a quarter of what is free on a GPU, and none
            elsewhere, because the files keep them.
    """

    def __init__(
        self,
        choose: Callable[[int], list[Member]],
        files: tuple[Galaxies, Galaxies | None],
        device: torch.device,
        hold_bytes: int | None = None,
    ):
        self.choose, self.files, self.device = choose, files, device
        if hold_bytes is None:
            hold_bytes = torch.cuda.mem_get_info(device)[0] // _HELD if device.type == "cuda" else 0
        self.held: dict[Member, Tensor] = {}
        self._room = hold_bytes
        self._reader = ReadAhead(self._read)

    def __exit__(self, *error: object) -> None:
        self._reader.close()

    def __call__(self, step: int) -> list[Tensor]:
        """The images (C, l, l) float32 of a step [image unit], in the order of its members."""
        return [self._sent(*each) for each in self._reader(step, 1)]

    def _sent(self, member: Member, image: Tensor | None) -> Tensor:
        if (held := self.held.get(member)) is not None:
            return held
        sent = image.to(self.device, non_blocking=True)
        if sent.nbytes <= self._room:
            self._room -= sent.nbytes
            self.held[member] = sent
        return sent

    def _read(self, step: int) -> list[tuple[Member, Tensor | None]]:
        """The members of a step, and the images of those that are not on the device yet."""
        return [(each, None if each in self.held else self._image(each)) for each in self.choose(step)]

    def _image(self, member: Member) -> Tensor:
        image = torch.from_numpy(self.files[member.generated][member.row])
        # Only from pinned memory does a GPU copy without anyone waiting for it.
        return image.pin_memory() if self.device.type == "cuda" else image


class Observer:
    """Observes the images of a step as networks are trained on them.

    Args:
        psf_sigma, noise_sigma: [px, image unit].
        device: of the images.
    """

    def __init__(self, psf_sigma: float, noise_sigma: float, device: torch.device):
        self.noise_sigma, self.device = noise_sigma, device
        # Sent once: to send it in a step, one would wait for the GPU.
        self.kernel = torch.from_numpy(gaussian(psf_sigma)).float().to(device)

    def __call__(self, images: Sequence[Tensor], seed: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Observed images and the true ones, both (n, C, l, l), for each size that there is.

        Each image has one of its eight orientations at random. Its random numbers depend on the seed, its place among
        the images, and the side of the largest of them.

        Args:
            images: clean, (C, l, l) each.
            seed: of the step.
        """
        draws = Draws(seed, len(images), slice(len(images)), self.device)
        coins = draws.uniform(3).lt(0.5)
        largest = max(image.shape[-1] for image in images)
        noise = draws.normal(images[0].shape[0], largest, largest)
        for same in by_side(images):
            truth = turned(torch.stack([images[number] for number in same]), _rows(coins, same))
            own = _corner(_rows(noise, same), _rows(coins, same), truth.shape[-1])
            yield blurred(truth, self.kernel) + self.noise_sigma * own, truth


def by_side(images: Sequence[Tensor]) -> list[list[int]]:
    """The numbers of images of one side together; sides in the order in which they come first."""
    found: dict[int, list[int]] = {}
    for number, image in enumerate(images):
        found.setdefault(image.shape[-1], []).append(number)
    return list(found.values())


def blurred(images: Tensor, kernel: Tensor) -> Tensor:
    """Images (n, C, H, W) blurred by the PSF, dark outside (``degrade.blurred`` for batches).

    ``kernel`` is the PSF along one axis, of odd length; the same in all bands.
    """
    size, bands = len(kernel), images.shape[1]
    across = kernel.reshape(1, 1, 1, size).expand(bands, 1, 1, size)
    # Whatever the network computes in: rounded factors would be another PSF.
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        down = functional.conv2d(images, across, padding=(0, size // 2), groups=bands)
        return functional.conv2d(down, across.transpose(2, 3), padding=(size // 2, 0), groups=bands)


def mean_squares(output: Tensor, truth: Tensor) -> Tensor:
    """Mean squared difference (n,) of each image."""
    return ((output - truth) ** 2).mean(dim=(1, 2, 3))


def _rows(values: Tensor, numbers: list[int]) -> Tensor:
    """Some rows of a tensor; an index would have to be sent to the device."""
    return values if len(numbers) == len(values) else torch.stack([values[number] for number in numbers])


def _corner(noise: Tensor, coins: Tensor, side: int) -> Tensor:
    """The noise (n, C, side, side) of smaller images, out of that (n, C, L, L) of the largest.

    An image has the noise where it lies if it is turned (``turned``) together with a dark frame of side L whose first
    corner it is in.
    """
    if noise.shape[-1] == side:
        return noise
    mirrored, upended, swapped = coins.reshape(-1, 3, 1, 1, 1).unbind(1)
    right, below = torch.where(swapped, upended, mirrored), torch.where(swapped, mirrored, upended)
    noise = torch.where(right, noise[..., -side:], noise[..., :side])
    return torch.where(below, noise[..., -side:, :], noise[..., :side, :])
