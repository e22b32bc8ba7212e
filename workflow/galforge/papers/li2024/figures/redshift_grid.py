"""Galaxies by redshift.

Galaxies of the source and of each model near four redshifts, in every band and in false colour (i, r, g as red,
green, blue). On the left the stretch is linear, to each galaxy's own brightest pixels, and shows the shape. On the
right it is logarithmic, to levels that the source's galaxies near the redshift set, and shows brightness and sky. A
good model's noise looks like the source's, a poor one's has structure in it. Galaxies should become fainter and
smaller downwards.

Galaxies of {dataset} and its models at four redshifts, in all bands and in colour
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galforge.papers.figure import Needs

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from galforge.papers.figure import Files, Subject
    from galforge.stamps.file import Stamps

REDSHIFTS = (0.1, 0.6, 1.1, 2.6)
"""Those of figure 3 of the paper."""


NEAR = 0.15  # of 1 + z: galaxies farther than this are not shown for a redshift
_AMONG = 5  # of the nearest galaxies one is shown
_WIDTH, _LABEL, _GAP, _HALVES, _HEADING, _TOP, _NOTE = 9.0, 1.22, 0.03, 0.14, 0.27, 0.42, 0.32  # [inches]
_LETTERS = 18  # in a line of a label
_BRIGHTEST = 99.9  # percentile of a galaxy's pixels that is as bright as can be
_NOISY = 5.0  # of the linear scale at least: pure noise is not blown up [scatter of the sky]
_LEVELS_FROM = 50  # galaxies at most that set the levels of a redshift
_RAISED, _FAINTEST = 3.0, 1.0  # of the logarithmic scale: the sky's level, and its end [scatter of the sky]
_DARKEST = -0.15  # of the linear scale: what is fainter than the sky is shown too


@dataclass(frozen=True)
class Levels:
    """What is shown how bright at one redshift, set by galaxies of the source, (bands,) each [image unit].

    Attributes:
        sky: level of the sky.
        scatter: of the sky.
        top: above the sky, what is shown as bright as can be.
    """

    sky: np.ndarray
    scatter: np.ndarray
    top: np.ndarray


def plot(
    source: tuple[str, str | Path],
    generated: Sequence[tuple[str, str | Path]],
    png: str | Path,
    pdf: str | Path,
    *,
    redshifts: Sequence[float],
    seed: int,
) -> None:
    """Per redshift a line of each sample: a galaxy in every band and in colours, at linear stretch and at logarithmic.

    The galaxy is picked by the seed from the five nearest to the redshift, none farther than 0.15 (1 + z); where a
    sample has none, the line says so. Linear stretches end at each galaxy's own brightest pixels, which shows shapes;
    logarithmic ones are those that the source's galaxies near the redshift set, which shows brightness and sky. The
    source's galaxies are those of the test split. Colours are those of Lupton et al. (2004, PASP 116, 133), i, r, g as
    red, green, blue; stamps that lack one of these bands have no colours.

    Args:
        source: (label, stamps file), with the catalogue columns ``redshift`` and ``split``.
        generated: (label, stamps file) of each model, with ``redshift``, the one that was asked for.

    Raises:
        GalforgeError: a file lacks a catalogue column.
        StampsFigureError: a file has no stamps, or other bands or image sizes than the source.
    """
    from galforge.drawing.redshift import lookback
    from galforge.drawing.style import figure, save
    from galforge.stamps.colours import red_green_blue
    from galforge.stamps.file import Stamps

    samples = (source, *generated)
    with Stamps(source[1]) as stamps:
        bands = stamps.header.bands
    across = 2 * (len(bands) + bool(red_green_blue(bands)))
    panel = (_WIDTH - _LABEL - _HALVES - across * _GAP) / across
    height = _TOP + _NOTE + len(redshifts) * (_HEADING + len(samples) * (panel + _GAP))
    with figure(_WIDTH, height) as made:
        # Placed by hand: panels are squares of one size.
        made.set_layout_engine("none")
        _head(made, bands, across, panel, height)
        bottom = height - _TOP
        for redshift in redshifts:
            bottom -= _HEADING
            words = f"z = {redshift:g}, {lookback(redshift):.1f} Gyr ago"
            made.text(0.05 / _WIDTH, (bottom + 0.07) / height, words, fontsize=10, fontweight="bold", va="bottom")
            shown = _levels(source[1], redshift, seed)
            for label, path in samples:
                bottom -= panel + _GAP
                _line(made, label, _pick(path, label, source[1], redshift, seed), shown, bands, bottom, panel, height)
        note = (
            f"Picked by the seed among the {_AMONG} nearest to the redshift. Linear: to each galaxy's own brightest "
            "pixels. Logarithmic: as the source's galaxies near it."
        )
        made.text(0.05 / _WIDTH, 0.1 / height, note, fontsize=8.5, color="#444444", va="bottom")
        save(made, png, pdf)


def _near(stamps: Stamps, redshift: float) -> np.ndarray:
    """Galaxies near a redshift, the nearest first; of the source those of the test split."""
    import numpy as np

    apart = np.abs(stamps.catalog("redshift") - redshift)
    near = apart <= NEAR * (1 + redshift)
    if stamps.header.origin != "generated":
        near &= stamps.catalog("split") == "test"
    return np.flatnonzero(near)[np.argsort(apart[near], kind="stable")]


def _pick(
    path: str | Path, label: str, source: str | Path, redshift: float, seed: int
) -> tuple[np.ndarray, float] | None:
    """One galaxy (bands, H, W) near a redshift and its own redshift; None where there is none."""
    import numpy as np

    from galforge.drawing.panels import check_alike
    from galforge.seeds import generator
    from galforge.stamps.file import Stamps

    with Stamps(path) as stamps:
        check_alike(stamps, label, source)
        near = _near(stamps, redshift)[:_AMONG]
        if not len(near):
            return None
        index = int(generator(seed, "redshift grid", f"{redshift:g}").permutation(near)[0])
        return stamps.stamp(index).astype(np.float64), float(stamps.catalog("redshift")[index])


def _levels(path: str | Path, redshift: float, seed: int) -> Levels:
    """The levels that the source's galaxies near a redshift set, or any of its galaxies where there are none."""
    import numpy as np

    from galforge.drawing.stretch import levels
    from galforge.seeds import generator
    from galforge.stamps.file import Stamps

    with Stamps(path) as stamps:
        near = _near(stamps, redshift)
        near = near if len(near) else generator(seed, "redshift grid").permutation(len(stamps))
        images = stamps.images[np.sort(near[:_LEVELS_FROM])].astype(np.float64)
    sky, softening, top = np.array([levels(images[:, band]) for band in range(images.shape[1])]).T
    # A galaxy's own brightest pixels: of many galaxies, the typical one's.
    own = np.median(np.percentile(images, _BRIGHTEST, axis=(2, 3)), axis=0)
    return Levels(sky, softening / 3, np.maximum(np.minimum(top, own) - sky, softening))


