"""Rates of the power spectra and of the Wasserstein distances against the code that people write, on one thread.

    python benchmarks/spectra_and_distances.py [--rounds 15] [--seed 1]

Spectra: rings of Sersic galaxies of 64 and 256 px, by numpy's complex transform and a histogram, by galforge,
and in single precision. What single precision costs is the worst error of a ring [dex] against numpy's
transform in double precision, in noisy stamps and in the same ones without noise. Distances: against
scipy.stats.wasserstein_distance, one by one, and for the resampled distances of nine properties. All take
turns; times are medians of CPU time.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))

import numpy as np
import scipy.fft
import scipy.stats

from galforge.compare.settings import CompareSettings
from galforge.compare.wasserstein import compare_properties, wasserstein
from galforge.datasets.sersic.render import render
from galforge.measure.images import BLOCK
from galforge.measure.power_spectrum.measure import ring_matrix, ring_means
from galforge.seeds import generator

NOISE = 0.01  # sd, as a share of the brightest pixel
SPECTRA_LIMIT, EQUAL_LIMIT, UNEQUAL_LIMIT, RESAMPLED_LIMIT, FEW_LIMIT = 1.5, 10.0, 5.0, 10.0, 3.0
AGREEMENT = 1e-9  # relative: galforge's transform sums in another order than numpy's

Spectra = Callable[[np.ndarray], np.ndarray]


def galaxies(rng: np.random.Generator, side: int, count: int) -> np.ndarray:
    """Images (count, side, side) in single precision, as stamps are stored, without noise."""
    return np.stack(
        [
            render(
                side,
                x=rng.uniform(-2, 2),
                y=rng.uniform(-2, 2),
                radius=rng.uniform(0.05, 0.15) * side,
                index=rng.uniform(1, 4),
                axis_ratio=rng.uniform(0.4, 1),
                position_angle=rng.uniform(0, np.pi),
                flux=1.0,
            )
            for _ in range(count)
        ]
    ).astype(np.float32)


def ways(side: int) -> dict[str, Spectra]:
    """Functions from images in single precision to their rings (n, rings), by name; the first is the reference."""
    frequency = np.rint(np.fft.fftfreq(side, 1 / side)).astype(int)
    radius = np.floor(np.sqrt(frequency[:, None] ** 2 + frequency**2)).astype(int).ravel()
    members = np.bincount(radius)
    rings = ring_matrix(side)
    single = rings.astype(np.float32)

    def by_numpy(images: np.ndarray) -> np.ndarray:
        amplitudes = (np.abs(np.fft.fft2(image.astype(np.float64))).ravel() for image in images)
        return np.stack([np.bincount(radius, amplitude) / members for amplitude in amplitudes]) / side**2

    def in_blocks(images: np.ndarray) -> np.ndarray:
        parts = (images[low : low + BLOCK].astype(np.float64) for low in range(0, len(images), BLOCK))
        return np.concatenate([ring_means(part, rings) for part in parts])

    def by_scipy(images: np.ndarray) -> np.ndarray:
        return np.stack([single @ np.abs(scipy.fft.rfft2(image)).ravel() for image in images]) / side**2

    found = {"numpy fft2 + bincount": by_numpy, "galforge": in_blocks, "scipy, single precision": by_scipy}
    try:
        import torch
    except ImportError:
        return found
    torch.set_num_threads(1)
    by_column = rings.tocsc()
    ring, weight = torch.from_numpy(by_column.indices.astype(np.int64)), torch.from_numpy(by_column.data).float()

    def by_torch(images: np.ndarray) -> np.ndarray:
        parts = []
        for part in torch.from_numpy(images).split(BLOCK):
            amplitude = torch.fft.rfft2(part).abs().flatten(1) * weight
            parts.append(torch.zeros(len(part), len(members)).index_add_(1, ring, amplitude))
        return torch.cat(parts).numpy() / side**2

    return found | {"torch, single precision": by_torch}


def seconds(functions: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median CPU time [s] of each function; they take turns, after a first call that is not counted."""
    spent: dict[str, list[float]] = {name: [] for name in functions}
    for turn in range(rounds + 1):
        for name, function in functions.items():
            start = time.process_time()
            function()
            if turn:
                spent[name].append(time.process_time() - start)
    return {name: float(np.median(times)) for name, times in spent.items()}


