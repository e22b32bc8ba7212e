"""Walks through a model's latent space, and its reconstructions of source stamps."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from galforge.errors import GalforgeError
from galforge.logs import log
from galforge.models import device as devices
from galforge.models import weights as weights_files
from galforge.models.protocol import HasLatents, Reconstructs
from galforge.sampling import noise as noises
from galforge.seeds import generator
from galforge.stamps.file import Stamps, StampsWriter

SPLITS = ("test", "validation", "train")
"""Stamps to reconstruct come from the first of these splits that has any."""


class RowNoise:
    """Random numbers of one row, equal for all its images; see ``galforge.models.protocol.Noise``."""

    def __init__(self, seed: int, what: str, row: int, count: int, device: torch.device):
        self.stream, self.count, self.device = noises.stream_for(device, seed, what, row), count, device

    def normal(self, *shape: int) -> Tensor:
        return noises.normal([self.stream], shape, self.device).expand(self.count, *shape)


def walk(
    weights: Path, stamps: Path, out: Path, rows: int, steps: int, seed: int, device: str = "auto", threads: int = 1
) -> None:
    """Write walks and reconstructions as stamps of origin ``generated``.

    The catalogue holds ``name``, ``kind``, ``row`` and ``step``. The kinds are:

    - ``walk``: rows x steps images; in each row, ``steps`` images between two random latent vectors, with the same
      noise. Families without latent vectors, or with conditions, give no walks.
    - ``truth``: where the family reconstructs, rows x steps source stamps, or as many as there are in the first split
      of SPLITS that has any. Stamps whose conditions the model cannot take are left out. No model made these.
    - ``reconstruction``: the model's reconstructions of these.

    A row is evaluated at once, so an image is a pure function of (weights, seed, row, step) and the number of steps.

    Args:
        weights: an exported model.
        stamps: the stamps that the model was trained on.
        out: the stamps file to make.
        rows, steps: number of walks, and images in each.
        seed: of the latent vectors and of noise.
        device: ``auto``, ``cpu`` or ``cuda``.
        threads: CPU threads.

    Raises:
        GalforgeError: unusable weights, stamps of other bands or another size, or an image that is not finite.
    """
    place = devices.pick(device)
    with devices.reproducible(place, threads), torch.no_grad(), Stamps(stamps) as source:
        model = weights_files.load(weights, place)
        if (source.header.bands, source.shape) != (model.header.bands, model.shape):
            raise GalforgeError(
                f"{stamps}: stamps {source.shape} in {', '.join(source.header.bands)}, but {weights} is for "
                f"{model.shape} in {', '.join(model.header.bands)}; give the stamps that it was trained on"
            )
        log.info("drawing on %s in %s, noise from %s", *noises.how(place, bfloat16=False).values())
        header = replace(model.header, origin="generated")
        with StampsWriter(out, model.shape, header, capacity=3 * rows * steps) as writer:
            _append(writer, np.empty((0, *model.shape), np.float32), "none", 0, [])
            if isinstance(model.family, HasLatents) and not model.family.conditions:
                for row in range(rows):
                    latents = between(*ends(seed, row, model.family.latent), steps).to(place)
                    images = model.family.generate(latents, RowNoise(seed, "walk", row, steps, place))
                    names = [f"walk-{row:03d}-{step:03d}" for step in range(steps)]
                    _append(writer, model.normalisation.invert(images.float()).cpu().numpy(), "walk", row, names)
            else:
                log.info("%s: the family takes no latent vectors alone, so there are no walks", weights)
            if isinstance(model.family, Reconstructs):
                _reconstruct(writer, model, source, rows, steps, seed, place)


def ends(seed: int, row: int, latent: int) -> tuple[Tensor, Tensor]:
    """The two standard normal vectors (latent,) float32 between which a row goes."""
    drawn = generator(seed, "walk ends", row).standard_normal((2, latent), dtype=np.float32)
    first, last = torch.from_numpy(drawn)
    return first, last


def between(first: Tensor, last: Tensor, steps: int) -> Tensor:
    """Vectors (steps, latent) from ``first`` to ``last`` (latent,): z(t) = cos(t pi / 2) first + sin(t pi / 2) last.

    For orthogonal vectors, as random ones of many dimensions nearly are, this is the spherical interpolation of
    Shoemake (1985). It has no special cases. Where both ends are standard normal, so is every vector between them, so
    that images of a walk are as probable as samples.
    """
    angles = torch.linspace(0, math.pi / 2, steps, dtype=torch.float64)
    weights = torch.stack([torch.cos(angles), torch.sin(angles)], 1)
    return (weights @ torch.stack([first, last]).double()).float()


def _reconstruct(
    writer: StampsWriter,
    model: weights_files.Model,
    source: Stamps,
    rows: int,
    steps: int,
    seed: int,
    device: torch.device,
) -> None:
    split = next((name for name in SPLITS if len(source.split(name))), SPLITS[-1])
    names = source.catalog("name")
    told = {name: source.catalog(name).astype(np.float32) for name in model.family.conditions}
    there = source.split(split)
    possible = there[_tellable(model, {name: values[there] for name, values in told.items()}, len(there))]
    if len(possible) < len(there):
        log.info(
            "%s: %d of %d stamps of the %s split have no %s in the range of the training, and are not reconstructed",
            source.path, len(there) - len(possible), len(there), split, ", ".join(told),
        )  # fmt: skip
    chosen = possible[: rows * steps]
    log.info("%s: the first %d stamps of the %s split are reconstructed", source.path, len(chosen), split)
    for row, start in enumerate(range(0, len(chosen), steps)):
        here = chosen[start : start + steps]
        truth = np.stack([source.images[int(index)] for index in here])
        normalised = model.normalisation.normalise(torch.from_numpy(truth).to(device))
        noise = RowNoise(seed, "reconstruction", row, len(here), device)
        given = {name: torch.from_numpy(values[here]).to(device) for name, values in told.items()} or None
        images = model.normalisation.invert(model.family.reconstruct(normalised, given, noise).float()).cpu().numpy()
        _append(writer, truth, "truth", row, names[here])
        _append(writer, images, "reconstruction", row, names[here])


def _tellable(model: weights_files.Model, told: dict[str, np.ndarray], count: int) -> np.ndarray:
    """Which of ``count`` stamps have finite conditions, within the range of the training where that is known."""
    possible = np.logical_and.reduce([np.ones(count, dtype=bool), *map(np.isfinite, told.values())])
    conditioning = getattr(model.family, "conditioning", None)
    return possible if conditioning is None else possible & ~conditioning.outside(told)


def _append(writer: StampsWriter, images: np.ndarray, kind: str, row: int, names: list[str] | np.ndarray) -> None:
    columns = {"name": np.array(names, dtype=str), "kind": np.full(len(names), kind)}
    writer.append_block(images, columns | {"row": np.full(len(names), row), "step": np.arange(len(names))})
