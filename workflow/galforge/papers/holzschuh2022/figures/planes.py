"""Gini-M20 and size-magnitude planes.

Above, the Gini-M20 plane with the lines of Lotz et al. (2008): mergers lie above the solid one, bulge-dominated
galaxies above the dashed one (F = 0). Below, half-light radius against magnitude. Grey contours are the source's in
every panel.

Gini against M20 and size against magnitude of {dataset} and its models
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galforge.papers.figure import Needs

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.axes import Axes

    from galforge.drawing import density
    from galforge.drawing.samples import Sample
    from galforge.papers.figure import Files, Subject
    from galforge.stamps.file import Header

ENGINE_OF = "holzschuh2022/morphology"
"""The table that says what measured the morphology."""
_SHARES = (0.9, 0.6, 0.3)
_POINTS = 1500  # drawn of a sample at most: its first ones
_WIDTH, _NARROWEST = 9.0, 2.1  # [inches]
_GREY = "#8A8A8A"


def plot(
    source: tuple[str, pd.DataFrame],
    generated: Sequence[tuple[str, pd.DataFrame]],
    png: str | Path,
    pdf: str | Path,
    *,
    protocol: str,
    header: Header,
    band: int,
) -> None:
    """The Gini-M20 plane (above) and half-light radius against magnitude (below), one column per sample.

    In the upper panels the lines of Lotz et al. (2008, ApJ 672, 177): mergers lie above S = 0.139 M20 + 0.990 Gini -
    0.327 = 0, and below it early types above F = -0.693 M20 + 4.95 Gini - 3.96 = 0 (Snyder et al. 2015, MNRAS 454,
    1886). Grey contours hold 30, 60 and 90 % of the source. Drawn are the stamps that ``samples.usable`` keeps, 1,500
    of them at most.

    Args:
        source: (label, measurements of morphology and photometry joined): the columns statmorph names, ``flag``,
            ``segmented`` and ``log_flux``.
        generated: (label, the same) of each model.
        protocol: ``corrected`` or ``published``; decides about the cut on flags and is written on the figure.
        header: of the source stamps: pixel scale, zero points and bands.
        band: in which the photometry was measured.

    Raises:
        SamplesError: a column is lacking, or no source stamp was measured well enough to be drawn.
    """
    import numpy as np

    from galforge.drawing import density
    from galforge.drawing.samples import samples
    from galforge.drawing.style import MODEL_COLOURS, SOURCE_COLOUR, figure, save

    shown = samples(source, generated, protocol, ("log_flux",))
    positions = [(_gini_m20(sample), _size_magnitude(sample, header, band)) for sample in shown]
    limits = [[density.window(values[np.isfinite(values)]) for values in pair] for pair in positions[0]]
    references = [density.plane(*_complete(pair), *limit) for pair, limit in zip(positions[0], limits, strict=True)]
    width = max(_WIDTH, _NARROWEST * len(shown))
    with figure(width, 6.2) as made:
        axes = made.subplots(2, len(shown), squeeze=False, sharex="row", sharey="row")
        for column, (sample, pairs) in enumerate(zip(shown, positions, strict=True)):
            for row, (pair, reference) in enumerate(zip(pairs, references, strict=True)):
                colour = SOURCE_COLOUR if column == 0 else MODEL_COLOURS[(column - 1) % len(MODEL_COLOURS)]
                _panel(axes[row, column], pair, reference, colour, len(shown[0].frame))
            axes[0, column].set_title(_title(sample), loc="left", fontsize=9.5)
            _lotz(axes[0, column], limits[0][0], named=column == 0)
        for row, limit in enumerate(limits):
            axes[row, 0].set_xlim(*(limit[0][::-1] if row == 0 else limit[0]))
            axes[row, 0].set_ylim(*limit[1])
        _name_axes(axes, header, band)
        made.supxlabel(f"grey: 30, 60, 90 % of the source; {protocol} protocol", fontsize=10)
        save(made, png, pdf)


def _gini_m20(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    return sample.values("m20"), sample.values("gini")


def _size_magnitude(sample: Sample, header: Header, band: int) -> tuple[np.ndarray, np.ndarray]:
    """Magnitude (AB where there is a zero point), and log10 of the half-light radius in units of the pixel scale."""
    import numpy as np

    zero_point = header.zero_points[band] if header.zero_points else 0.0
    radius = sample.values("rhalf_circ") * header.pixel_scale
    log_radius = np.log10(radius, out=np.full(radius.shape, np.nan), where=radius > 0)
    return zero_point - 2.5 * sample.values("log_flux"), log_radius


def _complete(pair: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    there = np.isfinite(pair[0]) & np.isfinite(pair[1])
    return pair[0][there], pair[1][there]


def _panel(
    axis: Axes, pair: tuple[np.ndarray, np.ndarray], reference: density.Plane, colour: str, source_size: int
) -> None:
    from galforge.drawing import density

    x, y = _complete(pair)
    size = 4.0 if len(x) < 500 else 2.6
    # As pixels in the PDF too, which would otherwise hold each point.
    axis.plot(x[:_POINTS], y[:_POINTS], ".", color=colour, markersize=size, alpha=0.6, mew=0, rasterized=True)
    if source_size >= density.FEWEST:
        density.contours(axis, reference, _SHARES, colors=[_GREY], linewidths=1.0)


def _lotz(axis: Axes, across: tuple[float, float], named: bool) -> None:
    """The lines S = 0 (solid) and, below it, F = 0 (dashed)."""
    import numpy as np

    m20 = np.linspace(*across, 200)
    mergers, bulges = (0.327 - 0.139 * m20) / 0.990, (3.96 + 0.693 * m20) / 4.95
    axis.plot(m20, mergers, color="#444444", linewidth=1.0)
    below = bulges < mergers
    axis.plot(m20[below], bulges[below], color="#444444", linewidth=1.0, linestyle="--")
    if named:
        behind = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1.0}
        words = {"size": 8.5, "color": "#444444", "bbox": behind}
        axis.text(0.04, 0.96, "mergers", va="top", transform=axis.transAxes, **words)
        axis.text(0.96, 0.04, "late types", ha="right", transform=axis.transAxes, **words)
        # Where the lines are farthest apart, at the right edge, as M20 becomes more negative to the right.
        edge = across[0] + 0.04 * (across[1] - across[0])
        middle = ((0.327 - 0.139 * edge) / 0.990 + (3.96 + 0.693 * edge) / 4.95) / 2
        axis.text(edge, middle, "early types", ha="right", va="center", clip_on=True, **words)


def _title(sample: Sample) -> str:
    # One column per sample: the label is broken where a source's origin begins.
    return f"{sample.label.replace(' (', chr(10) + '(')}\n{len(sample.frame)} of {sample.entered}"


def _name_axes(axes: np.ndarray, header: Header, band: int) -> None:
    import numpy as np
    from matplotlib.ticker import LogLocator

    axes[0, 0].set_ylabel("Gini")
    unit = "arcsec" if header.pixel_unit == "arcsec" else "kpc"
    axes[1, 0].set_ylabel(f"half-light radius [{unit}]")
    # The axis is in log10, so that its density is what is seen.
    low, high = axes[1, 0].get_ylim()
    ticks = [
        value for value in LogLocator(subs=(1, 2, 5)).tick_values(10**low, 10**high) if low <= np.log10(value) <= high
    ]
    axes[1, 0].set_yticks(np.log10(ticks), [f"{value:g}" for value in ticks])
    magnitude = (
        f"{header.bands[band]} magnitude (AB)" if header.zero_points else f"-2.5 log flux in {header.bands[band]}"
    )
    for axis in axes[0]:
        axis.set_xlabel("M20")
    for axis in axes[1]:
        axis.set_xlabel(magnitude)


def needs(subject: Subject) -> Needs | None:
    """Morphology and photometry of the source and of every training."""
    if subject.sweep or not subject.takes("morphology", "photometry"):
        return None
    inputs = {
        "morphology": subject.measurements("morphology"),
        "photometry": subject.measurements("photometry"),
        "stamps": subject.stamps()[0],
    }
    return Needs(inputs, {"band": subject.band, **subject.labels()}, libraries=("pandas", "scipy"))


def draw(files: Files, told: dict[str, Any], out: dict[str, str]) -> None:
    """Read the files and plot them."""
    from galforge.drawing.measured import measured
    from galforge.stamps.file import Stamps

    source, models = measured(told, files["morphology"], files["photometry"])
    with Stamps(files["stamps"]) as stamps:
        header = stamps.header
    plot(source, models, out["png"], out["pdf"], protocol="corrected", header=header, band=told["band"])
