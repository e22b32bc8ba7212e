"""Features of images read a block at a time, so that memory does not grow with their number.

Features (n, d) are an array, or rows that stay in a file (``galforge.measure.vectors.FileRows``). Both give arrays for
``features[start:stop]`` and ``features[places]``.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from galforge.measure.vectors import FileRows

BLOCK = 4096  # images in one product
AT_ONCE = 2**25  # numbers of images of several samples that are read together

Features = np.ndarray | FileRows
"""(n, d)."""


def blocks(features: Features) -> Iterator[tuple[slice, np.ndarray]]:
    """Features (n, d) in blocks of at most BLOCK images: which they are, and their features."""
    for low in range(0, len(features), BLOCK):
        rows = slice(low, min(low + BLOCK, len(features)))
        yield rows, features[rows]


def mean(features: Features) -> np.ndarray:
    """Mean (d,) of features (n, d) in double precision; NaN of none."""
    total = np.zeros(features.shape[1])
    for _, block in blocks(features):
        total += block.sum(axis=0, dtype=np.float64)
    return total / len(features) if len(features) else np.full(features.shape[1], np.nan)


def finite(features: Features) -> np.ndarray:
    """Which images (n,) have features that are all finite."""
    return np.concatenate([np.zeros(0, dtype=bool), *(np.isfinite(each).all(axis=1) for _, each in blocks(features))])


def chosen(features: Features, places: np.ndarray) -> Features:
    """Some images; those in a file are not read yet."""
    return features.chosen(places) if isinstance(features, FileRows) else features[places]


def all_alike(features: Features) -> bool:
    """Whether all images have the same features; so have those of no image."""
    return all(np.all(block == features[:1]) for _, block in blocks(features))


def samples(features: Features, places: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
    """Features (k, d) of each of several samples of images, whose places are given.

    Samples are read together as far as memory allows: images of a random sample lie all over a file.
    """
    first = 0
    while first < len(places):
        last, images = first + 1, len(places[first])
        while last < len(places) and (images + len(places[last])) * features.shape[1] <= AT_ONCE:
            images += len(places[last])
            last += 1
        together = features[np.concatenate(places[first:last])]
        yield from np.split(together, np.cumsum([len(each) for each in places[first : last - 1]]))
        first = last


class Pool:
    """Features (n, d) and (m, d) one behind the other, (n + m, d), without a copy of them."""

    def __init__(self, first: Features, second: Features):
        self._sides = first, second
        self.shape = (len(first) + len(second), first.shape[1])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: slice | np.ndarray) -> np.ndarray:
        places = np.arange(len(self))[key] if isinstance(key, slice) else key
        first, n = self._sides[0], len(self._sides[0])
        own = places < n
        found = np.empty((len(places), self.shape[1]), dtype=first.dtype)
        for side, chosen, start in zip(self._sides, (own, ~own), (0, n), strict=True):
            if chosen.any():
                found[chosen] = side[places[chosen] - start]
        return found
