"""What tells images of high score from those of low score.

Histogram of levels and one-dimensional power spectrum of images of low, middle and high score, a third of the images
each: lines are means (of the logarithm for the spectrum), bands hold 68 % of the images. On the right the score that
the scorer of generated images gives images that it was not trained on, against their own.

Histograms and power spectra of images of {dataset} by score, and scores predicted for them
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galforge.errors import GalforgeError
from galforge.papers.figure import Needs

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.axes import Axes

    from galforge.papers.figure import Files, Subject

_PERCENTILES = (16, 84)
_THIRDS = ("low", "middle", "high")
_FEWEST = 0.01  # [pixels per image] of a level whose mean is drawn: rarer ones make no curve
_GREY = "#555555"
# Levels from which on pixels are averaged: rare levels alone make a ragged line.
_EDGES = (*range(16), *range(16, 32, 2), *range(32, 64, 4), *range(64, 128, 8), *range(128, 256, 16))
_LEVEL_TICKS = (0, 1, 3, 10, 30, 100, 255)
_RADIUS_TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500)


class ScoreFeaturesError(GalforgeError):
    """Measurements or predictions cannot be drawn by score."""


@dataclass(frozen=True)
class _Third:
    label: str
    frame: pd.DataFrame


def plot(
    measured: tuple[str, pd.DataFrame],
    predicted: tuple[str, pd.DataFrame],
    png: str | Path,
    pdf: str | Path,
    *,
    side: int,
) -> None:
    """Mean histogram and mean log power spectrum by thirds of the score, with bands that hold 68 % of the images.

    The third panel shows the scores that a scorer gave images outside of its training fold against their own.

    Args:
        measured: (label, measurements of the family ``realism``) with the columns ``score``, ``histogram_000``...
            [pixels] and ``spectrum_000``... [squared level], the sum of the power over rings. Images without a score
            are left out.
        predicted: (label of the scorer, frame) with the columns ``score`` and ``predicted``.
        side: of the images [px]; the spectra are those of rings of integer radius up to half of it, smoothed by a
            window that is cut at both ends alike.

    Raises:
        ScoreFeaturesError: a column is lacking, or fewer than 3 images have a score.
    """
    from galforge.drawing.style import figure, save

    label, frame = measured
    thirds = _thirds(label, frame)
    histogram, spectrum = _columns(label, frame, "histogram_"), _columns(label, frame, "spectrum_")
    first = (side // 2 - len(spectrum)) // 2
    lacking = [name for name in ("score", "predicted") if name not in predicted[1].columns]
    if lacking:
        raise ScoreFeaturesError(
            f"{predicted[0]}: no columns {', '.join(lacking)} among its predictions; validate the scorer again"
        )
    with figure(11.5, 4.4) as made:
        left, middle, right = made.subplots(1, 3)
        _draw_histograms(left, thirds, histogram)
        _draw_spectra(middle, thirds, spectrum, first)
        _draw_predicted(right, *predicted)
        handles, _ = left.get_legend_handles_labels()
        made.legend(handles=handles, loc="outside upper left", ncols=3, title=label, alignment="left")
        save(made, png, pdf)


def _thirds(label: str, frame: pd.DataFrame) -> list[_Third]:
    """The images of low, middle and high score, with the scores between which they lie."""
    import numpy as np

    if "score" not in frame.columns:
        raise ScoreFeaturesError(f"{label}: no column score among the measurements; measure the scored images again")
    score = frame["score"].to_numpy(float, na_value=np.nan)
    scored = np.flatnonzero(np.isfinite(score))
    if len(scored) < len(_THIRDS):
        raise ScoreFeaturesError(
            f"{label}: {len(scored)} of {len(frame)} images have a score, which make no thirds; add scored images"
        )
    order = scored[np.argsort(score[scored], kind="stable")]
    out = []
    for name, rows in zip(_THIRDS, np.array_split(order, len(_THIRDS)), strict=True):
        low, high = score[rows[0]], score[rows[-1]]
        out.append(_Third(f"{name} score, {low:.2f}–{high:.2f} ({len(rows)} images)", frame.iloc[rows]))
    return out


def _columns(label: str, frame: pd.DataFrame, block: str) -> list[str]:
    found = sorted(name for name in frame.columns if name.startswith(block) and name.removeprefix(block).isdigit())
    if not found:
        raise ScoreFeaturesError(
            f"{label}: no columns {block}000... among the measurements; name {block.rstrip('_')} among the blocks of "
            "the measure and measure again"
        )
    return found


def _draw_histograms(axis: Axes, thirds: Sequence[_Third], columns: list[str]) -> None:
    """Pixels at a level, averaged over neighbouring levels where these are many."""
    import numpy as np

    edges = np.array([*(edge for edge in _EDGES if edge < len(columns)), len(columns)])
    edges, widths = edges[:-1], np.diff(edges)
    middles = edges + (widths - 1) / 2
    for index, third in enumerate(thirds):
        values = np.add.reduceat(third.frame[columns].to_numpy(float), edges, axis=1) / widths
        mean = values.mean(axis=0)
        # What is 0 has no place on a logarithmic axis: bands begin below all that is drawn, lines are broken.
        low, high = np.maximum(np.percentile(values, _PERCENTILES, axis=0), _FEWEST / 10)
        _draw_line(axis, index, third.label, middles, np.where(mean > 0, mean, np.nan), low, high)
    axis.set_xscale("symlog", linthresh=1)
    _name_ticks(axis, _LEVEL_TICKS)
    axis.set_xlim(0, len(columns))
    axis.set_ylim(bottom=_FEWEST)
    axis.set_xlabel("Level")
    axis.set_title("Pixels per image at a level", loc="left", fontweight="bold")


def _draw_spectra(axis: Axes, thirds: Sequence[_Third], columns: list[str], first: int) -> None:
    """Power from the ring of a radius on; an image without light has none, and no part in its means."""
    import numpy as np

    radius = np.arange(first, first + len(columns))
    for index, third in enumerate(thirds):
        power = third.frame[columns].to_numpy(float)
        logs = np.log10(power[(power > 0).all(axis=1)])
        if len(logs):
            _draw_line(axis, index, third.label, radius, *(10**each for each in _mean_and_band(logs)))
    axis.set_xscale("log")
    _name_ticks(axis, [tick for tick in _RADIUS_TICKS if max(first, 1) <= tick <= radius[-1]])
    axis.set_xlabel("Cycles per image side")
    axis.set_title("Power summed over a ring", loc="left", fontweight="bold")


def _mean_and_band(values: np.ndarray) -> tuple[np.ndarray, ...]:
    import numpy as np

    return values.mean(axis=0), *np.percentile(values, _PERCENTILES, axis=0)


def _draw_line(
    axis: Axes, index: int, label: str, x: np.ndarray, mean: np.ndarray, low: np.ndarray, high: np.ndarray
) -> None:
    from galforge.drawing.style import model_look

    look = model_look(index)
    axis.fill_between(x, low, high, color=look["color"], alpha=0.15, linewidth=0)
    axis.plot(x, mean, label=label, **look)
    axis.set_yscale("log")


def _name_ticks(axis: Axes, ticks: Sequence[int]) -> None:
    axis.set_xticks(ticks, [str(tick) for tick in ticks])
    axis.minorticks_off()


def _draw_predicted(axis: Axes, label: str, frame: pd.DataFrame) -> None:
    import numpy as np

    score, predicted = (frame[name].to_numpy(float) for name in ("score", "predicted"))
    error = np.mean(np.abs(predicted - score))
    top = 1.03 * max(score.max(), predicted.max())
    bottom = min(0.0, predicted.min())
    axis.plot([bottom, top], [bottom, top], color="#000000", linewidth=0.9)
    # Thousands of dots as vectors would make a large file of the PDF.
    axis.scatter(score, predicted, s=5, alpha=0.35, color=_GREY, linewidths=0, rasterized=True)
    axis.set_xlim(bottom, top)
    axis.set_ylim(bottom, top)
    axis.set_aspect("equal")
    axis.set_xlabel(f"Score of {len(frame)} images")
    axis.set_ylabel(f"Predicted by {label}", fontsize=9)
    axis.set_title(f"Predicted scores, MAE {error:.3f}", loc="left", fontweight="bold")


def needs(subject: Subject) -> Needs | None:
    """Features of images with scores, and what the scorer of generated images says of them."""
    if not subject.scored:
        return None
    return Needs(subject.scored_files(), {**subject.scored_labels(), "scorer": subject.scorer, "side": subject.side})


def draw(files: Files, told: dict[str, Any], out: dict[str, str]) -> None:
    """Read the files and plot them."""
    import pandas as pd

    from galforge.drawing.labels import scorer_label, source_label

    source = source_label(told["dataset"], told["origin"], told["scale"]), pd.read_parquet(files["features"])
    scorer = scorer_label(told["scorer"]), pd.read_parquet(files["predictions"])
    plot(source, scorer, out["png"], out["pdf"], side=told["side"])
