"""What given images are by their pixels: levels called fluxes, images scaled one by one, copies, other brightness."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from galforge.errors import GalforgeError
from galforge.logs import log
from galforge.raw.forms import LEVELS, Image
from galforge.raw.rejections import Rejected

ALIKE = 1e-4
"""Relative spread of a number of all images, such as their maxima, below which somebody made them equal."""
FAR = 100.0
"""Factor between the brightest pixels of images and source from which on their units are asked for."""
FEWEST = 20
"""Images from which on equal numbers are no chance [images]."""


@dataclass
class Seen:
    """What all images together tell: pictures called fluxes, images that were scaled one by one, copies.

    Args:
        unit: what the settings say.

    Attributes:
        copies: images that equal source galaxies, and which.
        digests: how often each stamp comes.
        brightest, source: brightest pixels of the stamps, and of the source's.
        kinds, numbers: what ``judge`` judges by.
    """

    unit: str
    copies: dict[str, str] = field(default_factory=dict)
    digests: Counter[bytes] = field(default_factory=Counter)
    brightest: list[float] = field(default_factory=list)
    source: list[float] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    numbers: dict[str, list[float]] = field(default_factory=dict)

    def checked(self, image: Image) -> np.ndarray:
        """The pixels (C, H, W) of an image, looked at.

        Raises:
            Rejected: a pixel is missing, no number or not finite; or there is nothing but one value.
        """
        pixels = image.pixels
        if pixels.dtype.kind not in "iuf":
            raise Rejected("no image", f"pixels of type {pixels.dtype}")
        if (image.missing is not None and image.missing.any()) or not np.isfinite(pixels).all():
            raise Rejected("pixels that are not finite", "generated images have no missing pixels")
        low, high = float(pixels.min()), float(pixels.max())
        if low == high:
            raise Rejected("constant image", f"every pixel is {low:g}")
        if self.unit == "display" and (low < 0 or high > LEVELS):
            raise Rejected("no picture", f"levels from {low:g} to {high:g}, expected 0 to {LEVELS}")
        levels = pixels.dtype == np.uint8 or (low >= 0 and high <= LEVELS and high > 1 and not (pixels % 1).any())
        self.kinds["levels"] += bool(levels)
        self.kinds["images"] += 1
        values = pixels.astype(np.float64)
        found = {"maximum": high, "sum": values.sum(), "sd": values.std(), "norm": np.sqrt(np.square(values).sum())}
        for name, value in found.items():
            self.numbers.setdefault(name, []).append(float(value))
        return pixels

    def judge(self, path: str) -> None:
        """Judge all images together.

        Raises:
            GalforgeError: they are not what the settings say, or some are copies of the source's.
        """
        count = self.kinds["images"]
        if self.unit in ("flux", "relative") and self.kinds["levels"] == count:
            raise GalforgeError(
                f"{path}: all pixels are whole numbers from 0 to {LEVELS}, so these are pictures and no fluxes: say "
                "unit: display, here and of the data set"
            )
        if self.unit in ("flux", "relative") and count >= FEWEST and (name := self._made_equal()):
            raise GalforgeError(
                f"{path}: the {name} of every image is {self.numbers[name][0]:g}, so each was scaled by itself and its "
                "flux is lost: give images in one unit, or say unit: normalised, here and of the data set"
            )
        self._compare_brightness(path)
        if repeated := sum(count - 1 for count in self.digests.values()):
            log.warning("%s: %d of %d images repeat another one pixel by pixel", path, repeated, count)
        if self.copies:
            pairs = [f"{mine} is {theirs}" for mine, theirs in list(self.copies.items())[:3]]
            raise GalforgeError(
                f"{path}: {len(self.copies)} of {count} images equal source galaxies pixel by pixel "
                f"({'; '.join(pairs)}): real galaxies are among the generated ones; take them out"
            )

    def _compare_brightness(self, path: str) -> None:
        """Compare the brightest pixels of images and source.

        Raises:
            GalforgeError: levels of one are from 0 to 1, those of the other to 255.
        """
        if self.unit == "display":
            mine, theirs = max(self.brightest), max(self.source)
            if (mine <= 1) != (theirs <= 1):
                raise GalforgeError(
                    f"{path}: levels go up to {mine:g}, those of the source to {theirs:g}: give both from 0 to {LEVELS}"
                )
            return
        mine, theirs = float(np.median(self.brightest)), float(np.median(self.source))
        if self.unit != "normalised" and theirs > 0 and not theirs / FAR <= mine <= theirs * FAR:
            log.warning(
                "%s: the brightest pixel of an image is typically %.3g, that of the source's galaxies %.3g; check the "
                "unit: `factor`, `zero_points`", path, mine, theirs,
            )  # fmt: skip

    def _made_equal(self) -> str:
        """A number that is the same of all images, up to rounding; empty without one."""
        for name, values in self.numbers.items():
            found = np.array(values)
            if np.ptp(found) <= ALIKE * abs(np.median(found)):
                return name
        return ""
