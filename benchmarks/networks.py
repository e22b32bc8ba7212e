"""Which known degradations each feature network ranks rightly by FID, and from how many stamps on.

    python benchmarks/networks.py [--count 1000] [--weights NETWORK=FILE ...] [--cache FOLDER] [--seed 1]

A source and a perfect model are mock galaxies of Hyper Suprime-Cam in g, r and i, of the same recipe. The model is then
made worse in seven ways, each in three strengths (networks_sets.py). For samples of an eighth, a quarter, half and all
of --count stamps, all disjoint ones that there are:

- found: the FID is beyond the limit, which one perfect model in twenty would exceed, in each sample;
- ranked: the FIDs of the three strengths are in their order in each sample.

Either is told as the smallest size from which on it holds. A cell has the strength, the FID over the limit in the
largest sample, and the size from which on it is found. efficientnet-lite0 always runs, another network with a file of
its weights. Features are kept in --cache, by network and weights, so that a second run only compares.
"""

import argparse
import hashlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))

import numpy as np
from networks_sets import COLOURS, LABELS, SIDE, STEPS, changed, chosen, galaxies, repeated, stars
from threadpoolctl import threadpool_limits

from galforge import families
from galforge.atomic import replacing
from galforge.compare.frechet import fid_and_null, frechet
from galforge.compare.settings import CompareSettings
from galforge.measure.features.preparation import stretch_of
from galforge.measure.features.settings import MeasureSettings
from galforge.measure.vectors import rows_of
from galforge.stamps.file import Header, Stamps, StampsWriter

HEADER = Header(("g", "r", "i"), 0.168, "arcsec", "count", (27.0,) * COLOURS, 1.0, "mock")
PARTS = (8, 4, 2, 1)  # disjoint samples of which size there are
RED_GREEN_BLUE = (2, 1, 0)


class Network:
    """A feature network with its weights: features of images, kept in a folder."""

    def __init__(self, name: str, weights: Path | None, cache: Path):
        self.name, self.weights, self.cache = name, weights, cache
        given = {} if weights is None else {"weights": "path", "path": str(weights)}
        self.settings = MeasureSettings(network=name, **given)
        self.code = families.load("measure", self.settings.taken_by or "features", "measure")
        self.digest = hashlib.sha256(weights.read_bytes() if weights else b"").hexdigest()[:8]
        self.seconds, self.stamps = 0.0, 0

    def features(self, images: np.ndarray, stretch: dict) -> np.ndarray:
        """Features (n, d) of images (n, 3, 64, 64) at the stretch of the source."""
        about = hashlib.sha256(images.tobytes() + repr(stretch).encode()).hexdigest()[:16]
        file = self.cache / f"{self.name}-{self.digest}-{about}.npy"
        if not file.exists():
            began = time.process_time()
            with TemporaryDirectory() as folder, stored(images, Path(folder)) as stamps:
                table = self.code.measure(
                    stamps, 0, len(images), self.settings, 0, 0.0, 0, stretch=stretch, weights=self.weights
                )
            self.seconds, self.stamps = self.seconds + time.process_time() - began, self.stamps + len(images)
            with replacing(file) as temporary, open(temporary, "wb") as handle:
                np.save(handle, rows_of(table, "features")[:], allow_pickle=False)
        return np.load(file, allow_pickle=False)


def stored(images: np.ndarray, folder: Path) -> Stamps:
    """Images as stamps in a folder, opened."""
    with StampsWriter(folder / "stamps.h5", (COLOURS, SIDE, SIDE), HEADER, len(images)) as writer:
        writer.append_block(images, {})
    return Stamps(folder / "stamps.h5")


