"""Whole images, reduced to what a network sees, read one by one."""

from pathlib import Path

import numpy as np
import pandas as pd
from skimage.transform import resize_local_mean

from galforge.logs import Progress
from galforge.stamps.file import Stamps
from galforge.studies.realism.features import scored


def reduced(path: Path, side: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows (index, set, score) of the images with a score, and the images (n, side, side) uint8.

    Each pixel is the mean over its area. Few galaxies would be left of means rounded to whole levels, so that images
    are brightened to their root: 255 sqrt(mean / 255).

    Raises:
        GalforgeError: no image has a score.
    """
    with Stamps(path) as stamps:
        table = {name: stamps.catalog(name) for name in ("set", "score")}
        rows = scored(pd.DataFrame({"index": np.arange(len(stamps)), **table}))
        out = np.empty((len(rows), side, side), dtype=np.uint8)
        counter = Progress(len(rows), "images reduced")
        for row, index in enumerate(rows["index"]):
            mean = resize_local_mean(stamps.images[int(index), 0].astype(np.float64), (side, side))
            out[row] = np.rint(np.sqrt(255.0 * mean))
            counter.advance()
    return rows.reset_index(drop=True), out
