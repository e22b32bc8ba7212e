"""Features and class probabilities of single bands in an image network, for FID and inception score band by band.

Li et al. 2024 (their section 3.6) show each band to the network as a gray image. The scores of their notebook are of
the band g alone.
"""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F

from galforge.errors import GalforgeError
from galforge.logs import Progress, log
from galforge.measure.band_features import preparation
from galforge.measure.band_features.settings import MeasureSettings
from galforge.measure.catalogue import catalogue_of
from galforge.measure.features.measure import exact
from galforge.measure.features.preparation import with_settings
from galforge.measure.features.weights import load
from galforge.measure.images import check_band
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
    """Features of the bands of stamps `start` to `stop` (exclusive).

    Columns: `index`, `split` and `redshift` of the catalogue (empty and NaN where it has none), and per band b
    `f_<b>_0000` onwards, the features, and `p_<b>_0000` onwards, the probabilities of the network's classes (float32).
    Stamps of a split that the settings leave out have none (NaN). Images are resized to the network's side by bilinear
    interpolation about pixel centres. `band`, `noise_sigma` and `seed` are for measures that need them.

    Args:
        stretch: what `preparation.stretch_from` gives for the source stamps; protocol corrected only.
        weights: file of the network's weights; None for the one that comes with the environment.

    Raises:
        GalforgeError: stamps that are not square or lack a band, a stretch that is missing, or weights that are missing
            or another network's.
    """
    chosen = _bands(stamps, settings)
    for channel in chosen:
        check_band(stamps, channel)
    if settings.protocol == "corrected":
        if stretch is None or list(stretch["bands"]) != list(stamps.header.bands):
            raise GalforgeError(f"{stamps.path}: needs the stretch of source stamps of the same bands: give it")
        stretch = with_settings(stretch, settings)
    engine = importlib.import_module(settings.engine_module)
    place = devices.pick(settings.device)
    if weights is None and not hasattr(engine, "packaged_weights"):
        raise GalforgeError(f"{settings.network}: no weights file was given: set weights to download or path")
    catalogue = catalogue_of(stamps, start, stop, redshift=True)
    seen = np.flatnonzero(catalogue["split"].isin(["", *settings.splits]))
    values = np.full((stop - start, len(chosen), engine.FEATURES + engine.CLASSES), np.nan, dtype=np.float32)
    counter = Progress(len(seen), "stamps measured")
    with exact(place, settings.threads), torch.inference_mode():
        network = load(engine, settings, Path(weights) if weights else engine.packaged_weights(), place)
        classifier = network.fc if hasattr(network, "fc") else network._fc
        for low in range(0, len(seen), settings.batch):
            rows = seen[low : low + settings.batch]
            for place_of, channel in enumerate(chosen):
                images = np.stack([_prepared(stamps, start + int(row), channel, settings, stretch) for row in rows])
                features = network(_as_colours(torch.from_numpy(images).to(place), engine.SIDE))
                classes = classifier(features).softmax(dim=1)
                values[rows, place_of] = torch.cat([features, classes], dim=1).float().cpu().numpy()
            counter.advance(len(rows))
    names = [stamps.header.bands[channel] for channel in chosen]
    log.info("band features of %s: %d stamps, bands %s", settings.network, len(seen), ", ".join(names))
    kinds = [f"f_{{}}_{i:04d}" for i in range(engine.FEATURES)] + [f"p_{{}}_{i:04d}" for i in range(engine.CLASSES)]
    table = pd.DataFrame(
        values.reshape(len(values), -1), columns=[kind.format(name) for name in names for kind in kinds]
    )
    return pd.concat([catalogue, table], axis=1)


def _bands(stamps: Stamps, settings: MeasureSettings) -> list[int]:
    """Channels that are seen.

    Raises:
        GalforgeError: a band is asked for that the stamps lack.
    """
    bands = list(stamps.header.bands)
    if settings.protocol == "published":
        return [0]
    if lacking := sorted(set(settings.bands) - set(bands)):
        raise GalforgeError(f"{stamps.path}: no band {', '.join(lacking)}; the stamps have {', '.join(bands)}")
    return [place for place, name in enumerate(bands) if not settings.bands or name in settings.bands]


def _prepared(
    stamps: Stamps, index: int, channel: int, settings: MeasureSettings, stretch: dict[str, Any] | None
) -> np.ndarray:
    image = stamps.images[index, channel].astype(np.float64)
    if not np.isfinite(image).all():
        raise GalforgeError(f"{stamps.path}: stamp {index} has pixels that are not finite; make the stamps again")
    if settings.protocol == "published":
        return preparation.published(image)
    return preparation.corrected(image, *(stretch[name][channel] for name in ("black", "softening", "white")))


def _as_colours(images: torch.Tensor, side: int) -> torch.Tensor:
    """Gray images (n, l, l) as (n, 3, side, side)."""
    large = F.interpolate(images[:, None], (side, side), mode="bilinear", align_corners=False)
    return large.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
