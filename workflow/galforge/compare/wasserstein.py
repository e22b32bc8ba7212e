"""The first Wasserstein distance (W1), its error, its floor and its limit.

W1 between two samples is the area between their cumulative distributions; on a circle, the smallest such area
over all constants that may be added to one of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from galforge.compare.grids import Distances, Grid, Samples, range_of
from galforge.compare.limits import FEWEST_DRAWS, joint_limits, limit
from galforge.compare.rows import COLUMNS, FEWEST, Score
from galforge.compare.scores import deviation, resamplings
from galforge.compare.settings import CompareSettings
from galforge.compare.spreads import Spreads, reach_on_circle
from galforge.errors import GalforgeError
from galforge.seeds import generator

METRIC = "wasserstein"


def wasserstein(first: np.ndarray, second: np.ndarray) -> float:
    """W1 between samples (n,) and (m,) of a real variable, both finite and not empty."""
    n, m = len(first), len(second)
    first, second = np.sort(first), np.sort(second)
    if n == m:
        return float(np.mean(np.abs(first - second)))
    # The quantile functions are steps, which end at multiples of m and of n in units of 1 / (n m).
    ends = np.sort(np.concatenate([np.arange(1, n + 1) * m, np.arange(1, m + 1) * n]), kind="stable")
    apart = np.abs(first[(ends - 1) // m] - second[(ends - 1) // n])
    return float(apart @ np.diff(ends, prepend=0) / (n * m))


def circular_wasserstein(first: np.ndarray, second: np.ndarray, period: float) -> float:
    """W1 between samples (n,) and (m,) of a variable of period `period`, with the distance along the circle.

    Exact: the area between the cumulative distributions about its weighted median (Rabin, Delon & Gousseau
    2011, J. Math. Imaging Vis. 41, 147).
    """
    n, m = len(first), len(second)
    grid = Grid(np.concatenate([first, second]), period)
    return float(grid.areas(np.repeat([float(m), -float(n)], [n, m]))[0]) / (n * m)


def binned(values: np.ndarray, low: float, high: float, bins: int) -> np.ndarray:
    """Values moved to the centres of `bins` equal bins of [low, high]; NaN outside.

    W1 between binned samples is W1 between their histograms, where values outside of the range are left out.
    """
    width = (high - low) / bins
    inside = (values >= low) & (values <= high)
    place = np.clip(np.floor((np.where(inside, values, low) - low) / width), 0, bins - 1)
    return np.where(inside, low + (place + 0.5) * width, np.nan)


@dataclass(frozen=True)
class Comparison:
    """Distances of P properties between one source and one generated sample.

    Attributes:
        found: (P,) each; NaN where there is none.
        drawn: (B, P) the same for B bootstrap resamplings of the images of both sides.
        relabelled: (R, P) the same for R random divisions of all images of both sides into samples as large.
        floors: (P,) what a perfect model would score on average; NaN where the source has fewer than 4 values.
        n_source, n_generated: (P,) values compared.
        spreads, drawn_spreads: sd of the source's values, (P,), and in each resampling, (B, P).
        shares: (2, P) of the galaxies of both sides that have a value; None where only these are compared.
    """

    found: Distances
    drawn: Distances
    relabelled: Distances
    floors: np.ndarray
    n_source: np.ndarray
    n_generated: np.ndarray
    spreads: np.ndarray
    drawn_spreads: np.ndarray
    shares: np.ndarray | None = None

    @property
    def values(self) -> np.ndarray:
        """(P,) the distances, complete where they were asked for."""
        return self.found.complete

    @property
    def replicates(self) -> np.ndarray:
        """(B, P) the distances of resamplings."""
        return self.drawn.complete

    def standardised(self) -> "Comparison":
        """The same distances over the sd of the source's values; blank where that is 0.

        Resampled distances are divided by the sd of the same resampling, because the sd of few galaxies is uncertain.
        """
        spreads, drawn_spreads = (np.where(each > 0, each, np.nan) for each in (self.spreads, self.drawn_spreads))
        found, drawn, relabelled = (
            Distances(each.complete / over, each.conditional / over, each.shares)
            for each, over in ((self.found, spreads), (self.drawn, drawn_spreads), (self.relabelled, spreads))
        )
        return replace(self, found=found, drawn=drawn, relabelled=relabelled, floors=self.floors / spreads)

    def row(self, name: str, properties: list[int], metric: str = METRIC) -> dict:
        """Tidy row of the mean over `properties`; error and limit keep their correlation. Blank if one of them is."""
        found, drawn, relabelled = (
            Distances(*(each[..., properties].mean(axis=-1) for each in distances))
            for distances in (self.found, self.drawn, self.relabelled)
        )
        value, floor = float(found.complete), float(self.floors[properties].mean())
        n, m = (int(np.min(each[properties])) for each in (self.n_source, self.n_generated))
        score = Score(
            value, deviation(drawn.complete), floor, n, m, limit(relabelled.complete), replicates=drawn.complete
        )
        if self.shares is not None:
            source, generated = self.shares[:, properties].mean(axis=1)
            conditional_limit, share_limit = joint_limits(relabelled.conditional, relabelled.shares)
            known = np.isfinite(found.conditional)
            score = score._replace(
                conditional=float(found.conditional),
                conditional_error=deviation(drawn.conditional) if known else np.nan,
                conditional_limit=conditional_limit if known else np.nan,
                share_source=float(source),
                share_generated=float(generated),
                share_error=deviation(drawn.shares),
                share_limit=share_limit,
            )
        return score.row(metric, name)


def compare_properties(
    source: np.ndarray,
    generated: np.ndarray,
    settings: CompareSettings,
    periods: np.ndarray | None = None,
    complete: bool = False,
    concerned: tuple[np.ndarray, np.ndarray] | None = None,
    ranges: np.ndarray | None = None,
) -> Comparison:
    """Compare source (n, P) with generated (m, P) property by property. NaN: the galaxy could not be measured.

    Without `complete`, NaN is left out of its property alone. With it, such galaxies count. W1 is taken of values
    clipped to a range; D is the larger mean distance of the source's values from the ends of that range (orientations:
    from any angle); p_s and p_g are the measured shares. The complete distance is

        [min(p_s, p_g) W1 + abs(p_s - p_g) D] / p_s,

    so a galaxy that is missing from one side only counts as far away as one can be. W1 is convex and no sample in the
    range is farther from the source than D, so where p_g <= p_s a model never gains by losing galaxies. The range is
    that of 98 % of the source's values. Where all of its galaxies could be measured, it is that of all values of both
    sides: then nothing is clipped, and W1 is the plain one (see `docs/design.md`).

    Args:
        periods: (P,) of circular properties, 0 for linear ones; default 0.
        complete: whether galaxies without a value count.
        concerned: (n, P) and (m, P): whether a galaxy is one of those that have or may have a value, of which shares
            are taken; default all.
        ranges: (P, 2) instead of those ranges.

    The error is the sd over bootstrap resamplings of the images, which are the same for all properties, and of one
    source for all models (`scores.resamplings`). (Their mean is of no use: near zero it is biased upwards.) The limit
    is the 95 % quantile over random divisions of all images into two samples as large. The floor is the distance
    between random halves of the source (h each), averaged over halvings, times sqrt((1/n + 1/m) / (2/h)), because the
    distance of two samples of one distribution falls as sqrt(1/n + 1/m). One halving scatters by about 40 %, so there
    are many.
    """
    size, count = source.shape
    periods = np.zeros(count) if periods is None else periods
    real, made = np.isfinite(source), np.isfinite(generated)
    n, m = real.sum(axis=0), made.sum(axis=0)
    of = (np.ones_like(real), np.ones_like(made)) if concerned is None else concerned
    chosen = np.flatnonzero((n >= FEWEST) & ((m >= FEWEST) if not complete else len(generated) >= FEWEST))

    def whole(found: np.ndarray) -> np.ndarray:
        """All properties (..., P), of which those that were not chosen are blank."""
        out = np.full((*np.shape(found)[:-1], count), np.nan)
        out[..., chosen] = found
        return out

    def together(found: list[Distances]) -> Distances:
        return Distances(*(whole(np.stack(each)) for each in zip(*found, strict=True)))

    values, asked = np.concatenate([source, generated])[:, chosen], np.concatenate(of)[:, chosen]
    ends, trimmed = _ends(source, generated, of[0], chosen, ranges) if complete else (None, None)
    reach = np.zeros(len(chosen))
    if complete:
        circles = np.flatnonzero(periods[chosen])
        reach[circles] = [reach_on_circle(source[real[:, p], p], periods[p]) for p in chosen[circles]]
    samples = Samples(values, asked, periods[chosen], ends, reach, trimmed, size)
    shares = np.stack([k / np.maximum(mask.sum(axis=0), 1) for k, mask in zip((n, m), of, strict=True)])
    found = Distances(*map(whole, samples.distances(*_sides(np.ones(size), np.ones(len(generated))))))
    # Two values make a conditional distance, none a complete one.
    found.conditional[m < FEWEST] = np.nan
    scale, drawn, scales = Spreads(values[:size], periods[chosen]), [], []
    for first, second in resamplings(settings, size, len(generated)):
        drawn.append(samples.distances(*_sides(first, second), resampled=True))
        scales.append(scale.of(first))
    # Over the source's share, as the distance itself is. Those of mixtures with a model that has few values are small.
    over = shares[0, chosen] if complete else None
    relabelled = [samples.distances(*each, over) for each in _relabelled(size, len(generated), settings)]
    floors = np.full(count, np.nan)
    halves = Samples(values[:size], asked[:size], periods[chosen], ends, reach)
    counts = [(of[0].sum(axis=0), of[1].sum(axis=0)), (n, m)][not complete]
    floors[chosen] = _between_halves(halves, size, *(each[chosen] for each in counts), settings)
    floors[n < 2 * FEWEST] = np.nan
    return Comparison(
        found, together(drawn), together(relabelled), floors, n, m,
        whole(scale.of(np.ones(size))), whole(np.stack(scales)), shares if complete else None,
    )  # fmt: skip


def columns_of(table: pd.DataFrame, names: list[str], side: str) -> np.ndarray:
    """Columns of a table of measurements as an array (n, len(names)), float64; `side` names the table in errors.

    Raises:
        GalforgeError: the table lacks one.
    """
    lacking = [name for name in names if name not in table.columns]
    if lacking:
        raise GalforgeError(
            f"the {side} measurements lack the columns {', '.join(lacking)}: another measure made them; measure again"
        )
    return table[names].to_numpy(dtype=np.float64)


def tidy(rows: list[dict]) -> pd.DataFrame:
    """Tidy rows as a table of COLUMNS and `replicates`; what a row does not have is NaN there, and () as replicates."""
    table = pd.DataFrame(rows, columns=[*COLUMNS, "replicates"])
    return table.assign(replicates=[found if np.ndim(found) else () for found in table["replicates"]])


def _ends(
    source: np.ndarray, generated: np.ndarray, concerned: np.ndarray, chosen: np.ndarray, given: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Ranges (P, 2) of the chosen properties, and which of them trim the source's values (P,)."""
    ends, trimmed = np.empty((len(chosen), 2)), np.zeros(len(chosen), dtype=bool)
    for place, p in enumerate(chosen):
        there = np.isfinite(source[:, p])
        if given is not None:
            ends[place] = given[p]
        else:
            made = generated[np.isfinite(generated[:, p]), p]
            *ends[place], trimmed[place] = range_of(source[there, p], made, bool((concerned[:, p] & ~there).any()))
    return ends, trimmed


