"""The experiments of Gantastic 4 (2020, section III-C): which part of an image decides its score.

Each starts from the same images of a two-stage model. Images are composed and scored one by one, and not kept.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from galforge.logs import Progress
from galforge.models import device as devices
from galforge.models import weights as weights_files
from galforge.sampling.sample import BlockNoise
from galforge.seeds import generator, seed_of
from galforge.studies.realism.trees import Scorer

Features = Callable[[np.ndarray, Any], Mapping[str, Any]]
"""Features of an image (H, H) uint8 by block, as ``galforge.measure.realism.measure.features_of`` computes them."""


def run(
    experiment: str,
    weights: Path,
    scorer: Scorer,
    features_of: Features,
    measuring: Any,
    settings: Mapping[str, int],
    seed: int,
    batch: int,
    device: str,
    threads: int,
) -> pd.DataFrame:
    """Run an experiment; one row per image that it starts from.

    - ``random_positions``: the score ``learned`` of the image, and ``random`` of the same galaxies at random positions,
      no two of them in one cell;
    - ``new_galaxies``: ``mean`` and standard ``deviation`` of the scores over ``sets`` sets of galaxies at the same
      positions; galaxies keep their size classes;
    - ``shuffled_patches``: the same over ``permutations`` orders of the same galaxies.

    Args:
        experiment: one of these names.
        weights: of a two-stage model.
        features_of, measuring: how images are measured for the scorer, and the settings of that measure.
        settings: images, and sets or permutations.
        seed: of the model's training; the images are the first of its samples.
        batch: images drawn at once.
    """
    place = devices.pick(device)
    with devices.reproducible(place, threads), torch.no_grad():
        images = _Images(weights_files.load(weights, place).family, scorer, features_of, measuring, seed, place)
        work, count = getattr(images, experiment), settings["images"]
        times = settings.get("sets") or settings.get("permutations") or 2
        rows, counter = [], Progress(count * times, "images composed")
        for image in images.positions(count, batch):
            rows.append({"index": image[0]} | work(*image, settings))
            counter.advance(times)
    return pd.DataFrame(rows)


class _Images:
    """Images of a model, their galaxies and their scores; the experiments are methods."""

    def __init__(
        self, family: Any, scorer: Scorer, features_of: Features, measuring: Any, seed: int, place: torch.device
    ):
        self.family, self.scorer, self.seed, self.place = family, scorer, seed, place
        self.features_of, self.measuring = features_of, measuring
        self.blocks = list(dict.fromkeys(name.rsplit("_", 1)[0] for name in scorer.columns))

    def positions(self, count: int, batch: int) -> Iterator[tuple[int, Tensor, Tensor | None]]:
        """Index, grid (32, 32) of positions, and offsets (2, 32, 32) or None where the model has none, one by one."""
        for first in range(0, count, batch):
            indices = range(first, min(first + batch, count))
            noise = BlockNoise(self.seed, indices, self.place)
            grids, offsets = self.family.draw_positions(noise), self.family.draw_offsets(noise)
            for row, index in enumerate(indices):
                yield index, grids[row], None if offsets is None else offsets[row]

    def elsewhere(self, index: int, count: int) -> tuple[np.ndarray, Tensor | None]:
        """Different cells (count,), with probabilities by the part of each that is in the image, and new offsets."""
        room = self.family.room.numpy()
        share = np.outer(room, room).ravel() / room.sum() ** 2
        count = min(count, np.count_nonzero(share))
        cells = generator(self.seed, "random positions", index).choice(len(share), count, replace=False, p=share)
        stream = seed_of(self.seed, "random offsets") % 2**63
        offsets = self.family.draw_offsets(BlockNoise(stream, range(index, index + 1), self.place))
        return cells, None if offsets is None else offsets[0]

    def galaxies(self, index: int, classes: Tensor, number: int) -> Tensor:
        """Set ``number`` of the galaxies (k, 32, 32) of an image, with given size classes (k,)."""
        stream = seed_of(self.seed, "exchanged", number) % 2**63
        noise = BlockNoise(stream, range(index, index + 1), self.place)
        return self.family.draw_galaxies(noise, classes[None])[0]

    def score(self, positions: Tensor, galaxies: Tensor, offsets: Tensor | None) -> float:
        """The score of the image with galaxies (k, 32, 32) on the lit cells of a grid, in the order of the grid."""
        within = None if offsets is None else offsets[None]
        image = self.family.place(positions[None], galaxies[None], within)[0, 0].cpu().numpy()
        found = self.features_of(image, self.measuring)
        row = np.concatenate([np.atleast_1d(found[block]) for block in self.blocks]).astype(np.float32)
        return float(self.scorer.score_rows(row[None])[0])

    def random_positions(
        self, index: int, positions: Tensor, offsets: Tensor | None, settings: Mapping[str, int]
    ) -> dict[str, float]:
        classes = positions[positions > 0]
        galaxies = self.galaxies(index, classes, 0)
        cells, others = self.elsewhere(index, len(classes))
        elsewhere = torch.zeros_like(positions)
        elsewhere.view(-1)[torch.from_numpy(cells)] = classes[: len(cells)]
        # Cells are drawn for one galaxy after another, but galaxies are placed in the order of the grid.
        moved = galaxies[torch.from_numpy(np.argsort(cells))]
        return {"learned": self.score(positions, galaxies, offsets), "random": self.score(elsewhere, moved, others)}

    def new_galaxies(
        self, index: int, positions: Tensor, offsets: Tensor | None, settings: Mapping[str, int]
    ) -> dict[str, float]:
        classes = positions[positions > 0]
        sets = (self.galaxies(index, classes, number) for number in range(settings["sets"]))
        return _spread([self.score(positions, galaxies, offsets) for galaxies in sets])

    def shuffled_patches(
        self, index: int, positions: Tensor, offsets: Tensor | None, settings: Mapping[str, int]
    ) -> dict[str, float]:
        galaxies, scores = self.galaxies(index, positions[positions > 0], 0), []
        for number in range(settings["permutations"]):
            order = generator(self.seed, "order", index, number).permutation(len(galaxies))
            scores.append(self.score(positions, galaxies[torch.from_numpy(order)], offsets))
        return _spread(scores)


def _spread(scores: list[float]) -> dict[str, float]:
    return {"mean": float(np.mean(scores)), "deviation": float(np.std(scores, ddof=1))}
