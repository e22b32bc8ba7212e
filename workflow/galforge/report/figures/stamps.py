"""Source stamps beside generated ones, drawn at random and shown at one stretch."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from galforge.errors import GalforgeError
from galforge.report.style import figure, save
from galforge.seeds import generator
from galforge.stamps import Header, Stamps

_GAP, _HEADING = 0.05, 0.28  # [inches]
_WIDTH = 9.0
_NICE = (1.0, 2.0, 5.0)


class StampsFigureError(GalforgeError):
    """The stamps to be shown do not belong in one figure."""


def draw(
    source: tuple[str, str | Path],
    generated: Sequence[tuple[str, str | Path]],
    png: str | Path,
    pdf: str | Path,
    *,
    count: int,
    seed: int,
    band: int = 0,
) -> None:
    """A row of source stamps and one row per generated file; which stamps is decided by the seed alone.

    Every pixel goes through asinh((x - sky) / softening), scaled so that the brightest source pixels shown
    are black; sky, softening and white point come from the source row and hold for all rows.

    Args:
        source: (label, stamps file).
        generated: (label, stamps file) of each row below.
        count: stamps per row; fewer where a file has fewer.
        band: the channel shown.

    Raises:
        StampsFigureError: a generated file has other image sizes than the source, or no stamps.
    """
    rows = [_pick(path, count, seed, band) for path in (source[1], *(path for _, path in generated))]
    for (label, path), (images, _) in zip((source, *generated), rows, strict=True):
        if images.shape[1:] != rows[0][0].shape[1:] or not len(images):
            raise StampsFigureError(
                f"{path} ({label}): {len(images)} stamps of {images.shape[1:]} pixels beside source stamps "
                f"of {rows[0][0].shape[1:]}; sample the model again"
            )
    sky, softening, top = stretch(rows[0][0])
    panel = (_WIDTH - (count + 1) * _GAP) / count
    height = len(rows) * (panel + _HEADING + _GAP) + _GAP
    labels = [label for label, _ in (source, *generated)]
    with figure(_WIDTH, height) as made:
        # Placed by hand: a layout engine would widen the column that holds the heading and the scale bar.
        made.set_layout_engine("none")
        for row, (label, (images, header)) in enumerate(zip(labels, rows, strict=True)):
            bottom = height - (row + 1) * (panel + _HEADING + _GAP)
            for column, image in enumerate(images):
                left = _GAP + column * (panel + _GAP)
                axis = made.add_axes((left / _WIDTH, bottom / height, panel / _WIDTH, panel / height))
                axis.set_axis_off()
                shown = np.arcsinh((image - sky) / softening) / np.arcsinh((top - sky) / softening)
                axis.imshow(shown, cmap="gray_r", vmin=-0.15, vmax=1.0, origin="lower", interpolation="nearest")
                if column == 0:
                    title = label if header.origin in label else f"{label} ({header.origin})"
                    axis.set_title(title, loc="left", fontweight="bold", fontsize=11)
                    _scale_bar(axis, header, images.shape[-1])
        save(made, png, pdf)


def stretch(images: np.ndarray) -> tuple[float, float, float]:
    """Sky level, softening and brightest value of source images (n, H, W), for an asinh stretch.

    The sky is the median of the border pixels, the softening three times their scatter (from the median
    absolute deviation), but at least 1/200 of the range, because noiseless stamps have no sky scatter.
    """
    border = np.concatenate([images[:, [0, -1], :].ravel(), images[:, :, [0, -1]].ravel()])
    sky = float(np.median(border))
    scatter = 1.4826 * float(np.median(np.abs(border - sky)))
    top = max(float(np.percentile(images, 99.8)), sky + np.finfo(np.float32).tiny)
    return sky, max(3 * scatter, (top - sky) / 200), top


def _pick(path: str | Path, count: int, seed: int, band: int) -> tuple[np.ndarray, Header]:
    with Stamps(path) as stamps:
        order = generator(seed, "stamps figure").permutation(len(stamps))
        chosen = np.sort(order[:count])
        return stamps.images[chosen, band], stamps.header


def _scale_bar(axis: Axes, header: Header, side: int) -> None:
    """A bar of about a third of the stamp, of a round length, with its length written above it."""
    third = side * header.pixel_scale / 3
    power = 10.0 ** np.floor(np.log10(third))
    length = max(step * power for step in _NICE if step * power <= third)
    pixels = length / header.pixel_scale
    unit = "″" if header.pixel_unit == "arcsec" else " kpc"
    left = low = 0.06 * side
    axis.plot([left, left + pixels], [low, low], color="#B3261E", linewidth=2.2, solid_capstyle="butt")
    axis.text(
        left,
        low + 0.04 * side,
        f"{length:g}{unit}",
        color="#B3261E",
        fontsize=9,
        va="bottom",
        fontweight="bold",
    )
