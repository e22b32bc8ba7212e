"""How honest the comparisons are: false alarms, what they find, and errors, for every metric of either protocol.

    python benchmarks/honesty.py [--quick] [--pairs 400] [--sizes 100 300 2000] [--only NAME ...] [--seed 1]

Draws pairs of made-up samples (source, generated) and compares them as a run does. For each metric:

- false alarms: share of pairs of one population that are not "at floor"; wanted: 5 % within the binomial error;
- found: the same for populations 5 null-sd apart, that is, the metric is 5 of its sd for one population larger on
  average. They are found by trying; how far apart they came out is printed. Wanted: 90 %;
- variance of z: of (value - its mean) / error, for these populations; wanted: 0.7 to 1.4.

Numbers of one sample are judged by their difference from those of real galaxies, as tables do. A metric that has no
value in most pairs is blank: by its definition it needs more galaxies. --quick takes 40 pairs of 100 and of 300
galaxies, 59 resamplings and 32 directions. The classifier has a quarter of the pairs. Samples of 2,000 are left out
where one comparison of them takes more than a second. Every comparison needs a population (honesty_populations.py); one
without is refused.
"""

import argparse
import importlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))

import numpy as np
import pandas as pd
from honesty_populations import POPULATIONS, Population
from threadpoolctl import threadpool_limits

from galforge.compare.kind import Kind, kinds
from galforge.compare.rows import Score
from galforge.compare.settings import CompareSettings
from galforge.errors import GalforgeError
from galforge.papers.readings import at_floor
from galforge.seeds import generator

ALONE = {"bootstrap": 20, "halvings": 1, "directions": 1}  # of what stands beside a slow part
APART = 5.0  # null-sd between populations that should be found
ALARMS, FOUND, VARIANCE = 0.05, 0.9, (0.7, 1.4)  # wanted
AMPLITUDES = 0.08 * 2.0 ** np.arange(5)  # how different populations are at first
QUICK_SEARCH, SEARCH = (2, 1.25), (10, 1.12)  # pairs of each, and by which ratio amplitudes may be off
LONGEST = 1.0  # s of a comparison of 2,000 galaxies
WHOLE = ("average", "all")  # properties that stand for the others
SLOW = {("joint", "classifier"): "told_apart"}  # by which function of the module: left out where it is not asked for
CHEAP = {
    "bootstrap": 20,
    "halvings": 1,
    "fid_bootstrap": 2,
    "fid_halvings": 1,
    "neighbour_halvings": 2,
    "kid_subsets": 5,
    "permutations": 2,
}
QUICK = {"bootstrap": 59, "halvings": 20, "directions": 32}


@dataclass(frozen=True)
class Told:
    """What the pairs say of one metric.

    Attributes:
        alarms, found: shares of pairs that are not at floor; NaN where the metric is blank.
        apart: null-sd between the populations of `found`.
        variance: of z for them.
        pairs: of either.
    """

    comparison: str
    protocol: str
    metric: str
    count: int
    pairs: int
    alarms: float = np.nan
    apart: float = np.nan
    found: float = np.nan
    variance: float = np.nan

    @property
    def good(self) -> bool:
        """Whether it is what is wanted, within three binomial errors; a blank metric claims nothing."""
        if self.alarms != self.alarms:
            return True
        low, high = VARIANCE
        spread = 3 * np.sqrt(2 / self.pairs)
        return bool(
            abs(self.alarms - ALARMS) <= 3 * _binomial(ALARMS, self.pairs)
            and self.found >= FOUND - 3 * _binomial(FOUND, self.pairs)
            and low * (1 - spread) <= self.variance <= high * (1 + spread)
        )

    def line(self) -> str:
        """A row of the table."""
        start = f"| {self.comparison} | {self.protocol} | {self.metric} | {self.count:,} | "
        if self.alarms != self.alarms:
            return start + "blank: too few galaxies | | | | |"
        alarms = f"{100 * self.alarms:.0f} ± {100 * _binomial(ALARMS, self.pairs):.0f} %"
        mark = "" if self.good else "**no**"
        return start + f"{alarms} | {100 * self.found:.0f} % | {self.apart:.1f} | {self.variance:.2f} | {mark} |"


HEADER = (
    "| comparison | protocol | metric | galaxies a side | false alarms | found | sd apart | variance of z | wanted? |\n"
    "|---|---|---|---|---|---|---|---|---|"
)


