"""How fast galforge measures morphology, against statmorph on the same stamps, the same core and in the same run.

    python benchmarks/morphology.py [--count 16] [--sides 64 256] [--quick]

Three ways to use statmorph are timed. All of it; what galforge's engine measures (all but multimode, intensity and
deviation, flags included); and statmorph trimmed by hand to concentration, asymmetry, smoothness, Gini, M20 and radii,
without outlier rejection and without rotating an empty mask, which changes its numbers slightly. galforge's engine
measures everything that the second does, against the third, too. The engines take turns stamp by stamp; times are CPU
times, so that other programs on the machine disturb the ratios little. Then: the start of a process with compiled code
in numba's cache, and without; one against two processes; and the whole path with segmentation.
"""

import argparse
import contextlib
import importlib.metadata
import multiprocessing
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))

import numpy as np
import skimage.transform
from morphology_stamps import SERSIC_SETS, sersic_stamp
from statmorph.statmorph import SourceMorphology, _quantity_names

from galforge.measure.morphology import by_numba
from galforge.measure.morphology.measure import measure_image
from galforge.measure.morphology.segmentation import segment
from galforge.measure.morphology.settings import MeasureSettings

WORKFLOW = Path(__file__).resolve().parents[1] / "workflow"
LEAST_SAME, LEAST_TRIMMED, MOST_START_S = 30.0, 10.0, 1.0
TRIMMED = (
    "rpetro_circ", "rpetro_ellip", "r20", "r50", "r80", "concentration", "asymmetry", "smoothness", "gini", "m20",
)  # fmt: skip
STARTS, SCALED, ROUNDS = 3, 400, 7
START = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from galforge.measure.morphology import by_numba
stamp = np.load(sys.argv[2])
by_numba.quantities(stamp["image"], stamp["segmap"], 1.0, None)
"""

Job = tuple[np.ndarray, np.ndarray]  # image (side, side) and segmentation map (side, side)


class SameQuantities(SourceMorphology):
    """statmorph without the three quantities that galforge does not measure; its flags need their map still."""

    def _calculate_morphology(self) -> None:
        for name in _quantity_names:
            if name in by_numba.QUANTITIES:
                self[name]


class Trimmed(SourceMorphology):
    """statmorph with the quantities of TRIMMED alone, without the comparison of its maps."""

    def _calculate_morphology(self) -> None:
        for name in TRIMMED:
            self[name]

    def _check_segmaps(self) -> None:
        pass


def everything(image: np.ndarray, segmap: np.ndarray) -> None:
    SourceMorphology(image, segmap.astype(np.int32), 1, gain=1.0)


def same_quantities(image: np.ndarray, segmap: np.ndarray) -> None:
    SameQuantities(image, segmap.astype(np.int32), 1, gain=1.0)


def trimmed(image: np.ndarray, segmap: np.ndarray) -> None:
    with no_rotation_of_empty_masks():
        Trimmed(image, segmap.astype(np.int32), 1, gain=1.0, n_sigma_outlier=0)


def galforge(image: np.ndarray, segmap: np.ndarray) -> None:
    by_numba.quantities(image, segmap, 1.0, None)


ENGINES: tuple[Callable[[np.ndarray, np.ndarray], None], ...] = (everything, same_quantities, trimmed, galforge)


@contextlib.contextmanager
def no_rotation_of_empty_masks() -> Iterator[None]:
    """Within it, scikit-image turns a mask without any True into zeros at once."""
    original = skimage.transform.rotate

    def rotate(image: np.ndarray, *arguments, **named) -> np.ndarray:
        if image.dtype == bool and not image.any():
            return np.zeros(image.shape)
        return original(image, *arguments, **named)

    skimage.transform.rotate = rotate
    try:
        yield
    finally:
        skimage.transform.rotate = original


@contextlib.contextmanager
def on_one_core() -> Iterator[None]:
    """Within it, this process stays on one core, where the system can do that."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def processor() -> str:
    """The processor's own name, where the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    names = re.findall(r"^model name\s*: (.+)$", cpuinfo.read_text(), re.MULTILINE) if cpuinfo.exists() else []
    return names[0] if names else platform.machine()


def jobs(kind: str, side: int, count: int) -> list[Job]:
    """The first `count` stamps of a set that have a segment."""
    found: list[Job] = []
    index = 0
    while len(found) < count:
        image = sersic_stamp(kind, index, side).image
        segmap = segment(image, MeasureSettings())
        if segmap.any():
            found.append((image, segmap))
        index += 1
    return found


def seconds(function: Callable, *arguments) -> float:
    start = time.process_time()
    function(*arguments)
    return time.process_time() - start


def ratios(sides: list[int], count: int) -> bool:
    """Print the table of times; true if both ratios of every row are what they should be."""
    print(f"CPU time per stamp [ms], median of {count}; ratio of the sums (median of the ratios)\n")
    print(
        "| set | side [px] | statmorph | statmorph, same quantities | statmorph, trimmed | galforge "
        f"| over same (aim {LEAST_SAME:g}) | over trimmed (aim {LEAST_TRIMMED:g}) | aims |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    good = True
    for side in sides:
        for kind in SERSIC_SETS:
            work = jobs(kind, side, count + 1)
            for engine in ENGINES:
                engine(*work[-1])
            times = np.array([[seconds(engine, *job) for engine in ENGINES] for job in work[:count]])
            milliseconds = " | ".join(f"{1e3 * value:.3g}" for value in np.median(times, axis=0))
            over = times.sum(axis=0) / times[:, -1].sum()
            each = np.median(times / times[:, -1:], axis=0)
            met = bool(over[1] >= LEAST_SAME and over[2] >= LEAST_TRIMMED)
            good &= met
            print(
                f"| {kind} | {side} | {milliseconds} | {over[1]:.1f} ({each[1]:.1f}) | {over[2]:.1f} ({each[2]:.1f}) "
                f"| {'met' if met else 'NOT met'} |",
                flush=True,
            )
    return good


def start(runs: int, compiling: bool) -> bool:
    """Print how long a process takes to start and measure its first stamp; true if that is short enough.

    With `compiling`, in a numba cache of its own, which is empty at first; otherwise in the one there is.
    """
    image, segmap = jobs("noisy", 64, 1)[0]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "stamp.npz"
        np.savez(file, image=image, segmap=segmap)
        environment = os.environ | ({"NUMBA_CACHE_DIR": str(Path(folder) / "cache")} if compiling else {})
        walls = []
        for _ in range(1 + runs):
            begun = time.perf_counter()
            subprocess.run([sys.executable, "-c", START, str(WORKFLOW), str(file)], env=environment, check=True)
            walls.append(time.perf_counter() - begun)
    best = min(walls[1:])
    met = best < MOST_START_S
    print(
        f"\nstart of a process and one stamp of 64 px: {best:.2f} s with a warm cache (lowest of {runs}; aim below "
        f"{MOST_START_S:g} s: {'met' if met else 'NOT met'})" + f", {walls[0]:.1f} s with an empty one" * compiling
    )
    return met


def part(connection: Connection, first: int, step: int, count: int) -> None:
    """Measure every `step`-th of `count` stamps each time the parent says so; a process's whole work."""
    work = jobs("noisy", 64, count)[first::step]
    galforge(*work[0])
    connection.send("ready")
    while connection.recv():
        connection.send(sum(seconds(galforge, *job) for job in work))


