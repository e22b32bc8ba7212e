"""Which images and galaxies figures show: picked by the seed and not by eye."""

from pathlib import Path

import numpy as np

from galforge.seeds import generator
from galforge.stamps.file import Stamps

SIZE_CLASSES = {1: "small", 2: "medium", 3: "large"}


def whole_images(path: str | Path, count: int, seed: int) -> np.ndarray:
    """Images (n, side, side) uint8 of a file of stamps."""
    with Stamps(path) as stamps:
        return np.stack([stamps.images[index, 0] for index in _picked(np.arange(len(stamps)), count, seed)])


def real_patches(path: str | Path, count: int, seed: int) -> np.ndarray:
    """Patches (n, 32, 32) uint8 with real galaxies, of the parts of a data set."""
    with Stamps(path) as stamps:
        channel = stamps.header.bands.index("galaxy")
        chosen = _picked(np.arange(len(stamps)), count, seed)
        return np.rint(np.stack([stamps.images[index, channel] for index in chosen])).astype(np.uint8)


def generated_patches(label: str, path: str | Path, count: int, seed: int) -> list[tuple[str, np.ndarray]]:
    """Labels and patches (n, 32, 32) uint8 of each size class that galaxies were asked for."""
    rows = []
    with Stamps(path) as stamps:
        asked = stamps.catalog("asked")
        classes = np.unique(asked)
        for number in classes:
            chosen = _picked(np.flatnonzero(asked == number), count, seed)
            name = SIZE_CLASSES.get(int(number), f"class {number}") if len(classes) == 3 else f"class {number}"
            own = f"{label}, {name}" if len(classes) > 1 else label
            rows.append((own, np.stack([stamps.images[index, 0] for index in chosen])))
    return rows


def _picked(indices: np.ndarray, count: int, seed: int) -> list[int]:
    order = generator(seed, "shown").permutation(len(indices))[:count]
    return [int(index) for index in np.sort(indices[order])]
