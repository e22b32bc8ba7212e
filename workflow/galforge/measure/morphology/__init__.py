"""Morphology of galaxies by statmorph's definitions: `of`, for arrays and stamps files, and what jobs measure with.

`measure` segments a stamp (`segmentation`) and calls an engine: `by_statmorph`, or the compiled `by_numba`. The other
modules are parts of the latter: what it measures with (`apertures`, `asymmetry`, `radii`, `regions`, `shape`, `sky`,
`stamp`), the Sersic fit (`profile`, `sersic`, `sersic_pixels`, `levenberg_marquardt`), and numerical tools (`filters`,
`roots`, `elementary`). `noise` calibrates the noise that noiseless data sets need; `compared` has the properties that
are compared; `given` takes segmentation maps, masks, PSFs and noise maps of users.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

IN_DIGEST = False  # Jobs do not call `of`.


def of(
    images: Any,
    *,
    gain: Any = None,
    segmentation: Any = None,
    labels: Any = None,
    mask: Any = None,
    psf: Any = None,
    weightmap: Any = None,
    noise: float = 0.0,
    seed: int = 0,
    whose: str = "",
    band: int | str = 0,
    bands: tuple[str, ...] = (),
    processes: int | None = None,
    **settings: Any,
) -> "pd.DataFrame":
    """Morphology of images: one row per stamp; with a segmentation, one per label of each stamp.

    Definitions and flags are those of statmorph 0.7.2 (Rodriguez-Gomez et al. 2019, MNRAS 483, 4140). Columns are those
    of ``galforge.measure.morphology.measure.measure``: lengths in px, angles in radians, fluxes in image units, missing
    values NaN; with a segmentation also `label` (0: the stamp has none). `sersic_*` are statmorph's fit.

    Args:
        images: (H, W), (N, H, W) or (N, C, H, W), background subtracted; a list of images of several sizes; or a stamps
            file. Pixels that are not finite are masked, as in statmorph.
        gain: electrons per image unit: a number, or (N,). Stamps files have their own; a weightmap replaces it.
        segmentation: labels (H, W) or (N, H, W), 0 for the background; other labels are masked. Without it the largest
            source is segmented as in the workflow.
        labels: (N,) labels to measure; None: all.
        mask: (H, W) or (N, H, W) of bool, True where pixels are left out.
        psf: (h, w) or (N, h, w), for the Sersic fit.
        weightmap: (H, W) or (N, H, W), sd of each pixel [image units].
        noise: sd of Gaussian noise that is added first [image units].
        seed, whose: of that noise, see ``galforge.measure.alone.noise_seed``.
        band: index or name of the channel that is measured.
        bands: names of the channels.
        processes: None: one per core.
        settings: `protocol`, `engine` and others of ``MeasureSettings``, with the workflow's defaults.

    Raises:
        GalforgeError: something is missing, or is not what it must be.
    """
    from galforge.measure.morphology import alone

    given = {"segmentation": segmentation, "labels": labels, "mask": mask, "psf": psf, "weightmap": weightmap}
    return alone.table(
        images,
        gain,
        bands,
        given,
        settings,
        {"band": band, "noise": noise, "seed": seed, "whose": whose, "processes": processes},
    )