def sets(network: Network, count: int, seed: int) -> tuple[np.ndarray, dict[tuple[str, float], np.ndarray]]:
    """Features (count, d) of the source, of the perfect model, and of what is made of it; repetitions are not."""
    source, perfect = galaxies(seed, 0, count), galaxies(seed, 10 * count, count)
    late = galaxies(seed, 20 * count, int(perfect.early.sum()), lambda galaxy: not galaxy.central.early)
    with TemporaryDirectory() as folder, stored(source.images, Path(folder)) as stamps:
        stretch = stretch_of(stamps, RED_GREEN_BLUE)
    known, base = network.features(source.images, stretch), network.features(perfect.images, stretch)
    found = {("perfect", 0.0): base}
    others = {"other class": base.copy(), "mode lost": base.copy()}
    starry = chosen("other class", max(STEPS["other class"]), perfect.early, seed)
    others["other class"][starry] = network.features(stars(seed, 10 * count, count)[starry], stretch)
    others["mode lost"][perfect.early] = network.features(late.images, stretch)
    for kind, steps in STEPS.items():
        for step in steps:
            if kind in others:
                other = chosen(kind, step, perfect.early, seed)
                found[kind, step] = np.where(other[:, None], others[kind], base)
            elif kind != "memorised":
                found[kind, step] = network.features(changed(kind, step, perfect.images, seed), stretch)
    return known, found


def compared(
    source: np.ndarray, model: dict[tuple[str, float], np.ndarray], seed: int
) -> Iterator[tuple[int, float, dict[tuple[str, float], float]]]:
    """Of each sample: its size, the limit, and the FIDs of the perfect model and of each degradation."""
    settings = CompareSettings(seed=seed, fid_halvings=1, fid_bootstrap=2).of("features", "corrected", False)
    for parts in PARTS:
        size = len(source) // parts
        for number in range(parts):
            rows = slice(number * size, (number + 1) * size)
            values = {name: frechet(source[rows], features[rows]) for name, features in model.items()}
            for step in STEPS["memorised"]:
                known = source[rows][repeated(int(step), size, seed + number)]
                values["memorised", step] = frechet(source[rows], known)
            yield size, fid_and_null(source[rows], model["perfect", 0.0][rows], settings)[0].limit, values


def since(told: dict[int, list[bool]]) -> int | None:
    """The smallest size from which on all samples say yes; None where those of the largest size do not."""
    found = None
    for size in sorted(told, reverse=True):
        if not all(told[size]):
            break
        found = size
    return found


def rows(samples: list[tuple[int, float, dict[tuple[str, float], float]]]) -> Iterator[str]:
    """Rows of the table, see the top of this file."""
    _, limit, last = max(samples, key=lambda sample: sample[0])
    by_size: dict[int, list[tuple[float, dict]]] = {}
    for size, *told in samples:
        by_size.setdefault(size, []).append(tuple(told))
    for kind, steps in STEPS.items():
        cells = []
        for step in steps:
            beyond = {size: [each[kind, step] > most for most, each in told] for size, told in by_size.items()}
            ratio = last[kind, step] / limit
            cells.append(f"{LABELS[kind].format(step)}: {ratio:.2f}, {since(beyond) or 'not found'}")
        order = {
            size: [all(np.diff([each[kind, step] for step in steps]) > 0) for _, each in told]
            for size, told in by_size.items()
        }
        yield f"| {kind} | {' | '.join(cells)} | {since(order) or '**no**'} |"


def main() -> None:
    """Command line: see the top of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--weights", nargs="*", default=[], metavar="NETWORK=FILE")
    parser.add_argument("--cache", type=Path, default=Path("results/benchmarks/networks"))
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    given.cache.mkdir(parents=True, exist_ok=True)
    networks = [Network("efficientnet-lite0", None, given.cache)]
    for each in given.weights:
        name, _, file = each.partition("=")
        if not Path(file).is_file():
            parser.error(f"--weights {each}: {file or 'nothing'} is no file; give NETWORK=FILE")
        networks.append(Network(name, Path(file), given.cache))
    for network in networks:
        began = time.process_time()
        source, model = sets(network, given.count, given.seed)
        samples = list(compared(source, model, given.seed))
        size, limit, values = max(samples, key=lambda sample: sample[0])
        speed = f", {network.stamps / network.seconds:.0f} stamps per CPU second" if network.stamps else ""
        ratio = values["perfect", 0.0] / limit
        print(f"\n{network.name}: limit at {size} stamps {limit:.4g}, perfect model {ratio:.2f} of it{speed}")
        print(f"({time.process_time() - began:.0f} CPU s)\n")
        print("| degradation | weak | middle | strong | ranked from |\n|---|---|---|---|---|")
        print("\n".join(rows(samples)), flush=True)


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
