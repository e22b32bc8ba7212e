"""The engine `statmorph`: statmorph itself (Rodriguez-Gomez et al. 2019, MNRAS 483, 4140), every quantity of it."""

import numpy as np
from statmorph.statmorph import SourceMorphology, _quantity_names

FLAGS = ("flag", "flag_sersic")
QUANTITIES = (*_quantity_names, *FLAGS)
SENTINEL = -99.0  # statmorph's value of what it could not measure


def quantities(image: np.ndarray, segmap: np.ndarray, gain: float, psf: np.ndarray | None) -> dict[str, float]:
    """QUANTITIES of the galaxy under `segmap` (bool, H, W) of `image` (float64, H, W).

    `gain` in electrons per image unit; `psf` (h, w) is what the Sersic fit convolves its model with. Lengths in px,
    angles in radians, fluxes in image units; NaN where statmorph has its sentinel or nothing finite.

    Raises:
        Exception: whatever statmorph raises, assertions among it.
    """
    found = SourceMorphology(image, segmap.astype(np.int32), 1, gain=gain, psf=psf)
    values = {name: float(found[name]) for name in QUANTITIES}
    return {
        name: value if name in FLAGS or (np.isfinite(value) and value != SENTINEL) else np.nan
        for name, value in values.items()
    }
