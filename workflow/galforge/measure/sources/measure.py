"""SExtractor's quantities of the galaxy in the middle of each stamp, its Sersic index, and the sky of every band."""

import numpy as np
import pandas as pd

from galforge.errors import GalforgeError
from galforge.logs import log, progress
from galforge.measure.catalogue import catalogue_of
from galforge.measure.images import check_finite, check_range, middle, unpadded
from galforge.measure.photometry.measure import medians, sky_border
from galforge.measure.sources import profile
from galforge.measure.sources.extraction import GAVE_UP, NO_NOISE, Source, extract
from galforge.measure.sources.settings import MeasureSettings
from galforge.stamps.file import Stamps
from galforge.stamps.galaxies import galaxy

SOURCE = Source._fields[: Source._fields.index("half_light_radius") + 1]
COLUMNS = (*SOURCE, "sersic_index", "sersic_index_error", "sersic_flag")


def measure(
    stamps: Stamps, start: int, stop: int, settings: MeasureSettings, band: int, noise_sigma: float, seed: int
) -> pd.DataFrame:
    """Sources of band `band` of stamps `start` to `stop` (exclusive).

    Columns besides `index`, and `split` and `redshift` of the catalogue (empty and NaN where it has none):

    `detected`, `flag` (of sep; 2^20: the sky has no noise, 2^21: extraction gave up), `isophotal_area` [px],
    `ellipticity` (1 - b/a), `semi_major_axis`, `semi_minor_axis` [px], `errcxy` [px^-2] and `half_light_radius` [px] of
    the source nearest to the middle, NaN where there is none: see ``galforge.measure.sources.extraction``.

    `sersic_index`, `sersic_index_error` and `sersic_flag` (0: converged): see ``galforge.measure.sources.profile``.

    Of the border of the stamp, or of what was observed of a padded one, per band b: `background_<b>`, its median
    [image units]; `sky_rms_<b>` [image units] and `sky_correlation_<b>`, the correlation of neighbouring pixels, as in
    ``galforge.measure.photometry``.

    `noise_sigma` and `seed` are not used.

    Raises:
        GalforgeError: stamps are not square or lack the band, pixels are not finite, or `psf_fwhm` has too few values.
    """
    check_range(stamps, start, stop, band)
    names = stamps.header.bands
    width = _psf_width(stamps, settings, band)
    rows, skies = [], []
    observed = unpadded(stamps, start, stop)
    for index in progress(range(start, stop), stop - start, "stamps measured"):
        image = galaxy(stamps, index)
        check_finite(stamps, index, image[None])
        extracted = extract(image[band], settings)
        found = profile.NOTHING
        if settings.sersic:
            psf = profile.moffat(width, settings.psf_beta, image.shape[-1])
            found = profile.fit(image[band], extracted, psf, settings.free_sky)
        rows.append([*extracted.source[: len(SOURCE)], *found])
        inside = image if observed is None else middle(image, int(observed[index - start]))
        border = sky_border(inside.shape[-1], settings.border, settings.clip)
        skies.append([medians(inside[:, border.frame])[:, 0], *border.measure(inside)])
    types = {"detected": bool, "flag": np.int64, "sersic_flag": np.int64}
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype(types)
    sky = pd.DataFrame(
        np.array(skies).reshape(stop - start, 3 * len(names)),
        columns=[f"{what}_{name}" for what in ("background", "sky_rms", "sky_correlation") for name in names],
    )
    flags = table["flag"].to_numpy()
    log.info(
        "sources: %d stamps, %d with a galaxy in the middle, %d without sky noise, %d given up, %d with a Sersic index",
        len(table), table["detected"].sum(), ((flags & NO_NOISE) > 0).sum(), ((flags & GAVE_UP) > 0).sum(),
        table["sersic_index"].notna().sum(),
    )  # fmt: skip
    return pd.concat([catalogue_of(stamps, start, stop, redshift=True), table, sky], axis=1)


def _psf_width(stamps: Stamps, settings: MeasureSettings, band: int) -> float:
    """FWHM of the PSF in the measured band [px]."""
    header, given = stamps.header, settings.psf_fwhm
    if settings.sersic and header.pixel_unit != "arcsec":
        raise GalforgeError(
            f"{stamps.path}: the pixel scale is in {header.pixel_unit}, so a PSF in arcsec has no size in pixels: set "
            "sersic: false for this data set (measuring: overrides)"
        )
    if len(given) not in (1, len(header.bands)):
        raise GalforgeError(
            f"{stamps.path}: {len(header.bands)} bands ({', '.join(header.bands)}), but psf_fwhm has {len(given)} "
            "values: give one for each band, or one for all"
        )
    return given[band if len(given) > 1 else 0] / header.pixel_scale
