"""Images in memory, with what has to be known of them, read by measures like a stamps file."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from pathlib import Path
from typing import Any, Self

import numpy as np

from galforge.errors import GalforgeError
from galforge.measure.reading import read
from galforge.stamps.file import Header, Stamps

MOST_BANDS = 5
SMALLEST = 4
"""Side of an image that has a border for the sky [px]."""
UNKNOWN = np.nan
Images = np.ndarray | list[np.ndarray]
"""(N, C, H, W), or a list of N images (C, H, W) of sizes of their own."""


@dataclass(frozen=True)
class About:
    """What has to be known of images in memory; a stamps file says it itself.

    Attributes:
        bands: names of the channels; empty: band0, band1, and so on.
        gain: electrons per image unit, a number or one for each stamp (N,); None where it is not known.
        pixel_scale: side of a pixel [arcsec]; None where it is not known.
        zero_points: AB magnitude of one image unit in each band, or of the one band; empty where the unit has none.
    """

    bands: tuple[str, ...] = ()
    gain: float | np.ndarray | None = None
    pixel_scale: float | None = None
    zero_points: tuple[float, ...] | float = ()

    def said(self) -> list[str]:
        """Names of what is given."""
        return [name for name, value in vars(self).items() if value is not None and np.size(value)]


class ArrayStamps:
    """Images in memory that offer measures what ``galforge.stamps.file.Stamps`` does.

    Args:
        images: (n, C, H, W), or a list of images (C, l, l).
        header: what they have in common.
        name: of the images, for messages.
        columns: of the catalogue, (n,) each.
        first: index of the first image, where they are a part of more.
    """

    def __init__(self, images: Images, header: Header, name: str, columns: dict[str, np.ndarray], first: int = 0):
        self.path, self.header, self.columns = name, header, sorted(columns)
        self._images, self._catalog, self._first = images, columns, first
        alike = isinstance(images, np.ndarray)
        self.images = _Later(images, first) if alike else None
        self.shape: tuple[int, int, int] | None = images.shape[1:] if alike else None

    def __len__(self) -> int:
        return self._first + len(self._images)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def stamp(self, index: int) -> np.ndarray:
        """One image (C, H, W)."""
        return self._images[index - self._first]

    def catalog(self, column: str) -> "_Later":
        """One column; it is read by slices of absolute indices."""
        return _Later(self._catalog[column], self._first)

    def part(self, start: int, stop: int) -> "ArrayStamps":
        """Images `start` to `stop` (exclusive) alone, which keep their indices."""
        inside = slice(start - self._first, stop - self._first)
        columns = {name: values[inside] for name, values in self._catalog.items()}
        return ArrayStamps(self._images[inside], self.header, self.path, columns, start)


class _Later:
    """Rows of an array that have the indices `first` onwards; read by slices [start:stop] or [start:stop, ...]."""

    def __init__(self, values: np.ndarray, first: int):
        self._values, self._first = values, first

    def __getitem__(self, key: Any) -> np.ndarray:
        rows, *rest = key if isinstance(key, tuple) else (key,)
        return self._values[(slice(rows.start - self._first, rows.stop - self._first), *rest)]


def opened(images: Any, about: About, name: str = "images") -> ArrayStamps | Stamps:
    """Images in any of the forms that users have, as measures read them.

    Args:
        images: an array (H, W), (N, H, W) or (N, C, H, W); a list of images (l, l) or (C, l, l) of sizes of their own;
            a path (see ``galforge.measure.reading``); or an open stamps file. Pixels keep their precision.
        about: what has to be known of arrays.
        name: what the images are called in messages.

    Raises:
        GalforgeError: the images cannot be measured as they are; or something is said of a stamps file, or wrongly.
    """
    if isinstance(images, str | Path):
        name = str(images)
        images = read([Path(images)]).images
    if isinstance(images, Path):
        images = _stamps(images)
    if isinstance(images, Stamps | ArrayStamps):
        if said := about.said():
            raise GalforgeError(f"{images.path}: a stamps file says its {', '.join(said)} itself: leave these out")
        return images
    found = arrays(images, name)
    if (side := min(min(image.shape[-2:]) for image in found)) < SMALLEST:
        raise GalforgeError(f"{name}: an image is {side} px wide, and nothing can be measured below {SMALLEST} px")
    channels = found.shape[1] if isinstance(found, np.ndarray) else len(found[0])
    bands = tuple(about.bands) or tuple(f"band{c}" for c in range(channels))
    if len(bands) != channels:
        raise GalforgeError(f"{name}: {len(bands)} bands ({', '.join(bands)}) for images of {channels} channels")
    zero_points = tuple(float(each) for each in np.atleast_1d(about.zero_points))
    if zero_points and about.pixel_scale is None:
        raise GalforgeError(f"{name}: surface brightness in mag/arcsec^2 needs the pixel scale: give pixel_scale too")
    if not np.isfinite(zero_points).all():
        raise GalforgeError(f"{name}: zero points {zero_points} must be finite")
    gain = UNKNOWN if about.gain is None else about.gain
    scale = UNKNOWN if about.pixel_scale is None else about.pixel_scale
    for what, value in (("gain", about.gain), ("pixel_scale", about.pixel_scale)):
        if value is not None and not (np.isfinite(value) & (np.asarray(value) > 0)).all():
            raise GalforgeError(f"{name}: {what} {value} must be positive and finite")
    # Measures read the header's gain where the catalogue has none.
    header = Header(bands, scale, "arcsec", "", zero_points, UNKNOWN, "observed")
    if np.ndim(gain) == 0:
        return ArrayStamps(found, replace(header, gain=float(gain)), name, {})
    if np.shape(gain) != (len(found),):
        raise GalforgeError(f"{name}: gains of shape {np.shape(gain)} for {len(found)} stamps: give one, or one each")
    return ArrayStamps(found, header, name, {"gain": np.asarray(gain, dtype=np.float64)})


def _stamps(path: Path) -> Stamps:
    """A stamps file of users, who cannot make it again as a workflow can."""
    try:
        return Stamps(path)
    except GalforgeError as error:
        raise GalforgeError(
            f"{path}: no stamps file of galforge, or a damaged one: give other HDF5 files as npy or FITS ({error})"
        ) from error


def arrays(images: Any, name: str) -> Images:
    """Images (H, W), (N, H, W) or (N, C, H, W), or a list of images, as `Images`.

    Raises:
        GalforgeError: they have another shape, no pixels that can be fluxes, a unit, or are masked.
    """
    if isinstance(images, list | tuple) and len({np.shape(image) for image in images}) > 1:
        each = [_pixels(image, f"{name}: stamp {index}") for index, image in enumerate(images)]
        if any(image.ndim not in (2, 3) for image in each):
            raise GalforgeError(f"{name}: a list of stamps holds images (H, W) or (C, H, W)")
        each = [image if image.ndim == 3 else image[None] for image in each]
        if len({len(image) for image in each}) > 1:
            raise GalforgeError(f"{name}: stamps have different numbers of channels")
        return np.stack(each) if len({image.shape for image in each}) == 1 else each
    images = _pixels(images, name)
    if images.ndim not in (2, 3, 4) or 0 in images.shape:
        raise GalforgeError(f"{name}: shape {images.shape} is none of (H, W), (N, H, W) and (N, C, H, W)")
    if images.ndim == 2:
        images = images[None]
    images = images[:, None] if images.ndim == 3 else images
    if images.shape[1] > MOST_BANDS:
        raise GalforgeError(
            f"{name}: {images.shape[1]} channels in shape {images.shape}, at most {MOST_BANDS} can be measured; if the "
            "channels come last, give numpy.moveaxis(images, -1, 1)"
        )
    return images


def _pixels(images: Any, name: str) -> np.ndarray:
    """An array of pixels in the byte order of the machine."""
    if isinstance(images, np.ma.MaskedArray) and np.ma.is_masked(images):
        raise GalforgeError(f"{name}: a masked array: give its data as images, and its mask as mask (morphology)")
    if getattr(images, "unit", None) is not None:
        raise GalforgeError(f"{name}: pixels with a unit ({images.unit}): give their values, in the unit of the gain")
    try:
        images = np.asarray(images)
    except ValueError as error:
        raise GalforgeError(f"{name}: no array of pixels ({error})") from error
    if images.dtype.kind not in "fiu":
        raise GalforgeError(f"{name}: pixels of type {images.dtype} are no real numbers")
    if images.dtype == np.uint8:
        raise GalforgeError(
            f"{name}: 8-bit pixels are the brightness of a picture and no flux; if they are counts, give them as "
            "images.astype(float)"
        )
    return images.astype(images.dtype.newbyteorder("="), copy=False)


def band_of(stamps: ArrayStamps | Stamps, band: int | str) -> int:
    """The channel that is meant by its index or its name.

    Raises:
        GalforgeError: there is no such band.
    """
    bands: Sequence[str] = stamps.header.bands
    if band in bands:
        return bands.index(str(band))
    if isinstance(band, Integral) and 0 <= band < len(bands):
        return int(band)
    raise GalforgeError(f"{stamps.path}: there is no band {band!r}: choose one of {', '.join(bands)}")
