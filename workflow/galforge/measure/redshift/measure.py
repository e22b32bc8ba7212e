"""Redshifts of stamps by a network trained on real ones: do generated galaxies have the redshift asked for?"""

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from galforge.errors import GalforgeError
from galforge.logs import log
from galforge.measure.catalogue import catalogue_of
from galforge.measure.images import batches, check_finite, check_range
from galforge.measure.networks import measuring
from galforge.measure.redshift.settings import MeasureSettings
from galforge.models import device as devices
from galforge.models import weights as weights_files
from galforge.stamps.file import Stamps


def measure(
    stamps: Stamps,
    start: int,
    stop: int,
    settings: MeasureSettings,
    band: int,
    noise_sigma: float,
    seed: int,
    weights: str | Path,
) -> pd.DataFrame:
    """Redshifts of stamps `start` to `stop` (exclusive).

    Columns: `index`; `split` of the catalogue (empty where it has none); `redshift` of the catalogue, which is
    spectroscopic or was asked of a model (NaN where there is none); and `redshift_cnn`, found by the network in full
    single precision, on a GPU too. `band`, `noise_sigma` and `seed` are not used.

    Args:
        weights: file of the network's weights.

    Raises:
        GalforgeError: the range is beyond the stamps, pixels are not finite, the weights are of a model that predicts
            nothing, or the stamps have other bands, size or pixel scale than those the network was trained on.
    """
    check_range(stamps, start, stop, 0)
    place = devices.pick(settings.device)
    found = np.empty(stop - start, dtype=np.float64)
    with measuring(place, settings.threads):
        model = weights_files.load(Path(weights), place)
        _check(model, Path(weights), stamps)
        for low, high in batches(start, stop, settings.batch):
            images = np.asarray(stamps.images[low:high], dtype=np.float32)
            check_finite(stamps, low, images)
            normalised = model.normalisation.normalise(torch.from_numpy(images).to(place))
            found[low - start : high - start] = model.family.predict(normalised).cpu().numpy()
    log.info("redshifts by %s, trained on %d images", settings.engine, model.images_seen)
    return catalogue_of(stamps, start, stop, redshift=True).assign(redshift_cnn=found)


def _check(model: weights_files.Model, weights: Path, stamps: Stamps) -> None:
    """Refuse a network that does not suit these stamps.

    Raises:
        GalforgeError: the model predicts nothing, or bands, shape or pixel scale differ.
    """
    if not hasattr(model.family, "predict"):
        raise GalforgeError(
            f"{weights}: this model draws images and predicts nothing: set model to one like redshift_cnn"
        )
    mine, theirs = model.header, stamps.header
    for what, trained, given in (
        ("bands", mine.bands, theirs.bands),
        ("shape", tuple(model.shape), tuple(stamps.shape)),
        (f"pixel scale [{theirs.pixel_unit}]", mine.pixel_scale, theirs.pixel_scale),
    ):
        if trained != given:
            raise GalforgeError(
                f"{stamps.path}: the stamps have {what} {given}, but {weights} was trained with {trained}: measure "
                "stamps of the data set that it was trained on"
            )
