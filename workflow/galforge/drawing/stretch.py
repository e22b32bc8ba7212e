"""How bright a pixel is shown: one asinh stretch for all galaxies of a figure, in grey or in colours."""

from dataclasses import dataclass

import numpy as np

from galforge.stamps.colours import red_green_blue
from galforge.stamps.file import Header

_DARKEST = 200  # the range over the softening at most: noiseless stamps have no scatter of the sky


@dataclass(frozen=True)
class Stretch:
    """An asinh stretch, set by source stamps (Lupton et al. 1999, AJ 118, 1406; in colours 2004, PASP 116, 133).

    Attributes:
        bands: one band for grey, or three for red, green and blue.
        sky: of each band [image units].
        weights: by which each band is multiplied, so that the source's mean colour is white.
        softening: brightness above the sky up to which the stretch is linear, logarithmic beyond [image units].
        top: brightness above the sky that is black, or white in colours [image units].
    """

    bands: tuple[int, ...]
    sky: tuple[float, ...]
    weights: tuple[float, ...]
    softening: float
    top: float

    def apply(self, galaxy: np.ndarray) -> np.ndarray:
        """A galaxy (bands, l, l) as what is shown: grey (l, l), 0 for the sky and 1 for ``top``, or RGB (l, l, 3).

        The three bands of a pixel are scaled alike, by that of their mean; where one would be above 1 all are made
        fainter, so that the centres of galaxies keep their colour.
        """
        above = (galaxy - np.array(self.sky)[:, None, None]) * np.array(self.weights)[:, None, None]
        if len(self.bands) == 1:
            return self._scaled(above[0])
        intensity = np.maximum(above.mean(axis=0), np.finfo(np.float32).tiny)
        colours = np.maximum(above * (self._scaled(intensity) / intensity), 0.0)
        return np.moveaxis(np.minimum(colours / np.maximum(colours.max(axis=0), 1.0), 1.0), 0, -1)

    def words(self, header: Header) -> str:
        """The stretch in words and numbers, for below the figure."""
        numbers = f"linear up to {self.softening:.2g}, {{}} at {self.top:.2g} {header.unit} above the sky"
        if len(self.bands) == 1:
            return f"asinh stretch of {header.bands[self.bands[0]]}, {numbers.format('black')}"
        names = ", ".join(header.bands[band] for band in self.bands)
        return (
            f"red, green, blue: {names}, asinh stretch of their mean, {numbers.format('white')}; "
            "the source's mean colour is white"
        )

    def _scaled(self, above: np.ndarray) -> np.ndarray:
        return np.arcsinh(above / self.softening) / np.arcsinh(self.top / self.softening)


def bands_shown(header: Header, band: int) -> tuple[int, ...]:
    """Bands of the images: those of `red_green_blue`; of fewer than three bands, the one that is measured."""
    return red_green_blue(header.bands) or (band,)


def stretch_of(images: np.ndarray, bands: tuple[int, ...]) -> Stretch:
    """The stretch that source images (n, bands, H, W) set."""
    sky = np.array([np.median(border(images[:, index])) for index in range(len(bands))])
    above = images - sky[:, None, None]
    light = above.sum(axis=(0, 2, 3))
    # A band without light has no colour to balance.
    weights = np.where(light > 0, light.mean() / np.where(light > 0, light, 1.0), 1.0)
    level, softening, top = levels((above * weights[:, None, None]).mean(axis=1))
    if len(bands) == 1:
        sky = sky + level
    return Stretch(bands, tuple(map(float, sky)), tuple(map(float, weights)), softening, top - level)


def levels(images: np.ndarray) -> tuple[float, float, float]:
    """Sky level, softening and brightest value of images (n, H, W).

    The sky is the median of the border pixels, the softening three times their scatter (from the median
    absolute deviation), but at least 1/200 of the range, because noiseless stamps have no sky scatter.
    """
    edges = border(images)
    sky = float(np.median(edges))
    scatter = 1.4826 * float(np.median(np.abs(edges - sky)))
    top = max(float(np.percentile(images, 99.8)), sky + float(np.finfo(np.float32).tiny))
    return sky, max(3 * scatter, (top - sky) / _DARKEST), top


def border(images: np.ndarray) -> np.ndarray:
    """The outermost pixels of images (n, H, W), one behind the other."""
    return np.concatenate([images[:, [0, -1], :].ravel(), images[:, :, [0, -1]].ravel()])