def _head(made: Figure, bands: Sequence[str], across: int, panel: float, height: float) -> None:
    half = [*bands, *(["i, r, g"] if across > 2 * len(bands) else [])]
    for index, words in enumerate(2 * half):
        left = _left(index, across, panel)
        place = {"ha": "center", "va": "bottom", "fontsize": 9}
        made.text((left + panel / 2) / _WIDTH, (height - _TOP + 0.02) / height, words, **place)
        if index % len(half) == 0:
            stretch = "linear" if index == 0 else "logarithmic"
            place = {"va": "bottom", "fontsize": 9.5, "fontweight": "bold"}
            made.text(left / _WIDTH, (height - _TOP + 0.2) / height, stretch, **place)


def _left(index: int, across: int, panel: float) -> float:
    return _LABEL + index * (panel + _GAP) + (_HALVES if index >= across // 2 else 0.0)


def _line(
    made: Figure,
    label: str,
    picked: tuple[np.ndarray, float] | None,
    shown: Levels,
    bands: Sequence[str],
    bottom: float,
    panel: float,
    height: float,
) -> None:
    import numpy as np

    from galforge.stamps.colours import red_green_blue

    words = textwrap.fill(label, _LETTERS) + (f"\nz = {picked[1]:.2f}" if picked else "")
    made.text(0.05 / _WIDTH, (bottom + panel / 2) / height, words, fontsize=8, va="center", linespacing=1.25)
    if picked is None:
        place = {"fontsize": 9, "va": "center", "color": "#555555"}
        made.text((_LABEL + 0.1) / _WIDTH, (bottom + panel / 2) / height, "no galaxy near this redshift", **place)
        return
    galaxy, _ = picked
    colours = list(red_green_blue(bands) or ())
    across = 2 * (len(bands) + bool(colours))
    own = np.percentile(galaxy, _BRIGHTEST, axis=(1, 2)) - shown.sky
    linear = replace(shown, top=np.maximum(own, _NOISY * shown.scatter))
    for half, (logarithmic, levels_shown) in enumerate(((False, linear), (True, shown))):
        for column in range(across // 2):
            left = _left(column + half * across // 2, across, panel)
            axis = made.add_axes((left / _WIDTH, bottom / height, panel / _WIDTH, panel / height))
            axis.set_axis_off()
            if column < len(bands):
                _grey(axis, galaxy[column], levels_shown, column, logarithmic)
            else:
                axis.imshow(
                    rgb(galaxy[colours], levels_shown, colours, logarithmic), origin="lower", interpolation="nearest"
                )


def _grey(axis: Axes, image: np.ndarray, shown: Levels, band: int, logarithmic: bool) -> None:
    import numpy as np

    above, scatter, top = image - shown.sky[band], float(shown.scatter[band]), float(shown.top[band])
    if logarithmic:
        value = np.log(np.maximum(above / scatter + _RAISED, _FAINTEST))
        low, high = np.log(_FAINTEST), np.log(top / scatter + _RAISED)
    else:
        value, low, high = above / top, _DARKEST, 1.0
    axis.imshow(value, origin="lower", interpolation="nearest", cmap="gray_r", vmin=low, vmax=high)


def rgb(galaxy: np.ndarray, shown: Levels, bands: Sequence[int], logarithmic: bool) -> np.ndarray:
    """Three bands (3, H, W), red first, as colours (H, W, 3) of 8 bits.

    Linear up to the mean top of the bands; or, ``logarithmic``, linear up to twice the mean scatter of the sky only,
    and logarithmic from there to the same top.
    """
    import numpy as np
    from astropy.visualization import make_lupton_rgb

    bands = list(bands)
    above = galaxy - shown.sky[bands][:, None, None]
    top, soft = float(shown.top[bands].mean()), 2 * float(shown.scatter[bands].mean())
    # Q and stretch of make_lupton_rgb such that brightness is linear up to soft (stretch / Q), and white at top.
    q = 10 * np.sinh(np.arcsinh(top / soft) / 10) if logarithmic else 1e-3
    # It divides by the brightness, and sets what is dark to 0 afterwards.
    with np.errstate(invalid="ignore"):
        return make_lupton_rgb(*above, minimum=0, stretch=soft * q if logarithmic else top, Q=q)


def needs(subject: Subject) -> Needs | None:
    """Stamps of the source and of the first training of each model, where there are redshifts."""
    if not subject.has_redshifts:
        return None
    told = {**subject.labels(first=True), "redshifts": list(REDSHIFTS), "seed": subject.report.seed}
    return Needs({"stamps": subject.stamps(first=True)}, told, libraries=("pandas", "astropy"))


def draw(files: Files, told: dict[str, Any], out: dict[str, str]) -> None:
    """Read the files and plot them."""
    from galforge.drawing.stamped import stamped

    source, models = stamped(told, *files["stamps"])
    plot(source, models, out["png"], out["pdf"], redshifts=told["redshifts"], seed=told["seed"])
