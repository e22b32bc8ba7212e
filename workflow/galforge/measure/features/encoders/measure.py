"""Features of stamps in Zoobot or DINOv2, for the same scores as those of other networks.

The table's attribute `engine` names the network. Features of different networks cannot be compared.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from galforge.errors import GalforgeError
from galforge.logs import log
from galforge.measure.catalogue import catalogue_of
from galforge.measure.features import preparation
from galforge.measure.features.encoders.settings import MeasureSettings
from galforge.measure.features.encoders.weights import ready
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
    unit: 640 of zoobot, 384 of dinov2-small, 1024 of dinov2-large. Images are those of the corrected protocol,
    (3, 256, 256) in [0, 255]; each network resizes and normalises them as in its training. On the CPU, runs with the
    same number of threads give the same bits; other images in the batch change only the last digits. `noise_sigma` and
    `seed` are not used.

    Args:
        band: the band of the image where stamps have one or two bands (see `preparation.channels_of`).
        stretch: `preparation.stretch_of` of the source stamps, also for generated stamps.
        weights: file of the network's weights.

    Raises:
        GalforgeError: stamps are not square or lack a band, the range is beyond them, the stretch is missing or of
            other bands, or the weights are missing or of another network.
    """
    if weights is None:
        raise GalforgeError(f"{settings.network}: no weights file was given: set weights to download or path")
    channels = preparation.channels_of(stamps.header, band, settings.protocol)
    check_range(stamps, start, stop, *channels)
    bands = [stamps.header.bands[channel] for channel in channels]
    stretch = preparation.stretch_for(stamps, bands, stretch, settings)
    with ready(settings, Path(weights)) as (network, place):
        features = np.empty((stop - start, network.features), dtype=np.float32)
        for low, high in batches(start, stop, settings.batch):
            galaxies = (preparation.bands_of(stamps, index, channels) for index in range(low, high))
            images = np.stack([preparation.corrected(galaxy, stretch) for galaxy in galaxies])
            features[low - start : high - start] = network(torch.from_numpy(images).to(place)).float().cpu().numpy()
    log.info("features of %s: %d stamps, bands %s", settings.network, stop - start, ", ".join(bands))
    return with_vectors(catalogue_of(stamps, start, stop, redshift=False), {FEATURES: features})
