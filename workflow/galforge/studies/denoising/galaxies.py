"""Real and generated galaxies that denoisers are trained on: which ones, and in which order.

Real galaxies are from a split of the data set, at their original size; generated ones are decoded to the size that they
code. Negative pixels of generated galaxies are set to zero, as in the released code.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from galforge.errors import GalforgeError
from galforge.logs import log, progress
from galforge.seeds import generator
from galforge.stamps.file import Stamps
from galforge.stamps.galaxies import galaxy
from galforge.stamps.native_file import NativeWriter
from galforge.studies.denoising.settings import DenoiserSettings

LARGEST = 1024
"""Generated galaxies that are wider are left out, as in the released code [px]."""
HOLD_BYTES = 6 * 2**30
_WINDOW = 16  # batches whose images are sorted by their size


@dataclass(frozen=True)
class Member:
    """One training image: whether it is generated, and its row in its file."""

    generated: bool
    row: int


class Galaxies:
    """Galaxies of one stamps file, each of any size; they stay in memory once read, as far as they fit.

    Args:
        path: source stamps (native ones where available), or generated ones at their own size.
        hold_bytes: the most memory that they may take.
    """

    def __init__(self, path: str | Path, hold_bytes: int = HOLD_BYTES):
        self.stamps = Stamps(path)
        self.clip = self.stamps.header.origin == "generated"
        self.bands = len(self.stamps.header.bands)
        self._sides = self.stamps.catalog("side") if self.stamps.images is None else None
        self._room = hold_bytes
        self._held: dict[int, np.ndarray] = {}

    def __enter__(self) -> "Galaxies":
        self.stamps.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.stamps.__exit__(*error)

    def __len__(self) -> int:
        return len(self.stamps)

    def __getitem__(self, row: int) -> np.ndarray:
        """A galaxy (C, l, l) float32 [image unit]."""
        if (held := self._held.get(row)) is not None:
            return held
        image = galaxy(self.stamps, row).astype(np.float32)
        if self.clip:
            image = np.maximum(image, 0)
        if image.nbytes <= self._room:
            self._room -= image.nbytes
            self._held[row] = image
        return image

    @property
    def one_size(self) -> bool:
        """Whether all galaxies have the same side."""
        return self._sides is None or len(set(self._sides)) == 1

    def side(self, row: int) -> int:
        """Side of a galaxy [px]."""
        return self.stamps.shape[2] if self._sides is None else int(self._sides[row])


def decode(stamps: Path, out: Path) -> None:
    """Write generated stamps that code sizes as galaxies at their own size, except those wider than LARGEST."""
    with Stamps(stamps) as coded:
        left_out = 0
        with NativeWriter(out, replace(coded.header, sides=())) as native:
            for index in progress(range(len(coded)), len(coded), "galaxies decoded"):
                image = np.maximum(galaxy(coded, index), 0)
                if image.shape[-1] <= LARGEST:
                    native.append(image, index=index)
                else:
                    left_out += 1
    if left_out:
        log.warning("%s: %d galaxies are wider than %d px and left out", stamps, left_out, LARGEST)


def chosen(stamps: Stamps, split: str, count: int, seed: int) -> list[int]:
    """Rows of ``count`` galaxies of a split, drawn by the seed, in ascending order; all of them for count 0.

    Raises:
        GalforgeError: the split is empty.
    """
    rows = stamps.split(split)
    if len(rows) == 0:
        raise GalforgeError(
            f"{stamps.path}: no galaxies in the split {split}, which the denoising study needs: give the split a share"
        )
    order = generator(seed, "denoising galaxies", split).permutation(rows)
    return [int(row) for row in np.sort(order[: count or len(rows)])]


def members(real: np.ndarray, generated: int, alpha: float, seed: int, replicate: int) -> list[Member]:
    """The training images of the corrected protocol: as many as there are real ones, a share alpha of them generated.

    The subsets of one replicate are nested: with a larger alpha more generated images replace real ones.

    Args:
        real: rows of the real training split.
        generated: number of generated images.

    Raises:
        GalforgeError: there are too few generated images.
    """
    wanted = round(alpha * len(real))
    if wanted > generated:
        raise GalforgeError(
            f"alpha {alpha:g} of {len(real)} training galaxies is {wanted} generated ones, but the model drew only "
            f"{generated}: raise sampling: count, which draws the missing ones without training again"
        )
    made = generator(seed, "generated subset", replicate).permutation(generated)[:wanted]
    kept = generator(seed, "real subset", replicate).permutation(real)[: len(real) - wanted]
    return [Member(False, int(row)) for row in np.sort(kept)] + [Member(True, int(row)) for row in np.sort(made)]


class Bucketed:
    """Batches of images of similar size; every epoch goes through all images once, in an order of its own.

    A pure function of (seed, step), so that a resumed training sees the same batches. The last images of an epoch,
    which do not fill a batch, are left out.
    """

    def __init__(self, images: list[Member], sides: list[int], batch: int, key: tuple[int | str, ...]):
        if batch > len(images):
            raise GalforgeError(
                f"denoiser: a batch of {batch} needs as many training galaxies, but there are {len(images)}: lower "
                "denoisers: batch"
            )
        self.images, self.sides, self.batch, self.key = images, np.array(sides), batch, key
        self.steps = len(images) // batch
        self._epoch: tuple[int, np.ndarray] | None = None

    def __call__(self, step: int) -> list[Member]:
        epoch, within = divmod(step, self.steps)
        if self._epoch is None or self._epoch[0] != epoch:
            self._epoch = (epoch, self._order(epoch))
        return [self.images[i] for i in self._epoch[1][within]]

    def _order(self, epoch: int) -> np.ndarray:
        """Indices of the images of each batch of an epoch, (steps, batch)."""
        draws = generator(*self.key, "order", epoch)
        order = draws.permutation(len(self.images))[: self.steps * self.batch]
        if self.batch > 1:
            window = _WINDOW * self.batch
            pieces = [order[first : first + window] for first in range(0, len(order), window)]
            order = np.concatenate([piece[np.argsort(self.sides[piece], kind="stable")] for piece in pieces])
        return draws.permutation(order.reshape(self.steps, self.batch))


def drawn(real: np.ndarray, generated: int, alpha: float, batch: int, key: tuple[int | str, ...]) -> Callable:
    """Batches of the published protocol: each image is, with probability alpha, one of all generated ones."""

    def at(step: int) -> list[Member]:
        draws = generator(*key, "mixture", step)
        made = draws.random(batch) < alpha
        return [
            Member(True, int(draws.integers(generated))) if is_made else Member(False, int(draws.choice(real)))
            for is_made in made
        ]

    return at


def choice(
    real: Galaxies, generated: Galaxies | None, settings: DenoiserSettings, alpha: float, seed: int, replicate: int
) -> Callable[[int], list[Member]]:
    """Which galaxies the batch of a step has, as the protocol says.

    Raises:
        GalforgeError: the files have different bands, or there are too few galaxies.
    """
    rows, count = real.stamps.split("train"), len(generated) if generated is not None else 0
    bands = real.stamps.header.bands
    if generated is not None and generated.stamps.header.bands != bands:
        raise GalforgeError(
            f"{generated.stamps.path}: galaxies in bands {', '.join(generated.stamps.header.bands)}, but those of "
            f"{real.stamps.path} are in {', '.join(bands)}; sample the model again"
        )
    if len(rows) == 0:
        raise GalforgeError(
            f"{real.stamps.path}: no galaxies in the split train to train a denoiser on; give it a share"
        )
    key = (seed, "denoiser", replicate)
    if settings.protocol == "published":
        return drawn(rows, count, alpha, settings.batch, key)
    images, files = members(rows, count, alpha, seed, replicate), (real, generated)
    return Bucketed(images, [files[each.generated].side(each.row) for each in images], settings.batch, key)
