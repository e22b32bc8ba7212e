"""Which rows of the release are used, and the check that its channels are the right bands."""

from itertools import permutations

import numpy as np

from galforge.datasets.galaxiesml.release import ReleaseFile
from galforge.datasets.galaxiesml.settings import BANDS, DatasetSettings
from galforge.errors import GalforgeError
from galforge.logs import log
from galforge.raw.rejections import Rejected

MAGNITUDES = (0.0, 50.0)
GREATEST_REDSHIFT_ERROR = 1.0
ORDER_MAGNITUDE = 23.0  # galaxies that are brighter than this in every band tell the channels apart
ORDER_ROWS, ORDER_FEWEST, ORDER_PIECES = 256, 20, 8
APERTURE_PX = 8
CLEARLY = 0.5  # another order must fit twice as well before a file is refused


def cut_rows(file: ReleaseFile, settings: DatasetSettings) -> dict[int, Rejected]:
    """The rows of a file that the authors' rules cut (photoz repository, data_cuts.py), and why.

    Rows are kept that have, with the default settings, 0.01 < z < 4, 0 < error < 1, error < 0.005 (1 + z) and
    0 < magnitude < 50 in each of the five bands (also those that the stamps leave out). None of these may be missing;
    morphological columns may. The authors' two other rules, a homogeneous flag and a magnitude of the spectroscopic
    survey, were applied before the release was made.
    """
    found: dict[int, Rejected] = {}
    redshift, error = (file.column(f"specz_redshift{end}").astype(float) for end in ("", "_err"))
    low, high = settings.redshift
    # Comparisons with NaN are false, so missing values are outside.
    checks = [
        ("specz_redshift", redshift, (redshift > low) & (redshift < high), f"not in {low:g} to {high:g}"),
        (
            "specz_redshift_err",
            error,
            (error > 0) & (error < GREATEST_REDSHIFT_ERROR) & (error < settings.max_redshift_error * (1 + redshift)),
            f"not in 0 to {settings.max_redshift_error:g} (1 + z)",
        ),
    ]
    for band in BANDS:
        magnitude = file.column(f"{band}_cmodel_mag").astype(float)
        inside = (magnitude > MAGNITUDES[0]) & (magnitude < MAGNITUDES[1])
        checks.append((f"{band}_cmodel_mag", magnitude, inside, "not in 0 to 50"))
    for name, values, inside, why in checks:
        for row in np.flatnonzero(~inside):
            said = "is missing" if np.isnan(values[row]) else f"{values[row]:.6g} is {why}"
            found.setdefault(int(row), Rejected(f"cut in {name}", f"{said}, {file.place(int(row))}", selection=True))
    return found


def check_band_order(file: ReleaseFile, kept: np.ndarray) -> None:
    """Compare the light in each channel with the catalogue's magnitudes; nothing else would notice swapped bands.

    Colours in a small aperture are compared with those of the catalogue, for all orders of the five channels. Bands
    with almost equal magnitudes, such as z and y, cannot always be told apart.

    Args:
        file: the file; images in a few places of it are read.
        kept: which rows no cut refuses (bool, of the file's length).

    Raises:
        GalforgeError: another order than g, r, i, z, y fits clearly better.
    """
    magnitudes, light = [], []
    pieces = np.unique(np.linspace(0, max(len(file) - ORDER_ROWS // ORDER_PIECES, 0), ORDER_PIECES).astype(int))
    for start in pieces:
        stop = min(start + ORDER_ROWS // ORDER_PIECES, len(file))
        catalogue = np.stack([file.column(f"{band}_cmodel_mag", start, stop) for band in BANDS], axis=1)
        bright = kept[start:stop] & (catalogue < ORDER_MAGNITUDE).all(axis=1)
        magnitudes.append(catalogue[bright])
        light.append(_aperture(file.images(start, stop)[bright]))
    catalogue, measured = np.concatenate(magnitudes), np.concatenate(light)
    usable = (measured > 0).all(axis=1)
    if usable.sum() < ORDER_FEWEST:
        log.info("%s: too few bright galaxies to see whether its bands are in the right order", file.name)
        return
    colours = -2.5 * np.log10(measured[usable])
    colours -= colours.mean(axis=1, keepdims=True)
    wanted = catalogue[usable] - catalogue[usable].mean(axis=1, keepdims=True)
    misfit = {
        order: float(np.median(np.abs(colours[:, order] - wanted).sum(axis=1)))
        for order in permutations(range(len(BANDS)))
    }
    right = tuple(range(len(BANDS)))
    best = min(misfit, key=misfit.__getitem__)
    if misfit[best] < CLEARLY * misfit[right]:
        # Channel best[k] holds what the catalogue calls band k.
        held = [BANDS[best.index(channel)] for channel in right]
        raise GalforgeError(
            f"{file.name}: by the light in them, the channels of 'image' are {', '.join(held)}, and not "
            f"{', '.join(BANDS)} (colours differ from those of the catalogue by {misfit[right]:.2g} mag, but by "
            f"{misfit[best]:.2g} mag in that order); put them into the order of the release"
        )


def _aperture(images: np.ndarray) -> np.ndarray:
    """Light (n, bands) within APERTURE_PX of the centre of images (n, bands, side, side)."""
    offset = np.arange(images.shape[-1]) - (images.shape[-1] - 1) / 2
    inside = offset[:, None] ** 2 + offset**2 <= APERTURE_PX**2
    return images[:, :, inside].sum(axis=2, dtype=float)
