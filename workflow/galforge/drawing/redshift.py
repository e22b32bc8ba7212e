"""What figures against redshift share: their axis, means in bins of redshift, and which galaxies are drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from astropy.cosmology import Planck18
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from galforge.drawing.style import look
from galforge.errors import GalforgeError

FEWEST = 5  # galaxies in a bin of which a mean is drawn
_TICKS = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
_GIGAYEARS = (2, 4, 6, 8, 10, 11, 12)
_APART = 0.012  # of ln(1 + z), by which the marks of samples in one bin are moved apart


class RedshiftFigureError(GalforgeError):
    """Measurements or distances cannot be drawn against redshift."""


@dataclass(frozen=True)
class Bins:
    """A property in bins of redshift, (bins,) each; NaN where there are fewer than FEWEST galaxies.

    Attributes:
        mean, error, deviation: of the galaxies in each bin; the error is that of the mean.
        count: how many there are.
    """

    mean: np.ndarray
    error: np.ndarray
    deviation: np.ndarray
    count: np.ndarray


def real(label: str, frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The source's galaxies that no model was trained on: the test split.

    Raises:
        RedshiftFigureError: a column is lacking, or there is no such galaxy.
    """
    lacking(label, frame, ("split", *columns))
    found = frame[frame["split"] == "test"]
    if found.empty:
        raise RedshiftFigureError(
            f"{label}: none of {len(frame)} rows is of the split test; give the data set a test split, and measure it"
        )
    return found


def lacking(label: str, frame: pd.DataFrame, columns: Sequence[str]) -> None:
    """Make sure that measurements have columns.

    Raises:
        RedshiftFigureError: some are lacking, and which.
    """
    names = [name for name in columns if name not in frame.columns]
    if names:
        raise RedshiftFigureError(
            f"{label}: no columns {', '.join(names)} among the measurements, only "
            f"{', '.join(map(str, frame.columns))}; measure them again"
        )


def numbers(frame: pd.DataFrame, column: str) -> np.ndarray:
    """A column (n,) as float64; NaN where it is missing."""
    return frame[column].to_numpy(float, na_value=np.nan)


def binned(redshift: np.ndarray, values: np.ndarray, edges: Sequence[float]) -> Bins:
    """Values (n,) at redshifts (n,) in bins [edges_i, edges_i+1), the last one closed; only what is finite."""
    kept = np.isfinite(redshift) & np.isfinite(values)
    where = np.digitize(redshift[kept], edges) - 1
    where[redshift[kept] == edges[-1]] = len(edges) - 2
    groups = [values[kept][where == index] for index in range(len(edges) - 1)]
    count = np.array([len(group) for group in groups])
    enough = count >= FEWEST
    mean = np.array([group.mean() if ok else np.nan for group, ok in zip(groups, enough, strict=True)])
    deviation = np.array([group.std(ddof=1) if ok else np.nan for group, ok in zip(groups, enough, strict=True)])
    return Bins(mean, deviation / np.sqrt(np.maximum(count, 1)), deviation, count)


def middles(low: Sequence[float], high: Sequence[float], index: int = 0, samples: int = 1) -> np.ndarray:
    """Where marks of bins between redshifts (n,) and (n,) stand, those of several samples a little apart."""
    middle = (np.log1p(np.asarray(low)) + np.log1p(np.asarray(high))) / 2
    return np.expm1(middle + _APART * (index - (samples - 1) / 2))


def lookback(redshift: float | np.ndarray) -> float | np.ndarray:
    """Lookback time [Gyr] (Planck Collaboration 2020, A&A 641, A6)."""
    return Planck18.lookback_time(redshift).value


def against_redshift(axis: Axes, low: float, high: float, *, below: bool = True, above: bool = True) -> None:
    """Make an axis one of redshift, even in ln(1 + z), with lookback time along its top.

    Args:
        below, above: whether redshifts are written below, and times above.
    """
    scale = {"functions": (np.log1p, np.expm1)}
    axis.set_xscale("function", **scale)
    axis.set_xlim(low, high)
    ticks = [tick for tick in _TICKS if low <= tick <= high]
    axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.minorticks_off()
    grid = np.expm1(np.linspace(np.log1p(max(low, 0.0)), np.log1p(high), 200))
    times = lookback(grid)
    top = axis.twiny()
    top.set_xscale("function", **scale)
    top.set_xlim(low, high)
    shown = [time for time in _GIGAYEARS if times[0] < time < times[-1]]
    top.set_xticks(np.interp(shown, times, grid), [str(time) for time in shown])
    top.minorticks_off()
    top.spines["top"].set_visible(True)
    top.tick_params(labelsize=8)
    if below:
        axis.set_xlabel("redshift")
    if above:
        top.set_xlabel("lookback time [Gyr]", fontsize=9)
    else:
        top.tick_params(labeltop=False)
    if not below:
        axis.tick_params(labelbottom=False)


def legend(made: Figure, labels: Sequence[str], *, across: int = 3) -> None:
    """The legend above a figure, of the real galaxies and the models."""
    handles = [Line2D([], [], marker="o", markersize=4, label=label, **look(n)) for n, label in enumerate(labels)]
    made.legend(handles=handles, loc="outside upper left", ncols=min(len(handles), across))


def empty(axis: Axes, words: str) -> None:
    """Say in a panel why there is nothing in it."""
    axis.text(0.5, 0.5, words, ha="center", va="center", transform=axis.transAxes, color="#555555", fontsize=9)
