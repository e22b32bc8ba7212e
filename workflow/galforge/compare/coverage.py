"""Precision, recall, density and coverage: whether generated images lie among real ones, and real ones among generated.

Each image of a sample is the centre of a ball that reaches to its k-th nearest other image and includes its surface.
Kynkaanniemi et al. 2019 (arXiv:1904.06991), k = 3: precision is the share of generated images in any ball of the
source, recall the share of source images in any ball of the generated ones. Naeem et al. 2020 (arXiv:2002.09797),
k = 5: density is the number of source balls around a generated image over k, coverage the share of source balls with a
generated image inside. All four depend on the sizes of the samples, so both sides are cut to one size.
"""

from collections.abc import Iterator

import numpy as np
import scipy.stats

from galforge.compare import streams
from galforge.compare.limits import LEVEL
from galforge.compare.rows import Score
from galforge.compare.settings import ComparisonSettings
from galforge.compare.streams import Features
from galforge.seeds import generator

METRICS = ("precision", "recall", "density", "coverage")
NEAREST = (3, 5)  # k of precision and recall, and of density and coverage
FEWEST = 4 * (max(NEAREST) + 1)  # images a side must have, so that a quarter has balls
_BLOCK = 1024  # rows of a matrix of distances in memory at once


def squared_distances(first: np.ndarray, second: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Squared Euclidean distances of features (n, d) and (m, d), in blocks: a slice of the n rows, and (rows, m)."""
    squares = np.einsum("ij,ij->i", second, second)
    for low in range(0, len(first), _BLOCK):
        rows = first[low : low + _BLOCK]
        apart = rows @ second.T
        apart *= -2
        apart += squares
        apart += np.einsum("ij,ij->i", rows, rows)[:, None]
        yield slice(low, low + len(rows)), np.maximum(apart, 0, out=apart)


def radii(features: np.ndarray) -> np.ndarray:
    """Squared distances (len(NEAREST), n) of features (n, d) to their k-th nearest others, n above k."""
    found = np.empty((len(NEAREST), len(features)), dtype=features.dtype)
    places = [k - 1 for k in NEAREST]
    for rows, apart in squared_distances(features, features):
        apart[np.arange(len(apart)), np.arange(rows.start, rows.stop)] = np.inf
        found[:, rows] = np.partition(apart, places, axis=1)[:, places].T
    return found


def scores(
    source: np.ndarray, generated: np.ndarray, source_radii: np.ndarray, generated_radii: np.ndarray
) -> np.ndarray:
    """METRICS of features (n, d) and (m, d) with their `radii`, without the whole matrix of distances in memory."""
    within = np.zeros(len(generated), dtype=bool)
    recalled = covered = around = 0
    for rows, apart in squared_distances(source, generated):
        near, far = (apart <= reach[rows, None] for reach in source_radii)
        within |= near.any(axis=0)
        recalled += np.count_nonzero((apart <= generated_radii[0]).any(axis=1))
        around += np.count_nonzero(far)
        covered += np.count_nonzero(far.any(axis=1))
    n, m = len(source), len(generated)
    return np.array([within.sum() / m, recalled / n, around / (NEAREST[1] * m), covered / n])


def compare_coverage(source: Features, generated: Features, settings: ComparisonSettings) -> dict[str, Score]:
    """METRICS of features (n, d) and (m, d) of one network, by name.

    Both sides have min(n, m, `neighbour_images`) images, drawn at random. Error and floor come from the same random
    halvings of both. The error is the sd of the score between a half of the source and a half of the generated images
    (a jackknife that deletes half, Shao & Wu 1989, Ann. Statist. 17, 1176; a bootstrap would have copies of images at
    distance 0). The floor is the mean score of one half of the source against the other. Precision and recall of a
    perfect model fall with size, so their floors are extrapolated to the whole size from halves and quarters. Density
    and coverage of a perfect model depend on the ratio of the sizes only. The limit is of the distance from the floor,
    on either side: 97.5 % of Student's t, times the root of three variances: of the score, half of that of halves of
    the source, because they are half as large; of the floor, which has images of its own (between none and all of the
    first one; half of it is taken); and of the mean over few halvings.

    Blank with fewer than 24 images on a side.
    """
    size = min(len(source), len(generated), settings.neighbour_images)
    if size < FEWEST:
        return {name: Score(np.nan, np.nan, np.nan, len(source), len(generated)) for name in METRICS}
    chosen = generator(settings.seed, "neighbours")
    # Distances are differences of squares, which lose fewer digits when features are centred.
    middle = streams.mean(source).astype(source.dtype)
    source, generated = (
        features[np.sort(chosen.permutation(len(features))[:size])] - middle for features in (source, generated)
    )
    value = scores(source, generated, radii(source), radii(generated))
    halves, floors, quarters = np.empty((3, settings.neighbour_halvings, len(METRICS)))
    draws, half, quarter = generator(settings.seed, "neighbour halvings"), size // 2, size // 4
    for halving in range(settings.neighbour_halvings):
        order = draws.permutation(size)
        first, second = source[order[:half]], source[order[half : 2 * half]]
        made = generated[draws.permutation(size)[:half]]
        reach = radii(first)
        halves[halving] = scores(first, made, reach, radii(made))
        floors[halving] = scores(first, second, reach, radii(second))
        few, fewer = first[:quarter], second[:quarter]
        quarters[halving] = scores(few, fewer, radii(few), radii(fewer))
    errors, chance = halves.std(axis=0, ddof=1), floors.var(axis=0, ddof=1) / 2
    falling = [METRICS.index(name) for name in ("precision", "recall")]
    floors[:, falling] += (floors - quarters)[:, falling]
    floor = floors.mean(axis=0)
    floor[falling] = np.clip(floor[falling], 0, 1)
    count = settings.neighbour_halvings
    reach = scipy.stats.t.ppf(1 - LEVEL / 2, count - 1)
    limits = reach * np.sqrt(1.5 * chance + floors.var(axis=0, ddof=1) / count)
    return {
        name: Score(float(value[i]), float(errors[i]), float(floor[i]), size, size, float(limits[i]))
        for i, name in enumerate(METRICS)
    }
