"""Which conditions the images of a conditional model are drawn for: a pure function of (settings, index)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from galforge.errors import GalforgeError
from galforge.logs import log
from galforge.models import weights as weights_files
from galforge.models.conditions import Conditioning
from galforge.seeds import generator
from galforge.stamps.file import Stamps

SPLIT = "test"


def conditions_for(
    asked: Mapping[str, Any], count: int, weights: Path, source: Path | None, split: str = SPLIT
) -> dict[str, np.ndarray]:
    """Conditions (count,) float32 per column; the first ones do not depend on ``count``.

    With ``source: test``, all columns of an image come from one galaxy of a split, the test split by default. Galaxies
    outside of the range of the training are left out, unless the model takes raw conditions.

    Args:
        asked: ``columns``, ``told`` (whether the model is conditioned on any of them), ``source`` (``test`` or
            ``uniform``), ``seed`` and, for ``uniform``, ``low`` and ``high``.
        count: number of images.
        weights: the exported model.
        source: the stamps with that split; not read for ``uniform``.
        split: its name.

    Raises:
        GalforgeError: no galaxies to take conditions from, or a condition that is not finite.
    """
    columns = asked["columns"]
    if asked["source"] == "uniform":
        low, high = asked["low"], asked["high"]
        drawn = [generator(asked["seed"], "condition", index).uniform(low, high) for index in range(count)]
        return {name: np.array(drawn, dtype=np.float32) for name in columns}
    conditioning = getattr(weights_files.load(weights, torch.device("cpu")).family, "conditioning", None)
    rows = _within(_rows(columns, source, split), conditioning, weights, source, split)
    length = len(rows[columns[0]])
    if count > length and asked["told"]:
        log.warning(
            "%s: %d images are drawn for the conditions of %d %s galaxies, so that conditions repeat, but floors and "
            "errors of comparisons assume independent images",
            source, count, length, split,
        )  # fmt: skip
    epochs = range(-(-count // length))
    order = np.concatenate([generator(asked["seed"], "conditions", epoch).permutation(length) for epoch in epochs])
    return {name: values[order[:count]] for name, values in rows.items()}


def divided(
    asked: Mapping[str, Any], given: dict[str, np.ndarray]
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Columns that a model is conditioned on, and columns that are only copied to the catalogue of its images.

    Args:
        asked: ``told``, whether the model is conditioned on anything, and ``beside``, columns to copy only.
        given: values (count,) per column.
    """
    apart = asked.get("beside", []) if asked["told"] else list(given)
    told = {name: values for name, values in given.items() if name not in apart}
    return told, {name: given[name] for name in apart}


def _rows(columns: list[str], source: Path, split: str) -> dict[str, np.ndarray]:
    """Conditions of all galaxies of a split."""
    with Stamps(source) as stamps:
        chosen = stamps.split(split)
        if len(chosen) == 0:
            otherwise = ", or say conditions: {source: uniform}" if len(columns) == 1 else ""
            raise GalforgeError(
                f"{source}: there are no stamps in its {split} split to take {', '.join(columns)} from; give that "
                f"split a share{otherwise}"
            )
        rows = {name: stamps.catalog(name)[chosen].astype(np.float32) for name in columns}
    for name, values in rows.items():
        if not np.isfinite(values).all():
            row = int(chosen[np.argmin(np.isfinite(values))])
            raise GalforgeError(f"{source}: stamp {row} has no {name}; leave such stamps out of the data set")
    return rows


def _within(
    rows: dict[str, np.ndarray], conditioning: Conditioning | None, weights: Path, source: Path, split: str
) -> dict[str, np.ndarray]:
    """The rows that are inside the range of the training."""
    if conditioning is None or conditioning.raw:
        return rows
    outside = conditioning.outside(rows)
    if outside.all():
        raise GalforgeError(
            f"{source}: all its {split} galaxies are outside of the range that {weights} was trained in, "
            f"{conditioning.ranges()}; train on stamps of the same kind"
        )
    if outside.any():
        where = "galaxies are outside of the range of the training"
        log.info("%s: %d of %d %s %s", source, outside.sum(), len(outside), split, where)
    return {name: values[~outside] for name, values in rows.items()}
