"""SExtractor's quantities of the central galaxy (`extraction`), its Sersic index (`profile`), and each band's sky."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

IN_DIGEST = False  # Jobs do not call `of`.


def of(
    images: Any,
    *,
    pixel_scale: float | None = None,
    band: int | str = 0,
    bands: tuple[str, ...] = (),
    processes: int | None = None,
    **settings: Any,
) -> "pd.DataFrame":
    """SExtractor's quantities of the galaxy in the middle of images, its Sersic index, and the sky: one row per stamp.

    Columns are those of ``galforge.measure.sources.measure.measure``: lengths in px, areas in px^2, fluxes in image
    units.

    Args:
        images: (H, W), (N, H, W) or (N, C, H, W), background subtracted and square; a list of images of several sizes;
            or a stamps file, which has a pixel scale of its own.
        pixel_scale: side of a pixel [arcsec]; not needed with `sersic=False`.
        band: index or name of the channel that is measured.
        bands: names of the channels.
        processes: None: one per core.
        settings: `psf_fwhm` [arcsec], a list with one value for all bands or one each, must be given, unless
            `sersic=False`; others have the workflow's defaults.

    Raises:
        GalforgeError: images are not what they must be, have pixels that are not finite, or the PSF or the pixel scale
            is missing.
    """
    from galforge.errors import GalforgeError
    from galforge.measure import alone
    from galforge.measure.arrays import About, opened

    stamps = opened(images, About(bands=tuple(bands), pixel_scale=pixel_scale))
    if settings.get("sersic", True):
        if "psf_fwhm" not in settings:
            raise GalforgeError(
                "the Sersic index needs the PSF: give psf_fwhm=[...] in arcsec, or leave the index out: sersic=False"
            )
        if not stamps.header.pixel_scale > 0:
            raise GalforgeError(
                "the Sersic index needs the pixel scale: give pixel_scale in arcsec, or leave it out: sersic=False"
            )
    return alone.table("sources", stamps, settings, About(), band=band, processes=processes)
