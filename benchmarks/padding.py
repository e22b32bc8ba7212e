"""What padding does to morphology, and where the box of sky should lie: stamps that were cut smaller and padded again.

    python benchmarks/padding.py STAMPS.h5 [--count 300] [--sides 48 40]

Stamps of a data set that needed no padding, such as results/mocks64/stamps/cosmos.h5, are the truth. Their middle
squares are padded as small cutouts are (docs/your-own-galaxies.md) and measured in three ways: as they are, with a box
of sky that avoids padding, and with padding masked as statmorph masks pixels. Of those galaxies that are measured in
all ways (flag <= 1), it prints the mean difference from the truth and the sd of that difference, in deviations of the
property, and how many are measured. Prints a table for docs/design.md.
"""

import argparse
import sys
import warnings
from dataclasses import replace
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))

import numpy as np
import pandas as pd

from galforge.datasets.cutouts.sky import sky_of
from galforge.measure.images import middle
from galforge.measure.morphology import by_numba, of
from galforge.measure.morphology.compared import PROPERTIES
from galforge.measure.morphology.sky import sky_box
from galforge.measure.morphology.stamp import cut
from galforge.seeds import generator
from galforge.stamps.file import Stamps


def avoiding(padding: np.ndarray, image: np.ndarray, segmap: np.ndarray):
    """`stamp.cut` with a box of sky that avoids ``padding`` (H, W) bool."""
    stamp = cut(image, segmap)
    ny, nx = stamp.raw.shape
    top, left, side = sky_box(stamp.segment | padding[stamp.y : stamp.y + ny, stamp.x : stamp.x + nx])
    return replace(stamp, sky=np.ascontiguousarray(stamp.image[top : top + side, left : left + side]))


def ways(images: np.ndarray, side: int, gain: float) -> dict[str, pd.DataFrame]:
    """Morphology of images (n, H, W) float64 whose outer parts are padding, by each way."""
    padding = np.ones(images.shape[1:], dtype=bool)
    middle(padding, side)[:] = False
    found = {"as they are": of(images, gain=gain, processes=1)}
    by_numba.cut = partial(avoiding, padding)
    try:
        found["box without padding"] = of(images, gain=gain, processes=1)
    finally:
        by_numba.cut = cut
    return found | {"masked": of(images, gain=gain, mask=np.broadcast_to(padding, images.shape), processes=1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stamps", help="stamps file of a data set whose galaxies needed no padding")
    parser.add_argument("--count", type=int, default=300, help="stamps")
    parser.add_argument("--sides", type=int, nargs="+", default=[48, 40], help="sides that they are cut to [px]")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    with Stamps(asked.stamps) as stamps:
        images = stamps.images[: asked.count, 0].astype(float)
        gain = stamps.typical_header().gain
    truth = of(images, gain=gain, processes=1)
    names = list(PROPERTIES.values())
    print(f"{len(images)} stamps, {(truth['flag'] <= 1).sum()} measured as they were")
    for side in asked.sides:
        inner = middle(images, side)
        skies = [sky_of(image, np.zeros(image.shape, bool)) for image in inner]
        kept = np.array([sky is not None for sky in skies])
        padded = []
        for index in np.flatnonzero(kept):
            padded.append(skies[index].noise(images.shape[1:], generator(0, "padding", index)))
            middle(padded[-1], side)[:] = inner[index]
        padded = np.array(padded)
        found = ways(padded, side, gain)
        reference = truth[kept].reset_index(drop=True)
        good = np.logical_and.reduce([table["flag"] <= 1 for table in (reference, *found.values())])
        print(f"\n{side} px: {len(padded)} padded, {good.sum()} measured in all ways\n")
        print(f"| property | {' | '.join(found)} |\n|---{'|---' * len(found)}|")
        counts = [f"{(table['flag'] <= 1).sum()}" for table in found.values()]
        print(f"| measured | {' | '.join(counts)} |")
        for name in names:
            differences = [(table[name] - reference[name])[good] / truth[name].std() for table in found.values()]
            print(f"| {name} | {' | '.join(f'{each.mean():.2f} ± {each.std():.2f}' for each in differences)} |")


if __name__ == "__main__":
    main()
