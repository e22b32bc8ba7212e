"""Score a generator: are its galaxies like real ones? Put yours in the place of `generated`, and real cutouts below it.

    PYTHONPATH=workflow .venv/bin/python examples/score_generator.py

This compares shapes and power spectra in memory. `make score` does more with two files: features of networks, copies
of real galaxies, figures and a page (docs/scoring.md).
"""

import numpy as np

from galforge.compare.tables import compare_tables
from galforge.measure import morphology, power_spectrum

GAIN = 500.0
"""Electrons per unit of the image."""


def galaxies(count: int, seed: int, steepness: float) -> np.ndarray:
    """Round exponential galaxies in white noise, (count, 64, 64)."""
    random = np.random.default_rng(seed)
    radius = np.hypot(*(np.mgrid[:64, :64] - 31.5))
    light = np.exp(-((radius / random.uniform(2, 6, (count, 1, 1))) ** steepness))
    return light + random.normal(0, 0.01, (count, 64, 64))


def main() -> None:
    real = galaxies(60, seed=1, steepness=1.0)
    generated = galaxies(60, seed=2, steepness=1.3)
    tables = [[measure(sample) for measure in (shapes, power_spectrum.of)] for sample in (real, generated)]
    distances = compare_tables(*tables, bootstrap=50, permutations=5)
    # A value within the limit is no worse than that of 19 in 20 perfect models.
    print(
        distances[["metric", "property", "value", "standard_error", "floor", "limit"]].round(3).to_string(index=False)
    )


def shapes(images: np.ndarray):
    return morphology.of(images, gain=GAIN)


# Galaxies are measured on all cores, by processes that read this file again.
if __name__ == "__main__":
    main()
