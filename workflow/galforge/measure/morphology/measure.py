"""Morphology of every stamp by statmorph's definitions (Rodriguez-Gomez et al. 2019, MNRAS 483, 4140).

The measurements are made by an engine: the compiled one of this project (`by_numba`), or statmorph itself
(`by_statmorph`). All of them are kept, with two flags. No stamp is left out: quantities are missing (NaN) where the
stamp has no segment, the engine gave up on them, or it raised.
"""

import importlib
import warnings
from types import ModuleType

import numpy as np
import pandas as pd
from scipy import ndimage

from galforge.errors import GalforgeError
from galforge.logs import log
from galforge.measure.images import blocks
from galforge.measure.morphology.segmentation import segment
from galforge.measure.morphology.settings import MeasureSettings
from galforge.seeds import generator
from galforge.stamps.file import Stamps

PSF_SIDE = 3  # px; the published kernel is cut to 3 x 3


def measure(
    stamps: Stamps, start: int, stop: int, settings: MeasureSettings, band: int, noise_sigma: float, seed: int
) -> pd.DataFrame:
    """Measure band `band` of stamps `start` to `stop` (exclusive).

    Gaussian noise is added first, with sd `noise_sigma` [image units], or the sd of the settings under protocol
    published. It is drawn per stamp from (seed, origin, index). Source and generated stamps need different seeds: the
    same noise on both sides would correlate the two samples and give distances below the floor.

    Columns: `index` (absolute), `segmented` (bool), `segment_area` [px], the engine's QUANTITIES (lengths in px, angles
    in radians, fluxes in image units; `flag` and `flag_sersic` last), and `error` (the engine's exception as text,
    empty without one). Rows are in the order of the index.

    Raises:
        GalforgeError: stamps are not square, the band does not exist, or a gain is not positive.
    """
    gains = gains_of(stamps, start, stop, settings)
    sigma = settings.noise if settings.protocol == "published" else noise_sigma
    rows = []
    for low, images in blocks(stamps, start, stop, band):
        for index, image in enumerate(images, low):
            noise = _noise(sigma, image.shape, seed, stamps.header.origin, index)
            rows.append({"index": index, **measure_image(image, gains[index - start], settings, noise)})
    measured = ["segment_area", *_engine(settings).QUANTITIES]
    table = pd.DataFrame(rows, columns=["index", "segmented", *measured, "error"])
    table = table.astype(dict.fromkeys(measured, "float64"))
    table = table.astype({"index": "int64", "segmented": "bool", "error": "str"})
    raised = table.loc[table["error"] != ""]
    log.info(
        "morphology by %s: %d stamps, %d not segmented, %d with flag <= 1, %d that it failed on",
        settings.engine, len(table), (~table["segmented"]).sum(), (table["flag"] <= 1).sum(), len(raised),
    )  # fmt: skip
    if len(raised):
        index, error = raised[["index", "error"]].iloc[0]
        log.warning("%s failed on %d stamps; the first, %d: %s", settings.engine, len(raised), index, error)
    return table


def measure_image(
    image: np.ndarray, gain: float, settings: MeasureSettings, noise: np.ndarray | None = None
) -> dict[str, float | bool | str]:
    """One row of the table (without `index`) for one image (H, W).

    The image is convolved with the PSF of the settings, if any, before `noise` (H, W) is added; `gain` is in electrons
    per image unit.
    """
    image, psf = np.asarray(image, dtype=np.float64), None
    if settings.psf_fwhm > 0:
        psf = gaussian_psf(settings.psf_fwhm)
        image = ndimage.convolve(image, psf, mode="constant")
    if noise is not None:
        image = image + noise
    engine = _engine(settings)
    row = dict.fromkeys(engine.QUANTITIES, np.nan) | {"error": ""}
    # statmorph and numpy warn several times per faint stamp, which the flags report as well.
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        galaxy = segment(image, settings)
        row["segment_area"] = int(galaxy.sum())
        row["segmented"] = bool(galaxy.any())
        if not row["segmented"]:
            return row
        try:
            row.update(engine.quantities(image, galaxy, gain, psf))
        except MemoryError:
            raise
        except Exception as error:  # engines assert their assumptions; one odd stamp must not end the job
            row["error"] = f"{type(error).__name__}: {error}".strip(": ")
    return row


def _engine(settings: MeasureSettings) -> ModuleType:
    """The module that measures; imported by name, so that a job and its code digest have the chosen engine only."""
    return importlib.import_module(settings.engine_module)


def gaussian_psf(fwhm: float) -> np.ndarray:
    """Gaussian PSF (3, 3) of unit sum, sampled at the pixel centres; `fwhm` in px."""
    sigma = fwhm / (2 * np.sqrt(2 * np.log(2)))
    offset = np.arange(PSF_SIDE) - PSF_SIDE // 2
    kernel = np.exp(-(offset[:, None] ** 2 + offset[None, :] ** 2) / (2 * sigma**2))
    return kernel / kernel.sum()


def _noise(sigma: float, shape: tuple[int, int], seed: int, origin: str, index: int) -> np.ndarray | None:
    return sigma * generator(seed, "morphology-noise", origin, index).standard_normal(shape) if sigma else None


def gains_of(stamps: Stamps, start: int, stop: int, settings: MeasureSettings) -> np.ndarray:
    """Electrons per image unit of stamps `start` to `stop` (exclusive).

    corrected: the column `gain` of the catalogue, else the header's gain; published: the setting.

    Raises:
        GalforgeError: a gain is not positive and finite.
    """
    if settings.protocol == "published":
        return np.full(stop - start, settings.gain)
    if "gain" in stamps.columns:
        gains = np.asarray(stamps.catalog("gain")[start:stop], dtype=np.float64)
        what = "catalogue column gain"
    else:
        gains = np.full(stop - start, stamps.header.gain, dtype=np.float64)
        what = "header"
    bad = np.flatnonzero(~(np.isfinite(gains) & (gains > 0)))
    if bad.size:
        raise GalforgeError(
            f"{stamps.path}, {what}: stamp {start + bad[0]} has a gain of {gains[bad[0]]:g} electrons per image unit, "
            "which must be positive and finite: correct the data set, or measure with protocol published"
        )
    return gains
