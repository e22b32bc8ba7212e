"""Made-up features, images and models for the study of realism: small, fast, and with relations that are known."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from galforge.models.two_stage.placing import place, room
from galforge.stamps.file import Header, StampsWriter
from galforge.studies.realism.settings import ForestSettings, RealismSettings, XGBoostSettings

LEVELS = 6
"""Columns of a toy histogram."""
FREQUENCIES = 5
XGBOOST = XGBoostSettings(n_estimators=40, max_depth=4)
FOREST = ForestSettings(trees=30, max_depth=8, max_features=0.7)


def settings(**changed: Any) -> RealismSettings:
    """Settings of small scorers."""
    plain = {"folds": 4, "xgboost": XGBOOST, "xgboost_properties": XGBOOST, "random_forest": FOREST}
    return RealismSettings(**(plain | changed))


def table(count: int = 240, seed: int = 0, others: int = 0, texture: bool = False) -> pd.DataFrame:
    """Features of images with scores, and behind them ``others`` labelled ones and as many of the query.

    A score is ``planted`` of two columns of the histogram; nothing else has to do with it.
    """
    random = np.random.default_rng(seed)
    rows = count + 2 * others
    blocks = {"basic": (3, 2), "individual": (4, 3), "interaction": (2, 3), "histogram": (LEVELS, 3)}
    blocks["spectrum"] = (FREQUENCIES, 3)
    if texture:
        blocks |= {"hog": (2, 4), "lbp": (3, 2), "fourier": (2, 3)}
    values = {
        f"{block}_{number:0{digits}d}": random.lognormal(3.0, 0.5, rows).astype(np.float32)
        for block, (length, digits) in blocks.items()
        for number in range(length)
    }
    out = pd.DataFrame({"index": np.arange(rows)} | values).assign(
        lit_share=random.uniform(size=rows).astype(np.float32),
        faint_share=random.uniform(size=rows).astype(np.float32),
    )
    sets = ["scored"] * count + ["labeled"] * others + ["query"] * others
    out = out.assign(set=sets, label=np.nan, score=planted(out), kind="", truth=np.nan)
    out.loc[out["set"] != "scored", "score"] = np.nan
    out.loc[out["set"] == "labeled", "label"] = np.arange(others) % 2
    return out


def planted(features: pd.DataFrame) -> np.ndarray:
    """The score (n,) that features have."""
    few, many = (features[name].to_numpy(float) / 20 for name in ("histogram_001", "histogram_004"))
    return 2 * np.log(few) + 3 + (many > 1)


def write_stamps(path: Path, images: np.ndarray, **columns: Any) -> Path:
    """A file of 8-bit stamps of images (n, H, W) uint8 with a catalogue."""
    header = Header(("intensity",), 1.0, "arcsec", "8-bit level", (), 1.0, "mock")
    index = np.arange(len(images))
    catalogue = {"index": index, "name": np.array([f"image-{number}" for number in index])}
    catalogue |= {name: np.asarray(values) for name, values in columns.items()}
    with StampsWriter(path, (1, *images.shape[1:]), header, len(images), "u1") as writer:
        writer.append_block(images[:, None], catalogue)
    return path


def bright_images(count: int, side: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Noisy images (n, side, side) uint8, and scores (n,) that follow from their mean brightness."""
    random = np.random.default_rng(seed)
    scores = random.uniform(0, 8, count)
    noise = random.uniform(0.8, 1.2, (count, side, side))
    return np.rint(30 * scores[:, None, None] * noise / 1.3).astype(np.uint8), scores


class Family:
    """A model of positions and galaxies that is no network.

    A galaxy fills its patch with one level, which is random and 50 higher for each further class.

    Args:
        centred: galaxies are in the centres of their cells, else anywhere in them.

    Attributes:
        placed: grids (32, 32) and galaxies (k, 32, 32) of each image that was put together.
        offsets: those of each of them, None where galaxies are centred.
    """

    def __init__(self, side: int = 128, galaxies: int = 5, centred: bool = True):
        self.side, self.count, self.centred = side, galaxies, centred
        self.classes, self.room = 3, room(side, centred)
        self.placed: list[tuple[np.ndarray, np.ndarray]] = []
        self.offsets: list[Tensor | None] = []

    def draw_positions(self, noise: Any) -> Tensor:
        cells = -(-self.side // 32)
        drawn = noise.normal(cells * cells)
        order = drawn.argsort(1)[:, : self.count]
        out = torch.zeros(len(drawn), 32, 32, dtype=torch.int64)
        for row, chosen in enumerate(order):
            out[row, chosen // cells, chosen % cells] = torch.arange(len(chosen)) % self.classes + 1
        return out

    def draw_offsets(self, noise: Any) -> Tensor | None:
        if self.centred:
            return None
        return (noise.normal(2, 32, 32).abs() * 10).long().clamp(0, 3)

    def draw_galaxies(self, noise: Any, classes: Tensor) -> Tensor:
        assert (classes > 0).all()
        levels = 50 * classes + (10 * noise.normal(classes.shape[1])).clamp(-20, 20).round().long()
        return levels.to(torch.uint8)[:, :, None, None].expand(-1, -1, 32, 32).contiguous()

    def place(self, positions: Tensor, galaxies: Tensor, offsets: Tensor | None = None) -> Tensor:
        self.placed += list(zip(positions.numpy(), galaxies.numpy(), strict=True))
        self.offsets += [None] * len(positions) if offsets is None else list(offsets)
        return place(positions, galaxies, self.side, offsets)


class ToyScorer:
    """The first feature is the score."""

    columns = ("seen_000", "seen_001")
    name = "toy"

    def score_rows(self, rows: np.ndarray) -> np.ndarray:
        assert rows.shape == (1, 2)
        assert rows.dtype == np.float32
        return rows[:, 0].astype(np.float64)


def brightness(image: np.ndarray, measuring: Any) -> dict[str, np.ndarray]:
    """Of galaxies alone, as long as all of them lie inside the image."""
    return {"other": np.zeros(3), "seen": np.array([image.sum(dtype=float) / 1000, 0.0])}


def lit_rows(image: np.ndarray, measuring: Any) -> dict[str, np.ndarray]:
    """Of positions alone: the mean row of lit pixels."""
    lit = np.nonzero(image)[0]
    return {"seen": np.array([lit.mean() if len(lit) else 0.0, 0.0])}
