"""Rates of what is done with sparse 8-bit images, on one thread.

    python benchmarks/sparse.py features [--images 1000] [--size 1000] [--rounds 9] [--seed 1]
    python benchmarks/sparse.py compose [--images 1000] [--size 1000] [--galaxies 30] [--threads 2]

features: the default features of the measure realism, on made-up sparse images. Printed are images per second of CPU
time; how many times longer the spectrum takes as people write it (numpy's complex transform in double precision and a
sum over rings), and how far galforge's is from that; what each block takes by itself; and the peak of the memory while
a table of that many rows is made, from 16 images that are measured over and over.

compose: images of the two-stage model of default width, whose weights are random but for how many cells are lit.
Printed are seconds per 1000 images (the report printed 6 to 10 s for its GPU) and the peak of the memory.
"""

import argparse
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # of numpy; torch is told its own number
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))

import numpy as np

from galforge.measure.realism import spectrum, texture
from galforge.measure.realism.measure import BLOCKS, features_of, measure
from galforge.measure.realism.properties import background_of
from galforge.measure.realism.settings import MeasureSettings
from galforge.stamps.file import Header

DIFFERENT = 16  # images that are made up
CLUSTERS = 45e-6  # per pixel, as the median real image has, and as many single pixels
SECONDS_LIMIT = 6.0  # per 1000 images of 1000 px on two threads: what the report printed for its GPU
RATE_LIMIT, AGREEMENT = 20.0, 1e-4  # images per second at 1000 px; relative, of ring sums


def sparse(rng: np.random.Generator, size: int) -> np.ndarray:
    """Images (16, size, size) uint8 of round sources and single pixels; every fifth has a background of 1."""
    images = np.zeros((DIFFERENT, size, size), dtype=np.uint8)
    y, x = np.mgrid[-15:17, -15:17]
    for number, image in enumerate(images):
        image += np.uint8(number % 5 == 4)
        for _ in range(rng.poisson(CLUSTERS * size**2)):
            width = rng.uniform(0.8, 3.5)
            source = rng.uniform(20, 250) * np.exp(-(x**2 + y**2) / (2 * width**2))
            row, column = rng.integers(0, size - 32, 2)
            patch = image[row : row + 32, column : column + 32]
            np.maximum(patch, source.astype(np.uint8), out=patch)
        places = tuple(rng.integers(0, size, (2, round(CLUSTERS * size**2))))
        image[places] += rng.integers(1, 4, len(places[0])).astype(np.uint8)
    return images


class Repeated:
    """Stamps of a few images that come again and again: a table of 10,000 rows without 10 GB on disk."""

    path, columns = Path("made-up.h5"), ()
    header = Header(("intensity",), 1.0, "arcsec", "8-bit level", (), 1.0, "mock")

    def __init__(self, images: np.ndarray, count: int):
        self.images, self.count = self, count
        self.kept, self.shape, self.dtype = images, (1, *images.shape[1:]), images.dtype

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, place: tuple[int, int]) -> np.ndarray:
        return self.kept[place[0] % len(self.kept)]


def seconds(functions: dict[str, Callable[[np.ndarray], object]], images: np.ndarray, rounds: int) -> dict[str, float]:
    """Median CPU time per image [s] of each function; they take turns, after a first call that is not counted."""
    spent: dict[str, list[float]] = {name: [] for name in functions}
    for turn in range(rounds + 1):
        for name, function in functions.items():
            start = time.process_time()
            for image in images:
                function(image)
            if turn:
                spent[name].append((time.process_time() - start) / len(images))
    return {name: float(np.median(times)) for name, times in spent.items()}


