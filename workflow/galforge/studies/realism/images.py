"""Whole images, reduced to the input of a network, read one by one."""

from pathlib import Path

import numpy as np
import pandas as pd
from skimage.transform import resize_local_mean

from galforge.logs import progress
from galforge.stamps.file import Stamps
from galforge.studies.realism.features import scored


def reduced(path: Path, side: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows (index, set, score) of the images with a score, and the images (n, side, side) uint8.

    Each pixel is the mean over its area. Means rounded to whole levels would leave few galaxies, so images are
    brightened to their square root: 255 sqrt(mean / 255).

    Raises:
        GalforgeError: no image has a score.
    """
    with Stamps(path) as stamps:
        table = {name: stamps.catalog(name) for name in ("set", "score")}
        rows = scored(pd.DataFrame({"index": np.arange(len(stamps)), **table}))
        out = np.empty((len(rows), side, side), dtype=np.uint8)
        for row, index in enumerate(progress(rows["index"], len(rows), "images reduced")):
            mean = resize_local_mean(stamps.images[int(index), 0].astype(np.float64), (side, side))
            out[row] = np.rint(np.sqrt(255.0 * mean))
    return rows.reset_index(drop=True), out
