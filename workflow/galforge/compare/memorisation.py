"""Whether a model copies: generated images that lie nearer to training images than galaxies it never saw do.

The data-copying test of Meehan, Chaudhuri & Dasgupta 2020 (arXiv:2004.05675), without their cells: the Mann-Whitney
statistic of the distances to the nearest training image.
"""

import numpy as np
import scipy.stats

from galforge.compare import streams
from galforge.compare.coverage import squared_distances
from galforge.compare.limits import LEVEL
from galforge.compare.rows import Score
from galforge.compare.settings import ComparisonSettings
from galforge.compare.streams import Features
from galforge.seeds import generator

HELD_OUT = ("test", "validation")  # the first of these splits that has images
FEWEST = 2  # held-out, generated and training images


def memorisation(source: Features, split: np.ndarray, generated: Features, settings: ComparisonSettings) -> Score:
    """The share of pairs in which a generated image is nearer to its nearest training image than a held-out one, - 0.5.

    0: generated images are as new as held-out galaxies; towards 0.5: they are copies; towards -0.5: they are further
    away than galaxies are, which other metrics judge. The split test is held out, or validation where there is no test.
    All other source images count as training images, whichever of them a model was trained on; the additional ones
    dilute copies but do not shift the value of a perfect model.

    The error is that of the Mann-Whitney statistic (DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44, 837). The
    floor is its sd where both distances have one distribution, less for ties (Lehmann 1975, Nonparametrics, section
    1.2), and the limit, on either side of 0, 1.96 of these. `n_source` is the number of held-out images. Blank without
    a held-out split, or with fewer than 2 training, held-out or generated images.

    Args:
        source: features (n, d).
        split: (n,) names of splits, empty where there are none.
        generated: features (m, d); at most `neighbour_images` of them and of those held out count.
        settings: settings of the comparison.
    """
    held = next((split == name for name in HELD_OUT if np.any(split == name)), np.zeros(len(split), dtype=bool))
    draws = generator(settings.seed, "memorisation")
    sides = (source, np.flatnonzero(held)), (generated, np.arange(len(generated)))
    most = settings.neighbour_images
    fresh, made = (features[own[np.sort(draws.permutation(len(own))[:most])]] for features, own in sides)
    training = streams.chosen(source, np.flatnonzero(~held))
    if min(len(fresh), len(made), len(training)) < FEWEST:
        return Score(np.nan, np.nan, np.nan, len(fresh), len(made))
    kept, new = _nearest((fresh, made), training)
    n, m = len(kept), len(new)
    # For each held-out image the share of generated ones that are nearer to training images, and for each generated one
    # the share of held-out ones that are farther; ties count half.
    both = np.concatenate([kept, new])
    ranks = scipy.stats.rankdata(both)
    nearer = (ranks[:n] - scipy.stats.rankdata(kept)) / m
    farther = 1 - (ranks[n:] - scipy.stats.rankdata(new)) / n
    error = np.sqrt(np.var(nearer, ddof=1) / n + np.var(farther, ddof=1) / m)
    tied = np.unique(both, return_counts=True)[1].astype(float)
    ties = np.sum(tied**3 - tied) / ((n + m) * (n + m - 1))
    floor = np.sqrt((n + m + 1 - ties) / (12 * n * m))
    limit = scipy.stats.norm.ppf(1 - LEVEL / 2) * floor
    return Score(float(nearer.mean() - 0.5), float(error), float(floor), n, m, float(limit))


def _nearest(sides: tuple[np.ndarray, np.ndarray], training: Features) -> list[np.ndarray]:
    """Squared distances (n,) of images of each side to the nearest of the training images, which are read in blocks."""
    middle = streams.mean(training).astype(training.dtype)
    sides = tuple(side - middle for side in sides)
    found = [np.full(len(side), np.inf, dtype=side.dtype) for side in sides]
    for _, block in streams.blocks(training):
        centred = block - middle
        for side, nearest in zip(sides, found, strict=True):
            for rows, apart in squared_distances(side, centred):
                np.minimum(nearest[rows], apart.min(axis=1), out=nearest[rows])
    return found