def spectrum_by_numpy(size: int, window: int) -> Callable[[np.ndarray], np.ndarray]:
    """The spectrum as people write it; the radii are found once."""
    y, x = np.indices((size, size)) - size // 2
    radius = np.hypot(y, x).astype(int).ravel()

    def found(image: np.ndarray) -> np.ndarray:
        power = np.abs(np.fft.fftshift(np.fft.fft2(image))) ** 2
        sums = np.bincount(radius, power.ravel())[: size // 2]
        return np.convolve(sums, np.full(window, 1 / window), mode="valid")

    return found


def features(arguments: argparse.Namespace) -> bool:
    """Print rates, errors and memory of the features; true if they keep their limits."""
    size, rounds = arguments.size, arguments.rounds
    settings = MeasureSettings(size=size)
    images = sparse(np.random.default_rng(arguments.seed), size)
    features_of(images[0], settings)
    small = table_rate(images, arguments.images, settings)  # first: the peak of a process never falls
    by_numpy = spectrum_by_numpy(size, settings.smoothing)

    def ours(image: np.ndarray) -> np.ndarray:
        half = spectrum.transform(image, background_of(texture.histogram(image)))
        return spectrum.spectrum(half, settings.smoothing)

    times = seconds(
        {"all": lambda image: features_of(image, settings), "numpy": by_numpy, "ours": ours}, images, rounds
    )
    rate = 1 / times["all"]
    error = max(float(np.abs(ours(image) / by_numpy(image) - 1).max()) for image in images)
    print(f"  {rate:.0f} images/s of {', '.join(settings.blocks)}")
    print(
        f"  spectrum: galforge {times['ours'] * 1e3:.1f} ms, numpy's fft2 {times['numpy'] * 1e3:.1f} ms, "
        f"ratio {times['numpy'] / times['ours']:.1f}; worst relative difference {error:.0e}"
    )
    one = {name: MeasureSettings(size=size, blocks=[name]) for name in BLOCKS}
    alone = seconds(
        {name: lambda image, chosen=chosen: features_of(image, chosen) for name, chosen in one.items()}, images[:4], 2
    )
    print("  one block alone, clusters included [ms]: " + ", ".join(f"{n} {t * 1e3:.0f}" for n, t in alone.items()))
    return small and (size < 1000 or rate >= RATE_LIMIT) and error <= AGREEMENT


def compose(arguments: argparse.Namespace) -> bool:
    """Print the time of composing; true if it keeps its limit."""
    import torch

    from galforge.models.normalisation import Normalisation
    from galforge.models.two_stage.family import Family
    from galforge.models.two_stage.placing import in_order
    from galforge.models.two_stage.settings import ModelSettings
    from galforge.sampling.sample import BlockNoise

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    ones = (1.0, 1.0, 1.0)
    family = Family(
        ModelSettings(size=arguments.size), (3, 32, 32), Normalisation("linear", ones, (0.0, 0.0, 0.0), ones)
    )
    share = arguments.galaxies / (arguments.size / 32) ** 2
    last = family.networks["position_generator"].layers[-1]
    with torch.no_grad():
        last.weight.zero_()
        last.bias.copy_(torch.tensor([0.0, np.log(share / (1 - share))]))
        place = torch.device("cpu")
        blocks = [range(first, first + 50) for first in range(0, arguments.images, 50)]
        family.compose(BlockNoise(0, blocks[0], place))
        begun = time.perf_counter()
        for block in blocks:
            family.compose(BlockNoise(0, block, place))
        taken = (time.perf_counter() - begun) * 1000 / arguments.images
        noise = BlockNoise(0, blocks[0], place)
        begun = time.perf_counter()
        positions = family.draw_positions(noise)
        galaxies = family.draw_galaxies(noise, in_order(positions)[0])
        drawing = time.perf_counter() - begun
        begun = time.perf_counter()
        family.place(positions, galaxies)
        placing = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"compose, {arguments.size} px, {float((positions > 0).sum((1, 2)).double().mean()):.0f} galaxies per image")
    print(f"  {taken:.2f} s per 1000 images on {arguments.threads} threads; peak memory of the process {peak:.0f} MiB")
    print(f"  of a block's time {drawing / (drawing + placing):.0%} draw positions and galaxies, the rest places them")
    return arguments.size < 1000 or taken < SECONDS_LIMIT


def table_rate(images: np.ndarray, count: int, settings: MeasureSettings) -> bool:
    """Print the time and the peak memory of a table; true if memory grew by three tables and 64 MiB at most."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start = time.process_time()
    table = measure(Repeated(images, count), 0, count, settings, 0, 0.0, 0)
    spent = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    held = table.memory_usage().sum() / 2**20
    print(f"features, {settings.size} px")
    print(
        f"  table of {count} rows: {count / spent:.0f} images/s, {held:.1f} MiB; peak memory of the process "
        f"{peak:.0f} MiB, {peak - before:.0f} MiB more than before"
    )
    return peak - before <= 3 * held + 64


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_subparsers(dest="what", required=True)
    part = what.add_parser("features", help="of the measure realism")
    part.add_argument("--images", type=int, default=1000, help="rows of the table whose memory is looked at")
    part.add_argument("--size", type=int, default=1000, help="side of the images [px]")
    part.add_argument("--rounds", type=int, default=9, help="times that everything is timed")
    part.add_argument("--seed", type=int, default=1)
    part.set_defaults(
        run=features,
        limits=f"at least {RATE_LIMIT:g} images/s at 1000 px, spectra within {AGREEMENT:g} of numpy's, memory of three "
        "tables and 64 MiB",
    )
    part = what.add_parser("compose", help="images of the two-stage model")
    part.add_argument("--images", type=int, default=1000, help="images that are composed")
    part.add_argument("--size", type=int, default=1000, help="side of the images [px]")
    part.add_argument("--galaxies", type=int, default=30, help="mean number in an image; the release has about 30")
    part.add_argument("--threads", type=int, default=2, help="CPU threads")
    part.add_argument("--seed", type=int, default=1)
    part.set_defaults(
        run=compose,
        limits=f"less than {SECONDS_LIMIT:g} s per 1000 images of 1000 px",
    )
    arguments = parser.parse_args()
    good = arguments.run(arguments)
    print(f"\n{'PASS' if good else 'FAIL'}: {arguments.limits}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
