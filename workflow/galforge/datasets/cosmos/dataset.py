"""Builds the cosmos stamps: HST/ACS F814W cutouts, selected as by Holzschuh et al. (2022, MNRAS 515, 652).

Their only cut is on the size of the cutout (both sides at least 256 px). The centre is kept, neither rescaled nor
stretched. It is a case of the family cutouts.
"""

from pathlib import Path

from galforge.datasets.cosmos.settings import DatasetSettings
from galforge.datasets.cutouts import dataset as cutouts
from galforge.datasets.cutouts.settings import DatasetSettings as CutoutsSettings

RELEASE = "*_processed.fits.gz"
"""Stamps of the survey's release, which has other files beside them."""


def build(settings: DatasetSettings, raw: list[Path], out: Path, rejected: Path) -> None:
    """Write the stamps file ``out`` and the list ``rejected`` (name, reason) of cutouts that did not become stamps.

    Catalogue columns: those of ``cutouts.dataset.build``; the gain is the exposure time; from a RealGalaxy catalogue
    also those of ``galforge.raw.real_galaxy.COLUMNS``.

    Raises:
        GalforgeError: no raw input, none of it usable, or more than ``max_rejected_share`` of it faulty.
    """
    cutouts.build(as_cutouts(settings), raw, out, rejected, RELEASE)


def as_cutouts(settings: DatasetSettings) -> CutoutsSettings:
    """The same data set as one of the family cutouts."""
    common = ("pattern", "extension", "size", "min_size", "pad", "bands", "pixel_scale", "seed", "trust")
    made = CutoutsSettings(
        path="raw",
        unit="electron/s",
        zero_points=[settings.zero_point],
        exposure_times_s=[settings.exposure_time_s],
        columns=["all"],
        max_rejected_share=settings.max_rejected_share,
        splits=settings.splits,
        **{name: getattr(settings, name) for name in common},
    )
    return made.model_copy(update={"origin": "mock" if settings.source == "mock" else settings.origin})
