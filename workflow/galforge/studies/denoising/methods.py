"""The references as methods of the evaluation. They know PSF and noise, and are tuned for each test."""

from typing import Any

import numpy as np

from galforge.logs import log, progress
from galforge.studies.denoising import degrade
from galforge.studies.denoising.evaluation import Method, observe
from galforge.studies.denoising.galaxies import Galaxies, chosen
from galforge.studies.denoising.references import restore, tune
from galforge.studies.denoising.trials import REFERENCES, Trial, trials_of


def references(galaxies: Galaxies, spec: dict[str, Any]) -> dict[str, Method]:
    """The references by name, tuned on validation galaxies, and ``truth``.

    Args:
        galaxies: all of the data set, at their own size.
        spec: as for ``evaluation.evaluate``, and ``tuning``.
    """
    tuning = spec["tuning"]
    rows = chosen(galaxies.stamps, "validation", tuning["images"], spec["seed"])
    wanted = trials_of(spec)
    settings: dict[tuple[str, str], float] = {}
    for test in progress(wanted, len(wanted), "tests tuned for"):
        pairs = [observe(galaxies, row, spec, test, "denoising validation") for row in rows]
        for name in REFERENCES:
            grid = tuning.get(name, [])
            best = tune(name, pairs, *_known(test, spec), grid)
            if len(grid) > 2 and best in (grid[0], grid[-1]):
                log.warning("%s in %s: the best setting, %g, is at an end of tuning: %s", name, test.name, best, grid)
            settings[name, test.name] = best

    def method(name: str) -> Method:
        def give_back(test: Trial, pair: degrade.Observed) -> tuple[np.ndarray, float]:
            setting = settings[name, test.name]
            return restore(name, pair.image, *_known(test, spec), setting), setting

        return give_back

    return {"truth": lambda test, pair: (pair.truth, np.nan), **{name: method(name) for name in REFERENCES}}


def _known(test: Trial, spec: dict[str, Any]) -> tuple[float, float]:
    """What a reference knows in a test: sigma of the PSF in its pixels [px] and sd of the noise [image unit]."""
    return spec["psf_sigma"] / test.pixel_size, spec["noise_sigma"] * test.noise
