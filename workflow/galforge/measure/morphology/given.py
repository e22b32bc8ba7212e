"""Morphology with what users bring: segmentation maps, masks, PSFs and maps of the noise, as statmorph takes them.

The engine is the compiled one (`by_numba`), which no file of the workflow calls in this way: a galaxy is cut out by
`stamp.cut`, and what is brought is put in where statmorph has it. Without anything brought, numbers are those of
`measure.measure_image`.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import ndimage

from galforge.errors import GalforgeError
from galforge.measure.morphology.by_numba import QUANTITIES, Galaxy
from galforge.measure.morphology.compared import FLAGS
from galforge.measure.morphology.segmentation import segment
from galforge.measure.morphology.settings import MeasureSettings
from galforge.measure.morphology.sky import sky_box
from galforge.measure.morphology.stamp import CATASTROPHIC, EXTENT, SMALLEST, Stamp, cut

Box = tuple[slice, slice]
_NOTHING = 0  # label of the row of a stamp without any


@dataclass(frozen=True)
class Brought:
    """What users bring for N stamps; None where they do not.

    Attributes:
        segmentation: N maps (H, W) of labels, 0 for the background; without it, galaxies are segmented as in the
            workflow, where pixels that are masked count as no source.
        labels: (N,) the label that is measured of each stamp; None: all of them.
        mask: N maps (H, W), True where a pixel is left out.
        psf: (h, w) for all stamps, or (N, h, w).
        weightmap: N maps (H, W) of the sd of each pixel [image units].
    """

    segmentation: list[np.ndarray] | None = None
    labels: np.ndarray | None = None
    mask: list[np.ndarray] | None = None
    psf: np.ndarray | None = None
    weightmap: list[np.ndarray] | None = None

    def psf_of(self, index: int) -> np.ndarray | None:
        """The PSF (h, w) of one stamp."""
        return self.psf if self.psf is None or self.psf.ndim == 2 else self.psf[index]


class Piece(NamedTuple):
    """A galaxy that is to be measured, with its surroundings.

    Attributes:
        index: of the stamp.
        label: of the galaxy in the segmentation map; 0: there is none.
        x, y: column and row of the first pixel on the stamp.
        image: (h, w) float64.
        segmap: (h, w) labels; None where the galaxy is segmented first.
        mask: (h, w) bool, or None.
        weightmap: (h, w), or None.
        gain: electrons per image unit.
        psf: (k, l), or None.
    """

    index: int
    label: int
    x: int
    y: int
    image: np.ndarray
    segmap: np.ndarray | None
    mask: np.ndarray | None
    weightmap: np.ndarray | None
    gain: float
    psf: np.ndarray | None


def checked(
    shapes: list[tuple[int, int]], segmentation: Any, labels: Any, mask: Any, psf: Any, weightmap: Any
) -> Brought:
    """What was brought for stamps of these shapes (H, W), as `Brought`.

    A map (H, W) is for all stamps.

    Raises:
        GalforgeError: something has another shape, number or type than it must have.
    """
    maps = _maps("segmentation", segmentation, shapes, "biu", "labels that are whole numbers, 0 for the background")
    masks = _maps("mask", mask, shapes, "b", "True where a pixel is left out, of type bool")
    sds = _maps("weightmap", weightmap, shapes, "fiu", "the sd of each pixel")
    for index, each in enumerate(sds or ()):
        if (each < 0).any():
            raise GalforgeError(f"weightmap: stamp {index} has negative values: it is the sd of each pixel")
    for index, each in enumerate(maps or ()):
        if each.dtype.kind == "i" and (each < 0).any():
            raise GalforgeError(f"segmentation: stamp {index} has negative labels: give 0 for the background")
    if labels is not None:
        labels = np.asarray(labels)
        if maps is None or labels.shape != (len(shapes),) or labels.dtype.kind not in "iu" or (labels < 1).any():
            raise GalforgeError(
                f"labels: one whole number above 0 for each of {len(shapes)} stamps, beside a segmentation, is needed"
            )
    if psf is not None:
        psf = np.asarray(psf, dtype=np.float64)
        whole = psf.ndim == 2 or (psf.ndim == 3 and len(psf) == len(shapes))
        if not (whole and np.isfinite(psf).all() and (psf.sum(axis=(-2, -1)) > 0).all()):
            raise GalforgeError(
                f"psf: shape {psf.shape}: finite values (h, w) of a positive sum are needed, or (N, h, w) for "
                f"N = {len(shapes)} stamps"
            )
    return Brought(maps, labels, masks, psf, sds)


def _maps(what: str, given: Any, shapes: list[tuple[int, int]], kinds: str, meaning: str) -> list[np.ndarray] | None:
    """One map for each stamp."""
    if given is None:
        return None
    whole = None if isinstance(given, list | tuple) else np.asarray(given)
    if whole is not None and whole.ndim not in (2, 3):
        raise GalforgeError(f"{what}: shape {whole.shape} is neither (H, W) nor (N, H, W)")
    maps = [whole] * len(shapes) if whole is not None and whole.ndim == 2 else [np.asarray(each) for each in given]
    if len(maps) != len(shapes):
        raise GalforgeError(f"{what}: {len(maps)} maps for {len(shapes)} stamps: give one for each, or one for all")
    for index, (each, shape) in enumerate(zip(maps, shapes, strict=True)):
        if each.shape != shape:
            raise GalforgeError(f"{what}: the map of stamp {index} has shape {each.shape}, its image {shape}")
        if each.dtype.kind not in kinds:
            raise GalforgeError(f"{what}: type {each.dtype}; {meaning}, is needed")
    return maps


def places(brought: Brought, count: int) -> list[tuple[int, int, Box | None]]:
    """Stamp, label and bounding box of every galaxy that is to be measured, in this order; None where not known.

    Raises:
        GalforgeError: a stamp does not have the label that is asked for.
    """
    if brought.segmentation is None:
        return [(index, 1, None) for index in range(count)]
    found: list[tuple[int, int, Box | None]] = []
    for index, segmap in enumerate(brought.segmentation):
        segmap = segmap.astype(np.uint8) if segmap.dtype == bool else segmap
        labels = np.unique(segmap)
        labels = labels[labels > 0]
        # Labels may be any numbers; they are numbered from 1, because their boxes come as a list.
        boxes = ndimage.find_objects(np.where(segmap > 0, np.searchsorted(labels, segmap) + 1, 0))
        own = dict(zip(labels.tolist(), boxes, strict=True))
        if brought.labels is not None:
            asked = int(brought.labels[index])
            if asked not in own:
                raise GalforgeError(f"segmentation: stamp {index} has no label {asked}, only {list(own)[:5]}")
            own = {asked: own[asked]}
        found += [(index, label, box) for label, box in own.items()] or [(index, _NOTHING, None)]
    return found


def piece(image: np.ndarray, gain: float, brought: Brought, index: int, label: int, box: Box | None) -> Piece:
    """A galaxy of an image (H, W), float64, with all that `stamp.cut` will look at and no more."""
    inside = (slice(0, image.shape[0]), slice(0, image.shape[1]))
    if box is not None:
        reach = int(max(side.stop - side.start for side in box) * EXTENT) + SMALLEST
        inside = tuple(slice(max(0, side.start - reach), side.stop + reach) for side in box)
    maps = (brought.segmentation, brought.mask, brought.weightmap)
    segmap, mask, weightmap = (None if each is None else each[index][inside] for each in maps)
    x, y = inside[1].start, inside[0].start
    return Piece(index, label, x, y, image[inside], segmap, mask, weightmap, gain, brought.psf_of(index))


def measured(pieces: list[Piece], settings: MeasureSettings) -> pd.DataFrame:
    """One row per galaxy: columns of `measure.measure`, and `label`."""
    rows = [_row(each, settings) for each in pieces]
    measured = ["segment_area", *QUANTITIES]
    table = pd.DataFrame(rows, columns=["index", "label", "segmented", *measured, "error"])
    table = table.astype(dict.fromkeys(measured, "float64"))
    return table.astype({"index": "int64", "label": "int64", "segmented": "bool", "error": "str"})


def _row(piece: Piece, settings: MeasureSettings) -> dict[str, Any]:
    row = dict.fromkeys(QUANTITIES, np.nan) | {"index": piece.index, "label": piece.label, "error": ""}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        if piece.segmap is None:
            known = piece.image if piece.mask is None else np.where(piece.mask, np.nan, piece.image)
            segmap, label = segment(known, settings).astype(np.int8), 1
        else:
            segmap, label = piece.segmap, piece.label
        galaxy = segmap == label if label != _NOTHING else np.zeros(segmap.shape, dtype=bool)
        row |= {"segment_area": int(galaxy.sum()), "segmented": bool(galaxy.any())}
        if not row["segmented"]:
            return row
        try:
            stamp = _stamp(piece, segmap, galaxy)
            if stamp.galaxy.sum() <= 0:
                return row | dict.fromkeys(FLAGS, float(CATASTROPHIC))
            row |= _galaxy(piece, stamp).measure()
        except MemoryError:
            raise
        except Exception as error:  # as in `measure.measure_image`: one odd stamp must not end it all
            row["error"] = f"{type(error).__name__}: {error}".strip(": ")
    return row


def _stamp(piece: Piece, segmap: np.ndarray, galaxy: np.ndarray) -> Stamp:
    """The cutout about a galaxy, without other sources and masked pixels.

    As in statmorph, these have no part in what is outlying, and the sky's box avoids them.
    """
    stamp = cut(piece.image, galaxy)
    ny, nx = stamp.raw.shape
    place = slice(stamp.y, stamp.y + ny), slice(stamp.x, stamp.x + nx)
    sources = segmap[place] != 0
    masked = np.zeros((ny, nx), dtype=bool) if piece.mask is None else piece.mask[place]
    mask = stamp.mask | masked | (sources & ~stamp.segment)
    if piece.weightmap is not None:
        mask |= ~np.isfinite(piece.weightmap[place])
    kept = np.where(mask, 0.0, stamp.raw)
    top, left, size = sky_box(sources | masked)
    return replace(
        stamp,
        x=stamp.x + piece.x,
        y=stamp.y + piece.y,
        image=kept,
        mask=mask,
        galaxy=np.where(stamp.segment, kept, 0.0),
        sky=np.ascontiguousarray(kept[top : top + size, left : left + size]),
    )


def _galaxy(piece: Piece, stamp: Stamp) -> Galaxy:
    """The galaxy as the engine measures it, with the errors of the map where there is one."""
    galaxy = Galaxy(stamp, piece.gain, piece.psf)
    if piece.weightmap is not None:
        ny, nx = stamp.raw.shape
        errors = piece.weightmap[stamp.y - piece.y : stamp.y - piece.y + ny, stamp.x - piece.x : stamp.x - piece.x + nx]
        galaxy.errors = np.where(stamp.mask, 0.0, errors)
    return galaxy


def batched(pieces: Iterator[Piece], size: int, settings: MeasureSettings) -> Iterator[tuple]:
    """Arguments of `measured` for `size` galaxies at a time."""
    batch: list[Piece] = []
    for each in pieces:
        batch.append(each)
        if len(batch) == size:
            yield batch, settings
            batch = []
    if batch:
        yield batch, settings
