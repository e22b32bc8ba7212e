"""Drawing images from a trained model: every image is a pure function of (weights, seed, index)."""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from galforge.errors import GalforgeError
from galforge.logs import Progress, log
from galforge.models import device as devices
from galforge.models import weights as weights_files
from galforge.models.protocol import Composes
from galforge.sampling import noise as noises
from galforge.sampling.account import per_thousand
from galforge.stamps.file import StampsWriter


class BlockNoise:
    """One stream of random numbers for each image of a block; see ``galforge.models.protocol.Noise``."""

    def __init__(self, seed: int, indices: range, device: torch.device):
        self.streams = [noises.stream_for(device, seed, "sample", index) for index in indices]
        self.device = device

    def normal(self, *shape: int) -> Tensor:
        return noises.normal(self.streams, shape, self.device)


def sample(
    weights: Path,
    out: Path,
    start: int,
    stop: int,
    seed: int,
    batch: int,
    device: str = "auto",
    threads: int = 1,
    conditions: Mapping[str, np.ndarray] | None = None,
    beside: Mapping[str, np.ndarray] | None = None,
    precision: str = "float32",
) -> dict[str, Any]:
    """Draw the images with indices ``start`` to ``stop - 1`` and write them as stamps of origin ``generated``.

    Returns an account of the drawing: ``seconds`` per thousand images, the number of ``images`` that were timed, the
    ``threads``, and what ``galforge.sampling.noise.how`` says. Only the networks and the composition of their outputs
    are timed, without the first of several blocks, in which libraries get ready.

    Whole blocks of ``batch`` images, aligned to multiples of it, are evaluated, and the wanted images kept. The size of
    a block affects the last digits, so otherwise an image would depend on how the sample is cut into chunks.

    Args:
        weights: an exported model.
        out: the stamps file to make; its catalogue holds ``index``, ``name``, any conditions, and ``beside``.
        start, stop: the range of image indices.
        seed: of the drawing.
        batch: images in a block; with the number of threads and the device it decides the last digits.
        device: ``auto``, ``cpu`` or ``cuda``.
        threads: CPU threads.
        conditions: for a conditional family, a value (count,) per condition for all images from index 0 on.
        beside: columns (count,) that are only copied to the catalogue.
        precision: ``float32``, ``bfloat16`` or ``auto``, in which networks run.

    Raises:
        GalforgeError: unusable weights, missing conditions or some outside of the range of the training, or an image
            that is not finite.
    """
    place = devices.pick(device)
    with devices.reproducible(place, threads), torch.no_grad():
        model = weights_files.load(weights, place)
        given = _conditions(weights, model.family.conditions, conditions, stop)
        if given and (conditioning := getattr(model.family, "conditioning", None)) is not None:
            conditioning.check(str(weights), {name: values[:stop] for name, values in given.items()})
        header, shape, dtype = replace(model.header, origin="generated"), model.shape, "<f4"
        if isinstance(family := model.family, Composes):
            header, dtype = replace(header, bands=family.bands), "u1"
            shape = (len(family.bands), family.side, family.side)
        bfloat16 = devices.computes_in_bfloat16(precision, place)
        told = noises.how(place, bfloat16)
        log.info("drawing on %s in %s, noise from %s", *told.values())
        progress, spent = Progress(stop - start, "images drawn"), []
        with StampsWriter(out, shape, header, stop - start, dtype) as writer:
            for first in range(start - start % batch, stop, batch):
                begun = time.perf_counter()
                with devices.autocast(bfloat16, place):
                    images = _block(model, seed, range(first, first + batch), given, place)
                spent.append(time.perf_counter() - begun)
                kept = range(max(first, start), min(first + batch, stop))
                columns = {"index": np.array(kept), "name": np.array([f"generated-{index:09d}" for index in kept])}
                columns |= {
                    name: values[kept.start : kept.stop] for name, values in {**(beside or {}), **given}.items()
                }
                writer.append_block(images[kept.start - first : kept.stop - first], columns)
                progress.advance(len(kept))
    return {**per_thousand(spent, batch), **told, "threads": threads}


def _block(
    model: weights_files.Model, seed: int, indices: range, given: dict[str, np.ndarray], device: torch.device
) -> np.ndarray:
    """The images (n, C, H, W) of one block, in image units."""
    if isinstance(model.family, Composes):
        return model.family.compose(BlockNoise(seed, indices, device)).numpy()
    # Past the last image, a block is filled up with the condition of the last; those images are thrown away.
    conditions = {
        name: torch.from_numpy(values[np.minimum(indices, len(values) - 1)]).to(device)
        for name, values in given.items()
    }
    normalised = model.family.sample(BlockNoise(seed, indices, device), conditions or None)
    return model.normalisation.invert(normalised.float()).cpu().numpy()


def _conditions(
    weights: Path, wanted: tuple[str, ...], given: Mapping[str, np.ndarray] | None, stop: int
) -> dict[str, np.ndarray]:
    if set(wanted) != set(given or {}):
        raise GalforgeError(
            f"{weights}: the model is conditioned on {', '.join(wanted) or 'nothing'}, but conditions were given for "
            f"{', '.join(given or {}) or 'nothing'}"
        )
    for name in wanted:
        if len(given[name]) < stop:
            raise GalforgeError(f"{weights}: {len(given[name])} values of {name} for {stop} images; give one for each")
    return {name: np.asarray(given[name], dtype=np.float32) for name in wanted}
