"""Features of stamps in an image network: what FID, KID, precision, recall, coverage and memorisation are taken from.

Measured once per stamps file. Which network it was is in the table's `engine`: features of different networks have
nothing in common, and only those of inception-v3 make an FID that stands beside a published one.
"""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from galforge.errors import GalforgeError
from galforge.logs import Progress, log
from galforge.measure.catalogue import catalogue_of
from galforge.measure.features import preparation
from galforge.measure.features.settings import MeasureSettings
from galforge.measure.features.weights import load
from galforge.measure.images import check_band, check_range
from galforge.models import device as devices
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

    Columns: `index`, `split` (of the catalogue; empty where it has none), and `f0000` onwards (float32, no unit): 1280
    features of efficientnet-lite0, 2048 of inception-v3. On the CPU they are the same bits in every run with the same
    number of threads; in what company an image passes the network changes the last digits only. `noise_sigma` and
    `seed`, which every measurement is given, are for those that add noise.

    Args:
        band: that of the image where stamps have one or two bands (see `preparation.channels_of`).
        stretch: what `preparation.stretch_of` gives for the source stamps, whosever stamps these are; protocol
            corrected only.
        weights: file of the network's weights; None for the one that comes with the environment.

    Raises:
        GalforgeError: stamps that are not square or lack a band, a range beyond them, a stretch that is missing or of
            other bands, or weights that are missing or another network's.
    """
    channels = preparation.channels_of(stamps.header, band, settings.protocol)
    for channel in channels:
        check_band(stamps, channel)
    check_range(stamps, start, stop)
    if settings.protocol == "corrected":
        stretch = _checked(stretch, stamps, channels, settings)
    engine = importlib.import_module(settings.engine_module)
    place = devices.pick(settings.device)
    if weights is None and not hasattr(engine, "packaged_weights"):
        raise GalforgeError(f"{settings.network}: no weights file was given: set weights to download or path")
    file = Path(weights) if weights is not None else engine.packaged_weights()
    features = np.empty((stop - start, engine.FEATURES), dtype=np.float32)
    counter = Progress(stop - start, "stamps measured")
    with exact(place, settings.threads), torch.inference_mode():
        network = load(engine, settings, file, place)
        for low in range(start, stop, settings.batch):
            high = min(low + settings.batch, stop)
            images = np.stack([_prepared(stamps, index, channels, settings, stretch) for index in range(low, high)])
            batch = torch.from_numpy(images).to(place, torch.float32, memory_format=torch.channels_last)
            features[low - start : high - start] = network(batch).float().cpu().numpy()
            counter.advance(high - low)
    log.info("features of %s: %d stamps, bands %s", settings.network, stop - start, _names(stamps, channels))
    table = pd.DataFrame(features, columns=[f"f{number:04d}" for number in range(engine.FEATURES)])
    return pd.concat([catalogue_of(stamps, start, stop, redshift=False), table], axis=1)


@contextmanager
def exact(place: torch.device, threads: int) -> Iterator[None]:
    """Reproducible, and in full single precision: a GPU would round what it multiplies to 10 bits."""
    with devices.reproducible(place, threads), torch.backends.cudnn.flags(deterministic=True, allow_tf32=False):
        yield


def _prepared(
    stamps: Stamps, index: int, channels: tuple[int, ...], settings: MeasureSettings, stretch: dict[str, Any] | None
) -> np.ndarray:
    image = preparation.bands_of(stamps, index, channels)
    return preparation.published(image) if settings.protocol == "published" else preparation.corrected(image, stretch)


def _checked(
    stretch: dict[str, Any] | None, stamps: Stamps, channels: tuple[int, ...], settings: MeasureSettings
) -> dict[str, Any]:
    """The stretch, with what the settings say of it."""
    names = _names(stamps, channels)
    if stretch is None:
        raise GalforgeError(f"{stamps.path}: the corrected protocol needs the stretch of the source stamps: give it")
    if list(stretch["bands"]) != names:
        raise GalforgeError(
            f"{stamps.path}: images of bands {', '.join(names)}, but the stretch is of {', '.join(stretch['bands'])}: "
            "take it from the source stamps of the same data set"
        )
    return preparation.with_settings(stretch, settings)


def _names(stamps: Stamps, channels: tuple[int, ...]) -> list[str]:
    return [stamps.header.bands[channel] for channel in channels]
