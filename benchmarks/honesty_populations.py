"""Made-up populations of galaxies for benchmarks/honesty.py: a table of measurements for each comparison."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from galforge.compare.morphology import PROPERTIES
from galforge.compare.power_spectrum import MODES
from galforge.measure.vectors import with_vectors

Population = Callable[[np.random.Generator, int, float, bool], pd.DataFrame]
"""(random numbers, galaxies, how different from the source's population, whether it is the source) -> a table."""
FEATURES, BAND_FEATURES, CLASSES = 32, 12, 10
MISSING = 0.1  # share of galaxies that cannot be measured


def stamps(draws: np.random.Generator, count: int, apart: float, source: bool) -> pd.DataFrame:
    """Morphology, photometry, grain and power spectra: correlated, some with long tails, all shifted by `apart` sd."""
    names = [*PROPERTIES.values(), "log_flux", "surface_brightness", "sky_rms", "sky_autocorrelation", *MODES]
    names += ["gini_m20_bulge", "magnitude", "colour"]
    mass = draws.normal(size=(count, 1))
    values = 0.5 * mass + np.sqrt(0.75) * draws.normal(size=(count, len(names))) + apart
    table = pd.DataFrame(values, columns=names)
    for name in ("sersic_n", "rhalf_circ", "sky_rms"):  # galaxies of long tails
        table[name] = np.exp(0.4 * table[name])
    table["orientation_centroid"] = (0.8 * table["orientation_centroid"]) % np.pi - np.pi / 2
    table["magnitude_i"] = 20 + table["magnitude"]
    table["magnitude_r"] = table["magnitude_i"] + 0.4 + 0.1 * draws.normal(size=count)
    table["magnitude_g"] = table["magnitude_i"] + 0.8 + 0.2 * table["colour"]
    bad = draws.random(count) < MISSING
    table["colour_grain"] = 0.05 * np.exp(0.4 * (draws.normal(size=count) + apart))
    table.loc[bad, ["log_flux", "surface_brightness", "sky_rms", "sky_autocorrelation", "colour_grain"]] = np.nan
    return table.assign(index=np.arange(count), segmented=True, flag=np.where(bad, 2.0, 0.0))


def images(draws: np.random.Generator, count: int, apart: float, source: bool) -> pd.DataFrame:
    """Features of images, whose variances fall as those of networks do, shifted by `apart` sd."""
    scales = np.arange(1, FEATURES + 1) ** -0.5
    values = (draws.normal(size=(count, FEATURES)) + apart) * scales
    split = np.array(["train", "train", "train", "validation", "test"])[draws.permutation(np.arange(count) % 5)]
    table = pd.DataFrame({"index": np.arange(count), "split": split})
    return with_vectors(table, {"features": values.astype(np.float32)})


def bands(draws: np.random.Generator, count: int, apart: float, source: bool) -> pd.DataFrame:
    """Features and class probabilities of two bands; the source has as many galaxies in either held-out split."""
    total = 2 * count if source else count
    columns = {"index": np.arange(total), "redshift": _redshifts(draws, total), "split": _splits(total, source)}
    mass, vectors = draws.normal(size=(total, 1)), {}
    scales = np.arange(1, BAND_FEATURES + 1) ** -0.5
    for band in "gr":
        values = (0.5 * mass + np.sqrt(0.75) * draws.normal(size=(total, BAND_FEATURES)) + apart) * scales
        vectors[f"features_{band}"] = values.astype(np.float32)
        weights = draws.gamma(0.3 * np.exp(-apart), size=(total, CLASSES)) + 1e-9
        weights /= weights.sum(axis=1, keepdims=True)
        vectors[f"classes_{band}"] = weights.astype(np.float32)
    return with_vectors(pd.DataFrame(columns), vectors)


def galaxies(draws: np.random.Generator, count: int, apart: float, source: bool) -> pd.DataFrame:
    """What is measured of galaxies with redshifts: sizes, shapes, errors of positions, and the redshift found."""
    total = 2 * count if source else count
    z = _redshifts(draws, total)
    normal = draws.normal(size=(5, total)) + apart
    area = 300 / (1 + z) * np.exp(0.5 * normal[0])
    table = pd.DataFrame(
        {
            "index": np.arange(total),
            "redshift": z,
            "split": _splits(total, source),
            "isophotal_area": area,
            "semi_major_axis": np.sqrt(area) * np.exp(0.1 * normal[1]),
            "ellipticity": 0.8 / (1 + np.exp(-normal[2])),
            "sersic_index": np.clip(np.exp(0.3 + 0.5 * normal[3]), 0.3, 6),
            "errcxy": draws.choice([-1, 1], total) * np.exp(5 - z + normal[4]),
            "sky_rms_g": 2 + 0.1 * normal[1],
            "redshift_cnn": z + (0.05 + 0.05 * apart) * (1 + z) * (draws.standard_t(3, total) + apart),
        }
    )
    bad = draws.random(total) < MISSING
    table.loc[bad, ["isophotal_area", "semi_major_axis", "ellipticity", "sersic_index", "errcxy"]] = np.nan
    table.loc[draws.random(total) < MISSING * (1 + apart), "errcxy"] = 0.0  # no error: no value
    return table


def _redshifts(draws: np.random.Generator, count: int) -> np.ndarray:
    return np.clip(draws.gamma(2.2, 0.35, count), 0.02, 3.95)


def _splits(count: int, source: bool) -> np.ndarray:
    return np.array(["test", "validation"])[np.arange(count) % 2] if source else np.full(count, "")


POPULATIONS: dict[str, Population] = {
    "band_scores": bands,
    "colour_bulge": stamps,
    "colour_grain": stamps,
    "features": images,
    "fitting_loss": galaxies,
    "galaxy_kl": galaxies,
    "joint": stamps,
    "morphology": stamps,
    "photometry": stamps,
    "power_spectrum": stamps,
    "redshift_loss": galaxies,
    "successors": galaxies,
}
