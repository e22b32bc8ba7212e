"""Azimuthally averaged amplitude spectra of stamps."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

IN_DIGEST = False  # Jobs do not call `of`.


def of(
    images: Any,
    *,
    band: int | str = 0,
    bands: tuple[str, ...] = (),
    processes: int | None = None,
    **settings: Any,
) -> "pd.DataFrame":
    """Power spectra of images, one row per stamp.

    Columns are those of ``galforge.measure.power_spectrum.measure.measure``: log10 amplitudes [dex of image units] of
    15 modes and of every ring (Holzschuh et al. 2022, MNRAS 515, 652).

    Args:
        images: (H, W), (N, H, W) or (N, C, H, W), or a stamps file; square, of 32 px or more.
        band: index or name of the channel that is measured.
        bands: names of the channels.
        processes: None: one per core.
        settings: `protocol`, ``corrected`` by default.

    Raises:
        GalforgeError: images are not what they must be, or have pixels that are not finite.
    """
    from galforge.measure import alone
    from galforge.measure.arrays import About

    about = About(bands=tuple(bands))
    return alone.table("power_spectrum", images, settings, about, band=band, processes=processes)