def spectra(rng: np.random.Generator, side: int, rounds: int) -> bool:
    """Print rates and errors at one side; true if galforge keeps its limits."""
    clean = galaxies(rng, side, 64)
    noise = NOISE * clean.max(axis=(1, 2), keepdims=True)
    noisy = (clean + noise * rng.standard_normal(clean.shape)).astype(np.float32)
    functions = ways(side)
    reference, *others = functions
    times = seconds({name: lambda way=way: way(noisy) for name, way in functions.items()}, rounds)
    errors = {}
    for name in others:
        pairs = ((functions[name](images), functions[reference](images)) for images in (noisy, clean))
        errors[name] = [float(np.abs(np.log10(found / expected)).max()) for found, expected in pairs]
    print(f"\nspectra, {side} px    images/s   ratio   worst ring [dex]: noisy   noiseless")
    for name, spent in times.items():
        worst = "".join(f"{error:12.0e}" for error in errors[name]) if name in errors else ""
        print(f"  {name:<24}{len(noisy) / spent:8.0f}{times[reference] / spent:8.2f}      {worst}")
    return times[reference] >= SPECTRA_LIMIT * times["galforge"] and max(errors["galforge"]) <= AGREEMENT


def distances(rng: np.random.Generator, n: int, m: int, limit: float, rounds: int) -> bool:
    """Print the times of one distance; true if galforge keeps its limits."""
    first, second = rng.normal(size=n), rng.normal(0.1, 1, m)
    times = seconds(
        {"scipy": lambda: scipy.stats.wasserstein_distance(first, second), "ours": lambda: wasserstein(first, second)},
        rounds,
    )
    apart = wasserstein(first, second) / scipy.stats.wasserstein_distance(first, second) - 1
    ratio = times["scipy"] / times["ours"]
    print(
        f"  {n:6d} v {m:6d}   scipy {times['scipy'] * 1e3:7.3f} ms   galforge {times['ours'] * 1e3:6.3f} ms"
        f"   ratio {ratio:5.1f}   relative difference {abs(apart):.0e}"
    )
    return ratio >= limit and abs(apart) <= AGREEMENT


def resampled(rng: np.random.Generator, n: int, m: int, limit: float, rounds: int) -> bool:
    """Print the times of nine properties with their resamplings; true if galforge keeps its limits."""
    source, generated = rng.normal(size=(n, 9)), rng.normal(0.1, 1, (m, 9))
    settings = CompareSettings(bootstrap=200, halvings=100, seed=0)
    measured = 2  # of the 200 resamplings, and as many of the 100 halvings: each costs scipy the same

    def by_scipy() -> np.ndarray:
        first, second = (generator(0, "bootstrap", side) for side in ("source", "generated"))
        halves, found = generator(0, "halvings"), np.empty((2, measured, 9))
        for i in range(measured):
            drawn = source[first.integers(n, size=n)], generated[second.integers(m, size=m)]
            shuffled = source[halves.permutation(n)]
            for p in range(9):
                found[0, i, p] = scipy.stats.wasserstein_distance(drawn[0][:, p], drawn[1][:, p])
                found[1, i, p] = scipy.stats.wasserstein_distance(shuffled[: n // 2, p], shuffled[n // 2 :, p])
        return found[0]

    times = seconds(
        {"scipy": by_scipy, "ours": lambda: compare_properties(source, generated, settings)}, max(3, rounds // 5)
    )
    # By the numbers of distances: 200 resamplings and 120 random divisions beside 100 halvings of half the size.
    whole = times["scipy"] / measured * (settings.bootstrap * 8 / 5 + settings.halvings) / 2
    ratio = whole / times["ours"]
    apart = float(np.abs(compare_properties(source, generated, settings).replicates[:measured] / by_scipy() - 1).max())
    print(
        f"  {n:6d} v {m:6d}   scipy {whole:7.2f} s    galforge {times['ours']:6.3f} s "
        f"   ratio {ratio:5.1f}   relative difference {apart:.0e}"
    )
    return ratio >= limit and apart <= AGREEMENT


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15, help="times that everything is timed")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rng, rounds = np.random.default_rng(arguments.seed), arguments.rounds
    good = [spectra(rng, side, rounds) for side in (64, 256)]
    print("\nW1 of one property")
    good += [
        distances(rng, 10_000, 10_000, EQUAL_LIMIT, rounds),
        distances(rng, 10_000, 30_000, UNEQUAL_LIMIT, rounds),
    ]
    print(
        "\nnine properties, 200 resamplings, 120 random divisions and 100 halvings (scipy: two of each, and multiplied)"
    )
    good += [
        resampled(rng, 300, 300, FEW_LIMIT, rounds),
        resampled(rng, 10_000, 10_000, RESAMPLED_LIMIT, rounds),
    ]
    print(
        f"\n{'PASS' if all(good) else 'FAIL'}: at least {SPECTRA_LIMIT:g} times numpy's rate of spectra, "
        f"{EQUAL_LIMIT:g} and {UNEQUAL_LIMIT:g} times scipy's of distances, {FEW_LIMIT:g} and {RESAMPLED_LIMIT:g} of "
        f"resampled ones, the same numbers within {AGREEMENT:g}"
    )
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
