"""Power spectra.

Median Fourier amplitude against wavenumber with the band that holds 68 % of the stamps, and each model's median over
the source's.

Power spectra of {dataset} and its models with their ratio to the source
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galforge.errors import GalforgeError
from galforge.papers.figure import Needs

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from galforge.papers.figure import Files, Subject

_PERCENTILES = (16, 50, 84)


class SpectraError(GalforgeError):
    """The measurements cannot be drawn."""


def plot(
    source: tuple[str, pd.DataFrame],
    generated: Sequence[tuple[str, pd.DataFrame]],
    png: str | Path,
    pdf: str | Path,
    *,
    side: int,
    protocol: str,
) -> None:
    """Median Fourier amplitude with the band that holds 68 % of the stamps; below, medians over the source's.

    Args:
        source: (label, measurements) with columns ``bin_000``...: log10 of the azimuthal mean of |FFT| /
            side^2 in rings of integer radius (Holzschuh et al. 2022, released code). Bin 0, the mean, is not
            drawn. Galaxies at their own size have none, and their modes ``mode_01``... are drawn instead, each in the
            middle of its edges, as dots.
        generated: (label, measurements) of each model.
        side: of the stamps [px]; ring i lies at i / (side / 2) of the Nyquist frequency. Not read of modes.
        protocol: written on the figure; modes are those of the corrected one.

    Raises:
        SpectraError: no columns ``bin_`` or ``mode_``, or others than the source's.
    """
    import numpy as np
    from matplotlib.ticker import FuncFormatter, LogLocator

    from galforge.drawing.style import SOURCE_COLOUR, figure, look, save

    columns, wave = _waves(source[1], side)
    for label, frame in (source, *generated):
        if len(columns) < 2 or not set(columns) <= set(frame.columns):
            raise SpectraError(
                f"{label}: no columns {columns[0] if columns else 'bin_001 or mode_01'}... among the measurements; "
                "measure its spectra again"
            )
    marker = {"marker": "o", "markersize": 3.5} if columns[0].startswith("mode_") else {}
    bands = [
        np.nanpercentile(frame[columns].to_numpy(float), _PERCENTILES, axis=0) for _, frame in (source, *generated)
    ]
    with figure(9.0, 6.4) as made:
        upper, lower = made.subplots(2, 1, sharex=True, height_ratios=[2.4, 1])
        for index, (label, frame) in enumerate((source, *generated)):
            (low, middle, high), own = bands[index], look(index)
            upper.fill_between(wave, 10**low, 10**high, color=own["color"], alpha=0.15, linewidth=0)
            upper.plot(wave, 10**middle, label=f"{label} ({len(frame)} stamps)", **own, **marker)
            if index:
                lower.plot(wave, 10 ** (middle - bands[0][1]), **own, **marker)
        low, middle, high = bands[0]
        lower.fill_between(wave, 10 ** (low - middle), 10 ** (high - middle), color="#DDDDDD", linewidth=0)
        lower.axhline(1.0, color=SOURCE_COLOUR, linewidth=0.9)
        for axis in (upper, lower):
            axis.set_xscale("log")
            axis.set_yscale("log")
            axis.axvline(1.0, color="#888888", linewidth=0.9, linestyle=":")
        upper.set_ylabel("|FFT| / side² [image unit]")
        upper.legend(loc="lower left")
        lower.set_ylabel("model / source")
        lower.set_xlabel(f"k / Nyquist (lines: medians, bands: 16–84 % of stamps, {protocol} protocol)")
        lower.set_xticks([0.05, 0.1, 0.2, 0.5, 1.0], ["0.05", "0.1", "0.2", "0.5", "1"])
        lower.set_xlim(wave[0], max(wave[-1], 1.0))
        lower.minorticks_off()
        lower.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        lower.yaxis.set_major_formatter(FuncFormatter(lambda ratio, _: f"{ratio:g}"))
        save(made, png, pdf)


def _waves(frame: pd.DataFrame, side: int) -> tuple[list[str], np.ndarray]:
    """Columns that are drawn, and where they lie [Nyquist frequencies]."""
    import numpy as np

    from galforge.measure.power_spectrum.measure import NYQUIST, UPPER_EDGES

    columns = sorted(name for name in frame.columns if name.startswith("bin_"))[1:]
    if columns:
        return columns, np.arange(1, len(columns) + 1) / (side / 2)
    edges = np.array([0.0, *UPPER_EDGES]) / NYQUIST
    columns = [f"mode_{mode:02d}" for mode in range(1, len(edges))]
    return [name for name in columns if name in frame.columns], (edges[1:] + edges[:-1]) / 2


def needs(subject: Subject) -> Needs | None:
    """Power spectra of the source and of every training."""
    if subject.sweep or not subject.takes("power_spectrum"):
        return None
    return Needs(
        {"measurements": subject.measurements("power_spectrum")}, subject.labels(), libraries=("pandas", "scipy")
    )


def draw(files: Files, told: dict[str, Any], out: dict[str, str]) -> None:
    """Read the files and plot them."""
    from galforge.drawing.measured import measured

    source, models = measured(told, files["measurements"])
    plot(source, models, out["png"], out["pdf"], side=source[1].attrs["side"], protocol="corrected")
