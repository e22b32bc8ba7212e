"""Accuracy of the Sersic images against brute force, and their rate against GalSim's, on one thread.

    python benchmarks/render_sersic.py [--galaxies 12] [--galsim 14] [--seed 1]

Accuracy is measured on 64-px fields with half-light radii of 1-16 px, axis ratios of 0.2-1 and centres
anywhere in a pixel, which is harder than the data set's own galaxies; these follow in the last row, at 256
px. The rate is that of the data set's galaxies (256 px, n = 1-4), the same ones for both, without a PSF.
GalSim takes up to seconds and gigabytes for each n near 4.
"""

import argparse
import itertools
import math
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))

import numpy as np

from galforge.datasets.sersic.render import render, sersic_b

L1_LIMIT, PEAK_LIMIT, RATE_LIMIT = 3e-4, 2e-3, 20.0
BANDS = ((0.5, 1.0), (1.0, 2.0), (2.0, 4.0), (4.0, 6.0))


def brute_force(size: int, galaxy: dict[str, float], nodes: int, depth: int) -> np.ndarray:
    """The same image by tensor Gauss-Legendre quadrature of the bare profile on cells that halve towards
    the centre.

    Args:
        size: side of the image [px].
        galaxy: the other arguments of ``render``.
        nodes: quadrature nodes per side of a cell.
        depth: halvings after which a cell is small enough whatever lies in it.
    """
    index, axis_ratio = galaxy["index"], galaxy["axis_ratio"]
    b = sersic_b(index)
    peak = galaxy["flux"] / (2 * math.pi * index * galaxy["radius"] ** 2 * b ** (-2 * index) * math.gamma(2 * index))
    turn = np.exp(-1j * galaxy["position_angle"])
    points, weights = np.polynomial.legendre.leggauss(nodes)
    points, weights = (points + 1) / 2, np.outer(weights, weights) / 4

    image = np.zeros(size * size)
    rows, columns = np.divmod(np.arange(size * size), size)
    pixel = np.arange(size * size)
    left = columns - size / 2 - galaxy["x"]
    low = rows - size / 2 - galaxy["y"]
    side = 1.0
    for level in range(depth + 1):
        gap = np.hypot(np.maximum(np.maximum(left, -left - side), 0), np.maximum(np.maximum(low, -low - side), 0))
        done = (gap * axis_ratio >= side) | (level == depth)
        for cells in np.array_split(np.flatnonzero(done), 1 + done.sum() // 8192):
            offset = (left[cells, None, None] + side * points) + 1j * (low[cells, None, None] + side * points[:, None])
            major, minor = (turn * offset).real, (turn * offset).imag
            r = np.sqrt(axis_ratio * major**2 + minor**2 / axis_ratio)
            values = peak * np.exp(-b * (r / galaxy["radius"]) ** (1 / index))
            np.add.at(image, pixel[cells], side**2 * (values * weights).sum(axis=(1, 2)))
        side /= 2
        left, low, pixel = left[~done], low[~done], pixel[~done]
        left = np.concatenate([left, left + side, left, left + side])
        low = np.concatenate([low, low, low + side, low + side])
        pixel = np.tile(pixel, 4)
    return image.reshape(size, size)


def errors(image: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Sum of the absolute differences over the flux, and the largest difference over the peak."""
    difference = np.abs(image - truth)
    return float(difference.sum() / truth.sum()), float(difference.max() / truth.max())


def draw(rng: np.random.Generator, index: tuple[float, float]) -> dict[str, float]:
    """A galaxy that is hard to integrate."""
    return {
        "x": rng.uniform(-0.5, 0.5),
        "y": rng.uniform(-0.5, 0.5),
        "radius": 2 ** rng.uniform(0, 4),
        "index": rng.uniform(*index),
        "axis_ratio": rng.uniform(0.2, 1),
        "position_angle": rng.uniform(0, math.pi),
        "flux": 1.0,
    }


def draw_published(rng: np.random.Generator, index: tuple[float, float] = (1.0, 4.0)) -> dict[str, float]:
    """A galaxy of the published data set, in pixels of 0.04 arcsec."""
    x, y = rng.uniform(-25, 25, 2)
    shape = {"axis_ratio": rng.uniform(0.4, 1), "position_angle": rng.uniform(0, math.pi)}
    return {
        "x": x,
        "y": y,
        "radius": rng.uniform(25, 100),
        "index": rng.uniform(*index),
        "flux": 1.0,
        **shape,
    }


def accuracy(rng: np.random.Generator, per_band: int) -> bool:
    """Print the accuracy table; true if every galaxy keeps both limits."""
    rows = [(f"{low:g}-{high:g}", 64, [draw(rng, (low, high)) for _ in range(per_band)]) for low, high in BANDS]
    rows.append(("1-4", 256, [draw_published(rng) for _ in range(per_band // 2 or 1)]))
    print("      n  size  galaxies  L1/flux: median     worst  peak error: median     worst  brute force's own")
    good = True
    for name, size, galaxies in rows:
        found = []
        for galaxy in galaxies:
            found.append(errors(render(size, **galaxy), brute_force(size, galaxy, nodes=8, depth=24)))
        # A finer brute force of the band's smallest galaxy, in which the cusp weighs most.
        small = min(galaxies, key=lambda galaxy: galaxy["radius"])
        converged = max(errors(brute_force(size, small, 8, 24), brute_force(size, small, 12, 32)))
        l1, peak = np.transpose(found)
        good &= bool(l1.max() <= L1_LIMIT and peak.max() <= PEAK_LIMIT and converged <= L1_LIMIT / 100)
        print(
            f"{name:>7}  {size:4d}  {len(found):8d}  {np.median(l1):15.1e}  {l1.max():8.1e}"
            f"  {np.median(peak):18.1e}  {peak.max():8.1e}  {converged:17.0e}"
        )
    return good


def rate(rng: np.random.Generator, count: int) -> float:
    """Print the rates of galforge and of GalSim on the same galaxies; how many times faster the first is."""
    import galsim

    # One galaxy in each of `count` equal parts of the range of n: GalSim's cost depends strongly on n.
    edges = np.linspace(1, 4, count + 1)
    galaxies = [draw_published(rng, (low, high)) for low, high in itertools.pairwise(edges)]
    theirs, ours, differences = [], [], []
    for galaxy in galaxies:
        start = time.process_time()
        profile = galsim.Sersic(n=galaxy["index"], half_light_radius=galaxy["radius"] * 0.04, flux=galaxy["flux"])
        profile = profile.shear(q=galaxy["axis_ratio"], beta=galaxy["position_angle"] * galsim.radians)
        profile = profile.shift(galaxy["x"] * 0.04, galaxy["y"] * 0.04)
        image = profile.drawImage(nx=256, ny=256, scale=0.04, method="auto", dtype=float).array
        theirs.append(time.process_time() - start)
        start = time.process_time()
        for _ in range(5):
            mine = render(256, **galaxy)
        ours.append((time.process_time() - start) / 5)
        differences.append(errors(image, mine)[0])
    ratio = float(np.mean(theirs) / np.mean(ours))
    each = np.array(theirs) / np.array(ours)
    print(f"\n{count} galaxies, n = 1-4, 256 px, CPU time, one thread")
    print(f"  GalSim    {1 / np.mean(theirs):8.1f} images/s  ({np.median(theirs) * 1e3:.1f} ms in the median)")
    print(f"  galforge  {1 / np.mean(ours):8.1f} images/s  ({np.median(ours) * 1e3:.1f} ms in the median)")
    print(f"  ratio {ratio:.0f} (per galaxy: least {each.min():.0f}, median {np.median(each):.0f})")
    print(f"  L1/flux between the two: median {np.median(differences):.1e}; GalSim's tolerance is about 1e-3")
    return ratio


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--galaxies", type=int, default=12, help="galaxies per band of n in the accuracy table")
    parser.add_argument("--galsim", type=int, default=14, help="galaxies that GalSim draws, too")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    render(64, **draw(rng, (0.5, 6.0)))  # compiles, outside the timings
    accurate = accuracy(rng, arguments.galaxies)
    ratio = rate(rng, arguments.galsim)
    good = accurate and ratio >= RATE_LIMIT
    print(
        f"\n{'PASS' if good else 'FAIL'}: L1/flux <= {L1_LIMIT:g} and peak error <= {PEAK_LIMIT:g}: "
        f"{'yes' if accurate else 'NO'}; {ratio:.0f} times GalSim's rate (at least {RATE_LIMIT:g} asked)"
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
