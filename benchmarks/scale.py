"""CPU time and peak memory of each stage as the number of galaxies grows, each in a process of its own.

    python benchmarks/scale.py [--stages join ...] [--counts 1000 10000] [--large] [--write] [--folder DIR]

Inputs are drawn: stamps of --side px with one galaxy in noise, and tables of numbers and vectors; they are made in
processes of their own, so that no stage is charged for them. For each stage and count: CPU time [s], the largest memory
that the kernel saw [MB], and what `config/requests.csv` says of it; then the exponents between the two largest counts,
and what 50,000 galaxies (the papers' scale) and 10^7 would take by straight lines through these. --large adds 100,000
galaxies. --write puts the rows of these stages into config/scale.csv, which a test holds against the requests.
"""

import argparse
import csv
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

# What stages import belongs to them, so it is imported where they run.
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow"))

TABLE = ROOT / "config" / "scale.csv"
COLUMNS = ("stage", "items", "numbers", "cpu_s", "peak_mb", "date")
FEATURES, PARTS = 1280, 10
NUMBERS = 120  # of a galaxy in tables that are joined
GOALS = (50_000, 10**7)


def draw_stamps(folder: Path, count: int, side: int) -> None:
    """Stamps of one band in parts, and all in one file."""
    import numpy as np

    from galforge.stamps.file import Header, StampsWriter
    from galforge.stamps.merging import merge

    header = Header(("g",), 0.1, "arcsec", "electron", (25.0,), 1.0, "mock")
    draws, parts = np.random.default_rng(0), []
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    for part in range(PARTS):
        low, high = count * part // PARTS, count * (part + 1) // PARTS
        parts.append(folder / f"stamps{part}.h5")
        with StampsWriter(parts[-1], (1, side, side), header, high - low) as writer:
            for index in range(low, high):
                axes = np.hypot(x, y * draws.uniform(1, 2))
                galaxy = draws.uniform(50, 500) * np.exp(-axes / draws.uniform(2, side / 12))
                image = galaxy + draws.normal(0, 1, x.shape)
                told = {"index": np.array([index]), "split": np.array([("train", "validation", "test")[index % 3]])}
                writer.append_block(image[None, None].astype(np.float32), told)
    merge(parts, folder / "stamps.h5")


def draw_features(folder: Path, count: int, side: int) -> None:
    """Features of a source and of a model, in parts."""
    import numpy as np
    import pandas as pd

    from galforge.measure.stored import join, write
    from galforge.measure.vectors import with_vectors

    scales = np.arange(1, FEATURES + 1, dtype=np.float32) ** -0.5
    for name, shift in (("source", 0.0), ("made", 0.05)):
        draws, parts = np.random.default_rng([0, len(name)]), []
        for part in range(PARTS):
            low, high = count * part // PARTS, count * (part + 1) // PARTS
            split = np.array(["train", "validation", "test"])[draws.integers(3, size=high - low)]
            values = (draws.standard_normal((high - low, FEATURES), dtype=np.float32) + np.float32(shift)) * scales
            table = pd.DataFrame({"index": np.arange(low, high), "split": split if name == "source" else ""})
            table = with_vectors(table, {"features": values})
            table.attrs = {"engine": "efficientnet-lite0", "origin": "mock"}
            parts.append(folder / f"{name}{part}.parquet")
            write(table, parts[-1])
        join(parts, folder / f"{name}.parquet")


def draw_tables(folder: Path, count: int, side: int) -> None:
    """Tables of the measurements that comparisons join, of a source and of a model."""
    import numpy as np
    from honesty_populations import stamps

    from galforge.measure.stored import write

    for name, apart in (("source", 0.0), ("made", 0.05)):
        table = stamps(np.random.default_rng([1, len(name)]), count, apart, name == "source")
        write(table, folder / f"{name}-table.parquet")


def join_features(folder: Path) -> None:
    from galforge.measure.stored import join

    join([folder / f"source{part}.parquet" for part in range(PARTS)], folder / "joined.parquet")


def compare(folder: Path, names: tuple[str, ...], ending: str) -> None:
    """Comparisons with the default settings, under the corrected protocol, as a job makes them."""
    from galforge.compare.tables import compare_tables

    compare_tables(folder / f"source{ending}", folder / f"made{ending}", comparisons=names, protocol="corrected")


def merge_stamps(folder: Path) -> None:
    from galforge.stamps.merging import merge

    merge([folder / f"stamps{part}.h5" for part in range(PARTS)], folder / "merged.h5")


def take_part(folder: Path) -> None:
    from galforge.stamps.file import Stamps
    from galforge.stamps.subset import write_subset

    with Stamps(folder / "stamps.h5") as stamps:
        count = len(stamps.split("train")) // 2
    write_subset(folder / "stamps.h5", folder / "subset.h5", count, 0)


def measure(folder: Path, family: str) -> None:
    """All stamps measured as a job does it."""
    from galforge import families
    from galforge.measure.stored import write
    from galforge.measure.variants import measured

    settings = families.load("measure", family, "settings").MeasureSettings()
    spec = {"settings": settings.spec(), "band": 0}
    scale = str(folder / "stamps.h5") if "features" in family else None
    given = {"noise": None, "weights": None, "scale": scale}
    table = measured(family, spec, str(folder / "stamps.h5"), {"who": "source"}, given)
    write(table, folder / f"{family}.parquet")


