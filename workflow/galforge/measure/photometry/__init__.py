"""Fluxes, surface brightness and sky of stamps, straight from the pixels."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

IN_DIGEST = False  # Jobs do not call `of`.


def of(
    images: Any,
    *,
    zero_points: tuple[float, ...] | float = (),
    pixel_scale: float | None = None,
    band: int | str = 0,
    bands: tuple[str, ...] = (),
    processes: int | None = None,
    **settings: Any,
) -> "pd.DataFrame":
    """Flux, surface brightness and sky of images, and magnitudes of several bands, one row per stamp.

    Columns are those of ``galforge.measure.photometry.measure.measure``, where units are told: without zero points,
    surface brightness is log10 of image units per px, and magnitudes are -2.5 log10 of image units.

    Args:
        images: (H, W), (N, H, W) or (N, C, H, W), background subtracted and square; a list of images of several sizes;
            or a stamps file, which has zero points and pixel scale of its own.
        zero_points: AB magnitude of one image unit in each band, or of the one band.
        pixel_scale: side of a pixel [arcsec].
        band: index or name of the channel that is measured.
        bands: names of the channels.
        processes: None: one per core.
        settings: `aperture`, `border` and `clip`, with the workflow's defaults.

    Raises:
        GalforgeError: images are not what they must be, or have pixels that are not finite.
    """
    from galforge.measure import alone
    from galforge.measure.arrays import About

    about = About(bands=tuple(bands), pixel_scale=pixel_scale, zero_points=zero_points)
    return alone.table("photometry", images, settings, about, band=band, processes=processes)
