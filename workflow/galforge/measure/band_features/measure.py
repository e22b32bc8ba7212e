"""Features and class probabilities of single bands in an image network, for FID and inception score band by band.

Li et al. 2024 (section 3.6) show each band to the network as a gray image. The scores in their notebook are those of
band g alone.
"""

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
from galforge.measure.features.preparation import stretch_for, stretched
from galforge.measure.features.weights import ready
from galforge.measure.images import check_finite, check_range
from galforge.measure.vectors import CLASSES, FEATURES, with_vectors
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

    Columns: `index`, `split` and `redshift` of the catalogue (empty and NaN where it has none), and per band b the
    vectors `features_<b>`, and `classes_<b>`, the probabilities of the network's classes (float32). Stamps of splits
    that the settings leave out have no row. Images are resized to the network's side by bilinear
    interpolation with pixel centres aligned. `band`, `noise_sigma` and `seed` are not used.

    Args:
        stretch: `preparation.stretch_from` of the source stamps; protocol corrected only.
        weights: file of the network's weights; None for the one that comes with the environment.

    Raises:
        GalforgeError: stamps are not square or lack a band, the range is beyond them, the stretch is missing or of
            other bands, or the weights are missing or of another network.
    """
    chosen = _bands(stamps, settings)
    check_range(stamps, start, stop, *chosen)
    stretch = stretch_for(stamps, list(stamps.header.bands), stretch, settings)
    catalogue = catalogue_of(stamps, start, stop, redshift=True)
    seen = np.flatnonzero(catalogue["split"].isin(["", *settings.splits]))
    counter = Progress(len(seen), "stamps measured")
    with ready(settings, weights) as (engine, network, place):
        names = [stamps.header.bands[channel] for channel in chosen]
        widths = {FEATURES: engine.FEATURES, CLASSES: engine.CLASSES}
        values = {
            f"{kind}_{name}": np.empty((len(seen), width), dtype=np.float32)
            for name in names
            for kind, width in widths.items()
        }
        classifier = network.fc if hasattr(network, "fc") else network._fc
        for low in range(0, len(seen), settings.batch):
            rows = seen[low : low + settings.batch]
            for name, channel in zip(names, chosen, strict=True):
                images = np.stack([_prepared(stamps, start + int(row), channel, stretch) for row in rows])
                features = network(_as_colours(torch.from_numpy(images).to(place), engine.SIDE))
                classes = classifier(features).softmax(dim=1)
                own = slice(low, low + len(rows))
                values[f"{FEATURES}_{name}"][own] = features.float().cpu().numpy()
                values[f"{CLASSES}_{name}"][own] = classes.float().cpu().numpy()
            counter.advance(len(rows))
    log.info("band features of %s: %d stamps, bands %s", settings.network, len(seen), ", ".join(names))
    return with_vectors(catalogue.iloc[seen].reset_index(drop=True), values)


def _bands(stamps: Stamps, settings: MeasureSettings) -> list[int]:
    """Indices of the bands that the network sees.

    Raises:
        GalforgeError: the settings name a band that the stamps lack.
    """
    bands = list(stamps.header.bands)
    if settings.protocol == "published":
        return [0]
    if lacking := sorted(set(settings.bands) - set(bands)):
        raise GalforgeError(
            f"{stamps.path}: no band {', '.join(lacking)}; the stamps have {', '.join(bands)}: choose bands of these"
        )
    return [place for place, name in enumerate(bands) if not settings.bands or name in settings.bands]


def _prepared(stamps: Stamps, index: int, channel: int, stretch: dict[str, Any] | None) -> np.ndarray:
    image = stamps.images[index, channel].astype(np.float64)
    check_finite(stamps, index, image[None])
    if stretch is None:
        return preparation.published(image)
    return stretched(image, *(stretch[name][channel] for name in ("black", "softening", "white")))


def _as_colours(images: torch.Tensor, side: int) -> torch.Tensor:
    """Gray images (n, l, l) as (n, 3, side, side)."""
    large = F.interpolate(images[:, None], (side, side), mode="bilinear", align_corners=False)
    return large.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
