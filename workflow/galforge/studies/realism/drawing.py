"""Drawing galaxies one by one from models of sparse images."""

from pathlib import Path

import numpy as np
import torch

from galforge.models import device as devices
from galforge.models import weights as weights_files
from galforge.sampling.sample import BlockNoise
from galforge.seeds import seed_of
from galforge.stamps.file import Header, StampsWriter


def sample_galaxies(weights: Path, out: Path, count: int, seed: int, batch: int, device: str, threads: int) -> None:
    """Draw ``count`` galaxies of each size class and write their patches as stamps.

    Catalogue columns: index, name, and ``asked``, the size class from 1 on (always 1 for models without size classes).
    """
    place = devices.pick(device)
    with devices.reproducible(place, threads), torch.no_grad():
        model = weights_files.load(weights, place)
        classes = range(1, model.family.classes + 1)
        header = model.header
        header = Header(
            model.family.bands, header.pixel_scale, header.pixel_unit, header.unit, (), header.gain, "generated"
        )
        with StampsWriter(out, (1, 32, 32), header, count * len(classes), "u1") as writer:
            for asked in classes:
                stream = seed_of(seed, "galaxies", asked) % 2**63
                for first in range(0, count, batch):
                    indices = range(first, min(first + batch, count))
                    wanted = torch.full((len(indices), 1), asked, dtype=torch.int64, device=place)
                    patches = model.family.draw_galaxies(BlockNoise(stream, indices, place), wanted)
                    index = np.array(indices) + (asked - 1) * count
                    names = np.array([f"generated-{number:09d}" for number in index])
                    catalogue = {"index": index, "name": names, "asked": np.full(len(index), asked)}
                    writer.append_block(patches.cpu().numpy(), catalogue)
