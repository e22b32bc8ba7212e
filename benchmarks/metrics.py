"""Times of the comparisons of features and of joint distributions, and FID against the square root of the product.

    python benchmarks/metrics.py [--threads 1] [--large 50000] [--rounds 3] [--seed 1]

FID: the time of one distance by scipy.linalg.sqrtm, and by galforge, for 2,048 features of 5,000 images, and the
relative difference; sizes are small enough for the square root to end. Then each metric with its error and its floor,
with the default settings, once: for 180 images of 1,280 features (the demo's), and for --large images of 2,048 features
a side (the paper's; 0 leaves it out). The joint distribution is that of 15 properties. Features are normal, with
variances that fall as one over their number, as those of networks nearly do.
"""

import argparse
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))

import numpy as np
import scipy.linalg
from threadpoolctl import threadpool_limits

from galforge.compare.coverage import compare_coverage
from galforge.compare.frechet import fid, frechet
from galforge.compare.joint import directions, told_apart
from galforge.compare.kernel import kid
from galforge.compare.memorisation import memorisation
from galforge.compare.settings import CompareSettings
from galforge.compare.wasserstein import compare_properties

ROOT_LIMIT, AGREEMENT = 3.0, 1e-6  # least ratio to scipy's time, largest relative difference of FIDs
SMALL_LIMIT, LARGE_LIMIT = 3.0, 500.0  # s of CPU time, of an FID with its error and its floor
PROPERTIES = 15


def features(draws: np.random.Generator, count: int, dimension: int, shift: float) -> np.ndarray:
    """Features (count, dimension) in single precision, as they are stored."""
    scales = np.arange(1, dimension + 1, dtype=np.float32) ** -0.5
    return (draws.standard_normal((count, dimension), dtype=np.float32) + np.float32(shift)) * scales


def timed(function: Callable[[], object]) -> tuple[object, float, float]:
    """What a function gives, its wall time and its CPU time [s]."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = function()
    return found, time.perf_counter() - wall, time.process_time() - cpu


def by_square_root(first: np.ndarray, second: np.ndarray) -> float:
    covariances = [np.cov(side.astype(np.float64), rowvar=False) for side in (first, second)]
    apart = first.mean(axis=0, dtype=np.float64) - second.mean(axis=0, dtype=np.float64)
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1])
    return float(apart @ apart + np.trace(covariances[0] + covariances[1] - 2 * root.real))


def against_square_root(draws: np.random.Generator, rounds: int) -> bool:
    """Print both times of one FID; true if galforge keeps its limits."""
    first, second = features(draws, 5000, 2048, 0.0), features(draws, 5000, 2048, 0.05)
    ours = [timed(lambda: frechet(first, second)) for _ in range(rounds)]
    root, wall, cpu = timed(lambda: by_square_root(first, second))
    value, own_wall, own_cpu = ours[0][0], *(float(np.median([run[i] for run in ours])) for i in (1, 2))
    apart = abs(value / root - 1)
    print(
        f"one FID, 5,000 v 5,000 images of 2,048 features: scipy's square root {wall:.1f} s (CPU {cpu:.1f} s), "
        f"galforge {own_wall:.2f} s (CPU {own_cpu:.2f} s): ratio {cpu / own_cpu:.1f} of CPU time, "
        f"relative difference {apart:.0e}"
    )
    return cpu >= ROOT_LIMIT * own_cpu and apart <= AGREEMENT


def metrics(draws: np.random.Generator, count: int, dimension: int, limit: float) -> bool:
    """Print the time of each metric with its error and its floor; true if FID keeps its limit of CPU time."""
    settings = {name: CompareSettings().of(name, "corrected", False) for name in ("features", "joint")}
    published = CompareSettings().of("features", "published", False)
    source, generated = features(draws, count, dimension, 0.0), features(draws, count, dimension, 0.02)
    split = draws.choice(["train", "validation", "test"], count, p=[0.6, 0.2, 0.2])
    properties = [draws.normal(size=(count, PROPERTIES)) for _ in range(2)]
    across = directions(PROPERTIES, settings["joint"])
    runs = {
        "FID and FID-infinity": lambda: fid(source, generated, settings["features"]),
        "KID, disjoint blocks": lambda: kid(source, generated, settings["features"]),
        "KID, published subsets": lambda: kid(source, generated, published),
        "precision, recall, density, coverage": lambda: compare_coverage(source, generated, settings["features"]),
        "memorisation": lambda: memorisation(source, split, generated, settings["features"]),
        "sliced Wasserstein distance": lambda: compare_properties(
            *(side @ across for side in properties), settings["joint"]
        ),
        "classifier": lambda: told_apart(*properties, settings["joint"]),
    }
    print(f"\n{count:,} v {count:,} images of {dimension:,} features     wall [s]    CPU [s]")
    good = True
    for name, function in runs.items():
        _, wall, cpu = timed(function)
        good &= cpu <= limit or not name.startswith("FID")
        print(f"  {name:<40}{wall:12.2f}{cpu:11.2f}", flush=True)
    print(f"  memory at most so far: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB")
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1, help="threads of linear algebra")
    parser.add_argument("--large", type=int, default=50_000, help="images a side of the large case; 0: none")
    parser.add_argument("--rounds", type=int, default=3, help="times that one FID is timed")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    draws = np.random.default_rng(arguments.seed)
    with threadpool_limits(limits=arguments.threads):
        good = [metrics(draws, 180, 1280, SMALL_LIMIT)]
        good.append(against_square_root(draws, arguments.rounds))
        if arguments.large:
            good.append(metrics(draws, arguments.large, 2048, LARGE_LIMIT))
    print(
        f"\n{'PASS' if all(good) else 'FAIL'}: one FID {ROOT_LIMIT:g} times as fast as by scipy's square root, and the "
        f"same within {AGREEMENT:g}; with error and floor in {SMALL_LIMIT:g} s of CPU time for 180 images and in "
        f"{LARGE_LIMIT:g} s for the large case"
    )
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
