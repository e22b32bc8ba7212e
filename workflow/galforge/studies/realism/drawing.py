"""Drawing from models of sparse images: the time that images take, and galaxies one by one."""

import json
import time
from pathlib import Path

import numpy as np
import torch

from galforge.atomic import write_text
from galforge.logs import log
from galforge.models import device as devices
from galforge.models import weights as weights_files
from galforge.sampling.sample import BlockNoise
from galforge.seeds import seed_of
from galforge.stamps.file import Header, StampsWriter

PER = 1000
"""Number of images that printed times refer to."""


def time_drawing(weights: Path, out: Path, images: int, seed: int, batch: int, device: str, threads: int) -> None:
    """Compose images and write the time per thousand of them (JSON: seconds, images, device, threads).

    A first block is drawn before the clock starts, and no image is kept, so that only the networks and the composition
    of their outputs are timed.
    """
    place = devices.pick(device)
    with devices.reproducible(place, threads), torch.no_grad():
        family = weights_files.load(weights, place).family
        family.compose(BlockNoise(seed, range(batch), place))
        begun = time.perf_counter()
        for first in range(0, images, batch):
            family.compose(BlockNoise(seed, range(first, min(first + batch, images)), place))
        seconds = (time.perf_counter() - begun) * PER / images
    log.info("%s: %.3g s per %d images on %s", weights, seconds, PER, place.type)
    text = {"seconds": seconds, "images": images, "device": place.type, "threads": threads}
    write_text(out, json.dumps(text, sort_keys=True) + "\n")


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