def scaling(count: int, rounds: int) -> None:
    """Print how much faster two processes measure the same stamps than one does; they take turns."""
    context = multiprocessing.get_context("spawn")
    ends: dict[int, list[Connection]] = {1: [], 2: []}
    workers = []
    for processes, theirs in ends.items():
        for first in range(processes):
            parent, child = context.Pipe()
            workers.append(context.Process(target=part, args=(child, first, processes, count)))
            workers[-1].start()
            child.close()
            theirs.append(parent)
    for end in (*ends[1], *ends[2]):
        end.recv()
    found: dict[int, list[tuple[float, float]]] = {1: [], 2: []}
    for _ in range(rounds):
        for processes, theirs in ends.items():
            begun = time.perf_counter()
            for end in theirs:
                end.send(True)
            spent = sum(end.recv() for end in theirs)
            found[processes].append((time.perf_counter() - begun, spent))
    for end in (*ends[1], *ends[2]):
        end.send(False)
    for worker in workers:
        worker.join()
    (wall, cpu), (wall_of_two, cpu_of_two) = (np.min(found[processes], axis=0) for processes in (1, 2))
    print(
        f"\n{count} stamps of 64 px: {wall:.2f} s by one process, {wall_of_two:.2f} s by two: "
        f"{wall / wall_of_two:.2f} times as fast (CPU time {cpu:.2f} and {cpu_of_two:.2f} s, so "
        f"{2 * cpu / cpu_of_two:.2f} where nothing else runs; lowest of {rounds}; {os.cpu_count()} cores)"
    )


def whole_path(count: int) -> None:
    """Print the time of segmentation and measurement together, by the default engine and by statmorph."""
    work = jobs("noisy", 64, count + 1)
    settings = MeasureSettings(), MeasureSettings(engine="statmorph")
    for one in settings:
        measure_image(work[-1][0], 1.0, one)
    times = np.array([[seconds(measure_image, image, 1.0, one) for one in settings] for image, _ in work[:count]])
    ours, theirs = 1e3 * np.median(times, axis=0)
    print(
        f"\nsegmentation and measurement of {count} noisy stamps of 64 px: {ours:.3g} ms by engine "
        f"{settings[0].engine}, {theirs:.3g} ms by engine statmorph: {times[:, 1].sum() / times[:, 0].sum():.1f} "
        "times as fast"
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=16, help="stamps per set and side")
    parser.add_argument("--sides", type=int, nargs="+", default=[64, 256])
    parser.add_argument("--quick", action="store_true", help="two stamps of 64 px of each set: does everything run?")
    options = parser.parse_args(arguments)
    if options.quick:
        options.count, options.sides = 2, [64]
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("numba", "numpy", "statmorph"))
    print(f"{processor()}, Python {platform.python_version()}, {versions}\n")
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        with on_one_core():
            good = ratios(options.sides, options.count)
            good &= start(1, False) if options.quick else start(STARTS, True)
            whole_path(options.count)
        scaling(8 if options.quick else SCALED, 1 if options.quick else ROUNDS)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