def populations(known: dict[str, Kind]) -> dict[str, Population]:
    """The population of each comparison.

    Raises:
        GalforgeError: a comparison has none.
    """
    lacking = sorted(set(known) - set(POPULATIONS))
    if lacking:
        raise GalforgeError(
            f"benchmarks/honesty_populations.py: no population for {', '.join(lacking)}; add to POPULATIONS how a "
            "table of its measurements is drawn"
        )
    return {name: POPULATIONS[name] for name in known}


class Comparer:
    """Compares pairs of samples of one comparison, protocol and size."""

    def __init__(self, name: str, protocol: str, count: int, seed: int, given: dict[str, int], slow: str = ""):
        self.name, self.protocol, self.count, self.seed, self.given, self.slow = (
            *(name, protocol, count, seed, given, slow),
        )
        self.kind, self.draw = kinds()[name], POPULATIONS[name]
        self.module = importlib.import_module(f"galforge.compare.{name}")
        self.drawn = 0

    def rows(self, apart: float, cheap: bool = False) -> pd.DataFrame:
        """Rows of one new pair, with `beyond`, by metric and property."""
        self.drawn += 1
        draws = generator(self.seed, self.name, self.protocol, self.count, self.drawn)
        source, generated = self.draw(draws, self.count, 0.0, True), self.draw(draws, self.count, apart, False)
        for table in (source, generated):
            table.attrs["engine"] = "toy"
        given = {"seed": self.drawn, **self.given, **(CHEAP if cheap else {}), **(ALONE if self.slow else {})}
        settings = CompareSettings(**given).of(self.name, self.protocol, False)
        with self._without_slow():
            table = self.module.compare(source, generated, settings).set_index(["metric", "property"])
            if "beside" in self.kind.metrics:
                real = self.module.compare(source, source, settings).set_index(["metric", "property"])
                own = [metric in self.kind.metrics["beside"] for metric, _ in table.index]
                beside, error = (real.loc[table.index[own], name] for name in ("value", "standard_error"))
                table.loc[own, "value"] -= beside
                table.loc[own, "floor"] = 0.0
                table.loc[own, "standard_error"] = np.hypot(table.loc[own, "standard_error"], error)
        return table.assign(beyond=[self._beyond(*key, row) for key, row in table.iterrows()])

    def _without_slow(self) -> ExitStack:
        """The module without its slow parts, but for the one that is asked for."""
        stack, blank = ExitStack(), Score(np.nan, np.nan, np.nan, 0, 0)
        for (name, metric), function in SLOW.items():
            if name == self.name and metric != self.slow:
                stack.enter_context(patch.object(self.module, function, lambda *_: blank))
        return stack

    def _beyond(self, metric: str, _: str, row: pd.Series) -> bool:
        apart = abs(row["share_generated"] - row["share_source"])
        limits = (row["limit"], row["conditional"], row["conditional_limit"], apart, row["share_limit"])
        return not at_floor(
            self.kind.readings[metric], row["value"], row["standard_error"], row["floor"], *map(float, limits)
        )

    def shown(self, rows: pd.DataFrame) -> list[tuple[str, str]]:
        """Metrics and properties that are told of: means where there are any, and no bins of redshift."""
        found = []
        for metric, reading in self.kind.readings.items():
            own = [name for of, name in rows.index if of == metric and "@" not in name]
            here = metric == self.slow if self.slow else (self.name, metric) not in SLOW
            if reading == "number" or not own or not here:
                continue
            found += [(metric, name) for name in ([each for each in own if each in WHOLE] or own)]
        return found


def told(comparer: Comparer, pairs: int, search: tuple[int, float] = QUICK_SEARCH) -> Iterator[Told]:
    """What pairs of one population, and of populations 5 null-sd apart, say of each metric."""
    null = _pairs(comparer, 0.0, pairs)
    shown = comparer.shown(null[0])
    base = {key: _column(null, key, "value") for key in shown}
    known = [key for key in shown if np.isfinite(base[key]).mean() > 0.5 and np.nanstd(base[key]) > 0]
    first = {apart: _pairs(comparer, apart, search[0], cheap=True) for apart in AMPLITUDES} if known else {}
    wanted = [_reaching(first, key, base[key]) for key in known]
    others = {apart: _pairs(comparer, apart, pairs) for apart in _grouped(wanted, search[1])}
    for key in shown:
        metric = " ".join(dict.fromkeys(part for part in key if part not in (*WHOLE, "toy")))
        about = (comparer.name, comparer.protocol, metric, comparer.count)
        if key not in known:
            yield Told(*about, 0)
            continue
        mean, sd = np.nanmean(base[key]), np.nanstd(base[key], ddof=1)
        away = {apart: abs(np.nanmean(_column(rows, key, "value")) - mean) / sd for apart, rows in others.items()}
        best = min(away, key=lambda apart: abs(np.log(max(away[apart], 1e-9) / APART)))
        values, errors = (_column(others[best], key, name) for name in ("value", "standard_error"))
        z = (values - np.nanmean(values)) / np.where(errors > 0, errors, np.nan)
        z = z[np.isfinite(z)]
        variance = float(np.var(z, ddof=1)) if len(z) > 1 else np.nan
        alarms, found = (
            float(_column(rows, key, "beyond")[np.isfinite(_column(rows, key, "value"))].mean())
            for rows in (null, others[best])
        )
        yield Told(*about, pairs, alarms, float(away[best]), found, variance)


