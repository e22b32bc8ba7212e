"""Features of stamps in an image network, from which FID, KID, precision, recall and memorisation are computed.

They are measured once per stamps file. The table's attribute `engine` names the network. Features of different networks
cannot be compared, and only those of inception-v3 give an FID that is comparable with published ones.
"""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from galforge.logs import log
from galforge.measure.catalogue import catalogue_of
from galforge.measure.features import preparation
from galforge.measure.features.settings import MeasureSettings
from galforge.measure.features.weights import ready
from galforge.measure.images import batches, check_range
from galforge.measure.vectors import FEATURES, with_vectors
from galforge.stamps.file import Stamps


def measure(
    stamps: Stamps,
    start: int,
    stop: int,
    settings: MeasureSettings,
    band: int,
    noise_sigma: float,
    seed: int,
    stretch: dict[str, Any] | None = None,
    weights: str | Path | None = None,
) -> pd.DataFrame:
    """Features of stamps `start` to `stop` (exclusive).

    Columns: `index`, `split` (of the catalogue; empty where there is none), and `features`, a vector of float32 without
    unit: 1280 of efficientnet-lite0 or 2048 of inception-v3. On the CPU, runs with the same number of threads give
    the same bits; other images in the batch change only the last digits. `noise_sigma` and `seed` are not used.

    Args:
        band: the band of the image where stamps have one or two bands (see `preparation.channels_of`).
        stretch: `preparation.stretch_of` of the source stamps, also for generated stamps; protocol corrected only.
        weights: file of the network's weights; None for the one that comes with the environment.

    Raises:
        GalforgeError: stamps are not square or lack a band, the range is beyond them, the stretch is missing or of
            other bands, or the weights are missing or of another network.
    """
    channels = preparation.channels_of(stamps.header, band, settings.protocol)
    check_range(stamps, start, stop, *channels)
    bands = [stamps.header.bands[channel] for channel in channels]
    stretch = preparation.stretch_for(stamps, bands, stretch, settings)
    prepared = partial(preparation.corrected, stretch=stretch) if stretch else preparation.published
    with ready(settings, weights) as (engine, network, place):
        features = np.empty((stop - start, engine.FEATURES), dtype=np.float32)
        for low, high in batches(start, stop, settings.batch):
            images = np.stack([prepared(preparation.bands_of(stamps, index, channels)) for index in range(low, high)])
            batch = torch.from_numpy(images).to(place, torch.float32, memory_format=torch.channels_last)
            features[low - start : high - start] = network(batch).float().cpu().numpy()
    log.info("features of %s: %d stamps, bands %s", settings.network, stop - start, ", ".join(bands))
    return with_vectors(catalogue_of(stamps, start, stop, redshift=False), {FEATURES: features})