def _sides(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights (n,) and (m,) of two samples as weights (n + m,) of their images one after the other."""
    return np.append(first, np.zeros(len(second))), np.append(np.zeros(len(first)), second)


def _relabelled(n: int, m: int, settings: CompareSettings) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Weights of random divisions of n + m images into n and m, three for five bootstrap resamplings.

    Limits need no more, and so they take no longer than all the rest.
    """
    draws = generator(settings.seed, "relabelled")
    for _ in range(max(3 * settings.bootstrap // 5, FEWEST_DRAWS)):
        fewer = np.zeros(n + m)
        fewer[draws.choice(n + m, min(n, m), replace=False, shuffle=False)] = 1.0
        yield (fewer, 1.0 - fewer) if n <= m else (1.0 - fewer, fewer)


def _between_halves(samples: Samples, size: int, n: np.ndarray, m: np.ndarray, settings: CompareSettings) -> np.ndarray:
    """Mean distances between random halves of `size` images, carried to n and m of them; NaN where there is none."""
    half, areas, number = size // 2, np.zeros(len(n)), np.zeros(len(n))
    draws = generator(settings.seed, "halvings")
    for _ in range(settings.halvings):
        shuffled = draws.permutation(size)
        first, second = np.zeros(size), np.zeros(size)
        first[shuffled[:half]], second[shuffled[half : 2 * half]] = 1.0, 1.0
        found = samples.distances(first, second).complete
        there = np.isfinite(found)
        areas[there] += found[there]
        number += there
    mean = np.divide(areas, number, out=np.full(len(n), np.nan), where=number > 0)
    # As many of the halves' galaxies have a value as of all.
    halved = 2 / np.maximum(n * half / max(size, 1), 1)
    return mean * np.sqrt((1 / n + 1 / np.maximum(m, 1)) / halved)