def _pairs(comparer: Comparer, apart: float, count: int, cheap: bool = False) -> list[pd.DataFrame]:
    return [comparer.rows(apart, cheap) for _ in range(count)]


def _column(rows: Sequence[pd.DataFrame], key: tuple[str, str], name: str) -> np.ndarray:
    return np.array([table[name].get(key, np.nan) for table in rows], dtype=float)


def _reaching(tried: dict[float, list[pd.DataFrame]], key: tuple[str, str], base: np.ndarray) -> float:
    """How different populations are where a metric is 5 null-sd away, from a power law between those tried."""
    sd = np.nanstd(base, ddof=1)
    away = np.array([abs(np.nanmean(_column(rows, key, "value")) - np.nanmean(base)) / sd for rows in tried.values()])
    place = int(np.clip(np.argmax(away > APART) if (away > APART).any() else len(away) - 1, 1, len(away) - 1))
    low, high = np.log(np.maximum(away[place - 1 : place + 1], 0.5))
    share = (np.log(APART) - low) / max(high - low, 0.1)
    return float(AMPLITUDES[place - 1] * 2.0 ** np.clip(share, -2, 2))


def _grouped(wanted: Sequence[float], near: float) -> list[float]:
    """Few amplitudes of which one is at most by the ratio `near` above each that is wanted."""
    found: list[float] = []
    for apart in sorted(wanted):
        if not found or apart > found[-1]:
            found.append(apart * near)
    return found


def _binomial(share: float, pairs: int) -> float:
    return float(np.sqrt(share * (1 - share) / pairs))


def comparers(
    names: Sequence[str], sizes: Sequence[int], pairs: int, seed: int, given: dict[str, int], slow_pairs: int
) -> Iterator[tuple[Comparer, int]]:
    """All comparisons under all of their protocols, and how many pairs each has."""
    for name in names:
        slow = [metric for own, metric in SLOW if own == name]
        for protocol in kinds()[name].protocols:
            for count in sizes:
                for metric in ("", *slow):
                    comparer = Comparer(name, protocol, count, seed, given, metric)
                    if count > 1000:
                        started = time.process_time()
                        comparer.rows(0.0)
                        if time.process_time() - started > LONGEST:
                            continue
                    yield comparer, slow_pairs if metric else pairs


def main(arguments: Sequence[str] | None = None, write: Callable[[str], None] = print) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="40 pairs of 100 and 300 galaxies")
    parser.add_argument("--pairs", type=int, help="default: 400, or 40 with --quick")
    parser.add_argument("--sizes", type=int, nargs="+", help="galaxies a side; default: 100 300 2000, quick 100 300")
    parser.add_argument("--only", nargs="+", default=None, help="comparisons; default: all")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    known = populations(kinds())
    names = chosen.only or list(known)
    if unknown := sorted(set(names) - set(known)):
        raise GalforgeError(f"there are no comparisons {', '.join(unknown)}; there are {', '.join(known)}")
    pairs = chosen.pairs or (40 if chosen.quick else 400)
    sizes = chosen.sizes or ([100, 300] if chosen.quick else [100, 300, 2000])
    given = QUICK if chosen.quick else {}
    started, bad = time.process_time(), 0
    write(HEADER)
    with threadpool_limits(limits=1), np.errstate(all="raise", under="ignore"):
        for comparer, of in comparers(names, sizes, pairs, chosen.seed, given, max(pairs // 4, 3)):
            for each in told(comparer, of, QUICK_SEARCH if chosen.quick else SEARCH):
                bad += not each.good
                write(each.line())
    write(f"\n{bad} rows are not what is wanted; {time.process_time() - started:.0f} s of CPU time")
    return 0


if __name__ == "__main__":
    sys.exit(main())
