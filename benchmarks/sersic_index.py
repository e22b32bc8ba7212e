"""The index that measure `sources` finds of galaxies whose index is known. Part of sersic_fit.py.

Galaxies are Sersic profiles integrated over the pixels of a field that is larger than the stamp by the PSF, then
convolved with it, at a signal-to-noise ratio sqrt(sum I^2) / sigma (that of a matched filter). The fit is told the true
noise.
"""

import importlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np
from scipy.signal import fftconvolve

from galforge.datasets.sersic.render import render
from galforge.measure.sources import profile
from galforge.measure.sources.extraction import Extracted, extract
from galforge.measure.sources.settings import MeasureSettings

SIDE, SIGNAL_TO_NOISE = 64, 1000.0
PSF = profile.moffat(0.79 / 0.168, 3.0, SIDE)
"""Of HSC in g: FWHM 4.7 px."""
INDICES = (0.5, 1.0, 2.0, 3.0, 4.0, 6.0)
Fit = Callable[[np.ndarray, Extracted, np.ndarray], tuple[float, float, int]]


class Row(NamedTuple):
    """What was found of the galaxies of one index; pulls are (n found - n) / its error, of the accepted ones."""

    index: float
    median: float
    spread: float
    accepted: float
    pull_spread: float
    far_pulls: float
    milliseconds: float

    def misses(self) -> list[str]:
        """What is wanted and not met."""
        return [
            name
            for name, met in {
                "median": abs(self.median / self.index - 1) <= (0.01 if self.index <= 4 else 0.03),
                "accepted": self.index > 4 or self.accepted >= 0.95,
                "spread of pulls": 0.8 <= self.pull_spread <= 1.3,
                "far pulls": self.far_pulls <= 0.02,
            }.items()
            if not met
        ]


def spread(values: np.ndarray) -> float:
    """The sd of a normal distribution of the same median absolute deviation."""
    return float(1.4826 * np.median(np.abs(values - np.median(values))))


def galaxies(index: float, count: int, seed: int) -> Iterator[tuple[np.ndarray, Extracted]]:
    """Stamps of one index and what was extracted of them, with the true noise (1)."""
    margin, settings = len(PSF) // 2, MeasureSettings()
    for number in range(count):
        rng = np.random.default_rng([seed, int(10 * index), number])
        x, y, radius = *rng.uniform(-1.5, 1.5, 2), rng.uniform(3, 8)
        axis_ratio, angle = rng.uniform(0.3, 1), rng.uniform(0, np.pi)
        # The axes are radius / sqrt(q) and radius sqrt(q).
        image = render(SIDE + 2 * margin, x, y, radius * np.sqrt(axis_ratio), index, axis_ratio, angle, flux=1.0)
        image = fftconvolve(image, PSF, mode="same")[margin:-margin, margin:-margin]
        image = image * SIGNAL_TO_NOISE / np.sqrt(np.sum(image**2)) + rng.normal(0, 1, image.shape)
        yield image, extract(image, settings)._replace(rms=1.0)


def measure(index: float, count: int, seed: int, fits: dict[str, Fit]) -> dict[str, Row]:
    """A row for each of the fits, which take turns galaxy by galaxy."""
    found: dict[str, list] = {name: [] for name in fits}
    for image, extracted in galaxies(index, count, seed):
        for name, fit in fits.items():
            begin = time.process_time()
            value, error, _ = fit(image, extracted, PSF)
            found[name].append((value, error, time.process_time() - begin))
    return {name: _row(index, np.array(values)) for name, values in found.items()}


def _row(index: float, found: np.ndarray) -> Row:
    kept = found[np.isfinite(found[:, 0])]
    if not len(kept):
        return Row(index, np.nan, np.nan, 0.0, np.nan, np.nan, 1e3 * found[:, 2].mean())
    pulls = (kept[:, 0] - index) / kept[:, 1]
    return Row(
        index,
        float(np.median(kept[:, 0])),
        spread(kept[:, 0]),
        len(kept) / len(found),
        spread(pulls),
        float(np.mean(np.abs(pulls) > 5)),
        1e3 * found[:, 2].mean(),
    )


def earlier(folder: Path) -> ModuleType:
    """galforge.measure.sources.profile of another checkout's `workflow` folder, beside the one that is imported."""
    mine = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == "galforge"}
    sys.path.insert(0, str(folder))
    try:
        found = importlib.import_module("galforge.measure.sources.profile")
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.split(".")[0] == "galforge"]:
            del sys.modules[name]
        sys.modules.update(mine)
    if not Path(found.__file__).is_relative_to(folder.resolve()):
        raise SystemExit(f"{folder}: no folder `workflow` of a checkout, no galforge in it")
    return found


def compare(count: int, seed: int, against: Path | None) -> bool:
    """Print the table; true if all that is wanted is met."""
    fits: dict[str, Fit] = {
        "sky fitted": lambda *given: profile.fit(*given, free_sky=True),
        "sky of 0": lambda *given: profile.fit(*given, free_sky=False),
    }
    if against is not None:
        fits["earlier"] = earlier(against).fit
    measure(1.0, 1, seed, fits)  # compiles
    rows = {index: measure(index, count, seed, fits) for index in INDICES}
    print(f"\n{count} galaxies of each index, {SIDE} px, S/N {SIGNAL_TO_NOISE:g}, FWHM {0.79 / 0.168:.1f} px")
    good = True
    for name in fits:
        print(f"\n{name}\n| n | median | MAD-sd | accepted | MAD-sd of pulls | pulls above 5 | ms | ratio | not met |")
        print("|---|---|---|---|---|---|---|---|---|")
        for index in INDICES:
            row = rows[index][name]
            ratio = row.milliseconds / rows[index]["earlier"].milliseconds if against is not None else np.nan
            misses = row.misses() + ["time"] * bool(ratio > 1.5)
            good &= name == "earlier" or not misses
            print(
                f"| {index:g} | {row.median:.3f} ({100 * (row.median / index - 1):+.2f} %) | {row.spread:.3f} "
                f"| {100 * row.accepted:.1f} % | {row.pull_spread:.2f} | {100 * row.far_pulls:.1f} % "
                f"| {row.milliseconds:.2f} | {ratio:.2f} | {', '.join(misses)} |"
            )
    return good
