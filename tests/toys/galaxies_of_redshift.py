"""Made-up measurements and stamps of galaxies with redshifts: real ones, and those of better and worse models."""

from pathlib import Path

import numpy as np
import pandas as pd

from galforge.seeds import generator
from galforge.stamps.file import Header, StampsWriter

BANDS = ("g", "r", "i", "z", "y")
EDGES = (0.01, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)


def redshifts(who: str, count: int) -> np.ndarray:
    """Redshifts as those of GalaxiesML: most below 1.5, a few up to 4."""
    return np.clip(generator(1, "redshift", who).gamma(2.2, 0.35, count), 0.02, 3.95)


def measured(who: str, count: int, wrong: float = 0.0) -> pd.DataFrame:
    """What the family ``sources`` measures; ``wrong`` from 0 for real galaxies to 1 for a bad model."""
    rng, z = generator(2, "sources", who), redshifts(who, count)
    split = np.where(np.arange(count) % 7 < 5, "train", "test") if who == "source" else np.full(count, "")
    detected = rng.random(count) > 0.02 + 0.1 * wrong
    area = np.exp(rng.normal(6.6 - 1.4 * np.log1p(z) + 0.5 * wrong * z, 0.5, count))
    ellipticity = np.clip(rng.beta(2, 5, count) + 0.1 * wrong, 0, 0.95)
    axis = np.sqrt(area) / 5
    frame = pd.DataFrame(
        {
            "index": np.arange(count),
            "split": split,
            "redshift": z,
            "detected": detected,
            "isophotal_area": area,
            "ellipticity": ellipticity,
            "semi_major_axis": axis,
            "semi_minor_axis": axis * (1 - ellipticity),
            "errcxy": rng.choice([-1, 1], count) * np.exp(rng.normal(4.5 + 3 * wrong, 1.5, count)),
            "sersic_index": np.clip(np.exp(rng.normal(0.3 - 0.2 * wrong, 0.5, count)), 0.3, 6),
        }
    )
    frame.loc[~detected, ["isophotal_area", "ellipticity", "semi_major_axis", "errcxy", "sersic_index"]] = np.nan
    frame.attrs["origin"] = "mock" if who == "source" else "generated"
    return frame


def predicted(who: str, count: int, wrong: float = 0.0) -> pd.DataFrame:
    """What the family ``redshift`` measures."""
    rng, z = generator(3, "redshift", who), redshifts(who, count)
    split = measured(who, count)["split"]
    lost = rng.random(count) < 0.04 + 0.4 * wrong
    found = np.where(lost, rng.gamma(2.2, 0.35, count), z + (0.04 + 0.15 * wrong) * (1 + z) * rng.normal(size=count))
    frame = pd.DataFrame({"index": np.arange(count), "split": split, "redshift": z, "redshift_cnn": found})
    frame.attrs["origin"] = "mock" if who == "source" else "generated"
    return frame


def write_stamps(
    path: Path, who: str, count: int, *, wrong: float = 0.0, side: int = 32, bands: tuple[str, ...] = BANDS
) -> Path:
    """Stamps of round galaxies that grow fainter, smaller and redder with redshift; a bad model's sky is correlated."""
    origin = "mock" if who == "source" else "generated"
    header = Header(bands, 0.336, "arcsec", "nJy", (27.0,) * len(bands), 3000.0, origin)
    z, rng = redshifts(who, count), generator(4, "stamps", who)
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    # Redder bands are brighter, and the more so the farther.
    colour = np.array([{"g": -0.8, "r": -0.3, "i": 0.0, "z": 0.2, "y": 0.3}[band] for band in bands])
    with StampsWriter(path, (len(bands), side, side), header, count) as writer:
        for index in range(count):
            radius = side / 9 / (1 + 0.6 * z[index]) * np.exp(rng.normal(0, 0.2)) * (1 + wrong * z[index] / 3)
            stretch = rng.uniform(0.5, 1.0)
            profile = np.exp(-np.sqrt(x**2 + (y / stretch) ** 2) / radius)
            light = 8 * np.exp(-0.9 * z[index]) * 10 ** (0.4 * colour * (1 + z[index] / 2))
            sky = rng.normal(0, 0.03, (len(bands), side, side))
            if wrong:
                sky = (sky + np.roll(sky, 1, 1) + np.roll(sky, 1, 2) + np.roll(sky, (1, 1), (1, 2))) / 2
            columns = {"name": str(index), "redshift": z[index]}
            split = "train" if index % 7 < 5 else "test"
            columns |= {"split": split} if who == "source" else {}
            writer.append(light[:, None, None] * profile + sky, **columns)
    return path
