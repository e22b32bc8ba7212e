"""The engine `statmorph`: all quantities of statmorph (Rodriguez-Gomez et al. 2019, MNRAS 483, 4140) itself."""

import numpy as np
from statmorph.statmorph import SourceMorphology, _quantity_names

from galforge.measure.morphology.compared import FLAGS

QUANTITIES = (*_quantity_names, *FLAGS)
SENTINEL = -99.0  # statmorph's value of quantities that it could not measure


def quantities(image: np.ndarray, segmap: np.ndarray, gain: float, psf: np.ndarray | None) -> dict[str, float]:
    """QUANTITIES of the galaxy under `segmap` (bool, H, W) of `image` (float64, H, W).

    Lengths are in px, angles in radians, fluxes in image units; NaN where statmorph has its sentinel or a value that is
    not finite.

    Args:
        gain: electrons per image unit.
        psf: (h, w) that the Sersic fit convolves its model with; None for none.

    Raises:
        Exception: any that statmorph raises, including assertions.
    """
    found = SourceMorphology(image, segmap.astype(np.int32), 1, gain=gain, psf=psf)
    values = {name: float(found[name]) for name in QUANTITIES}
    return {
        name: value if name in FLAGS or (np.isfinite(value) and value != SENTINEL) else np.nan
        for name, value in values.items()
    }