PROPERTIES = ("morphology", "photometry", "power_spectrum", "joint")
Stage = tuple[Callable[[Path, int, int], None], Callable[[Path], None], Callable[[int, int], tuple[float, float]]]
STAGES: dict[str, Stage] = {
    # Who draws its inputs, what is run, and its items and numbers of so many galaxies of a side.
    "merge_samples": (draw_stamps, merge_stamps, lambda n, side: (n, side**2)),
    "subset": (draw_stamps, take_part, lambda n, side: (n, side**2)),
    "measure photometry": (draw_stamps, lambda f: measure(f, "photometry"), lambda n, side: (n, side**2)),
    "measure power_spectrum": (draw_stamps, lambda f: measure(f, "power_spectrum"), lambda n, side: (n, side**2)),
    "measure morphology numba": (draw_stamps, lambda f: measure(f, "morphology"), lambda n, side: (n, side**2)),
    "measure features": (draw_stamps, lambda f: measure(f, "features"), lambda n, side: (n, FEATURES)),
    "join": (draw_features, join_features, lambda n, side: (n, FEATURES)),
    "compare features": (
        draw_features,
        lambda f: compare(f, ("features",), ".parquet"),
        lambda n, side: (2 * n, FEATURES),
    ),
    "distances properties": (
        draw_tables,
        lambda f: compare(f, PROPERTIES, "-table.parquet"),
        lambda n, side: (2 * n, NUMBERS),
    ),
}


def spent(*words: str) -> tuple[float, float]:
    """CPU time [s] and peak memory [MB] of this script in a process of its own, as the kernel counts them.

    Raises:
        SystemExit: it failed.
    """
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    process = subprocess.Popen([sys.executable, __file__, *words], env=os.environ | threads)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(words)}: ended with {process.returncode}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def told(stage: str, points: list[tuple[int, float, float]]) -> str:
    """Exponents between the two largest counts, and where straight lines through them lead."""
    if len(points) < 2:
        return ""
    (n, *first), (m, *last) = points[-2:]
    lines = []
    for what, unit, before, after in zip(("CPU time", "memory"), ("s", "MB"), first, last, strict=True):
        slope = max(after - before, 0.0) / (m - n)
        goals = "; ".join(f"{goal:,} galaxies {after + slope * (goal - m):,.0f} {unit}" for goal in GOALS if goal > m)
        lines.append(f"  {stage}: {what} as n^{math.log(after / before) / math.log(m / n):.2f}; {goals}")
    return "\n".join(lines)


def kept(new: dict[str, str]) -> None:
    """Put a row into the table; those of other stages and counts stay."""
    there = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines())) if TABLE.exists() else []
    table = {(row["stage"], float(row["items"]), float(row["numbers"])): row for row in [*there, new]}
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(table[key] for key in sorted(table))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES), help="what is measured")
    parser.add_argument("--counts", nargs="+", type=int, default=[1000, 10_000], help="galaxies")
    parser.add_argument("--large", action="store_true", help="100,000 galaxies, too")
    parser.add_argument("--side", type=int, default=64, help="of stamps [px]")
    parser.add_argument("--write", action="store_true", help="keep the rows in config/scale.csv")
    parser.add_argument("--folder", type=Path, help="for inputs; else one that goes afterwards")
    parser.add_argument("--do", nargs=3, metavar=("WHAT", "STAGE", "COUNT"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.do:
        what, stage, count = asked.do
        if what == "draw":
            STAGES[stage][0](asked.folder, int(count), asked.side)
        else:
            STAGES[stage][1](asked.folder)
        return 0
    from galforge.plan.requests import MEMORY_FACTOR, TIME_FACTOR, read_lines

    lines, good = read_lines(), True
    points: dict[str, list[tuple[int, float, float]]] = {stage: [] for stage in asked.stages}
    print(f"{'stage':<26}{'galaxies':>10}{'CPU [s]':>10}{'peak [MB]':>11}{'s asked':>10}{'MB asked':>10}", flush=True)
    for count in sorted({*asked.counts, *([100_000] if asked.large else [])}):
        drawn = None
        with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
            where = ("--folder", folder, "--side", str(asked.side))
            for stage in asked.stages:
                draw, _, size = STAGES[stage]
                if draw is not drawn:
                    spent(*where, "--do", "draw", stage, str(count))
                    drawn = draw
                seconds, peak = spent(*where, "--do", "run", stage, str(count))
                items, numbers = size(count, asked.side)
                most = TIME_FACTOR * lines[stage].seconds(items, numbers)
                room = MEMORY_FACTOR * lines[stage].megabytes(items, numbers)
                good &= seconds <= most and peak <= room
                print(f"{stage:<26}{count:>10,}{seconds:>10.1f}{peak:>11.0f}{most:>10.0f}{room:>10.0f}", flush=True)
                points[stage].append((count, seconds, peak))
                values = (stage, f"{items:g}", f"{numbers:g}", f"{seconds:.1f}", f"{peak:.0f}", today())
                if asked.write:
                    kept(dict(zip(COLUMNS, values, strict=True)))
    print("\n".join(filter(None, (told(stage, found) for stage, found in points.items()))))
    print(f"\n{'PASS' if good else 'FAIL'}: no stage takes more than it asks for")
    return 0 if good else 1


def today() -> str:
    from datetime import date

    return date.today().isoformat()


if __name__ == "__main__":
    sys.exit(main())
