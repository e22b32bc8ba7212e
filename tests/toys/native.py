"""Small galaxies, each at its own size: quick to denoise."""

from pathlib import Path

import numpy as np

from galforge.stamps.file import Header
from galforge.stamps.native_file import NativeWriter

SPLITS = ("train", "train", "validation", "test")


def header(origin: str, bands: tuple[str, ...] = ("g", "r")) -> Header:
    return Header(bands, 1.0, "kpc", "electron/s", (), 1.0, origin)


def write_galaxies(path: Path, count: int, origin: str, seed: int, sides: tuple[int, int] = (12, 20)) -> Path:
    """Gaussian galaxies in two bands; every fourth is for validation, every fourth for tests."""
    random = np.random.default_rng(seed)
    with NativeWriter(path, header(origin)) as out:
        for index in range(count):
            side = int(random.integers(sides[0], sides[1] + 1))
            y, x = np.indices((side, side)) - (side - 1) / 2
            light = 40 * np.exp(-0.5 * (x**2 + y**2) / random.uniform(1.5, 3) ** 2)
            row = {"index": index} if origin == "generated" else {"split": SPLITS[index % 4]}
            out.append(np.stack([light, 0.5 * light]), **row)
    return path
