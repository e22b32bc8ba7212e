"""The autoencoder with a pause in every step, and a note of every step: time to disturb a training, and a witness.

What it computes is the autoencoder's. Two variables of the environment name files:

- ``GALFORGE_TEST_PACE`` holds two numbers: the pause [s], and the images seen from which on it is made. It is read at
  every step, so that a test can let a training go on at full speed. Without the file there is no pause.
- ``GALFORGE_TEST_TRACE`` gets a line per step: time [s], process, its rank among several, SLURM job, node,
  CUDA_VISIBLE_DEVICES, kind of step, images seen before it; a dash for missing values.
"""

import os
import time
from pathlib import Path

from torch import Tensor

from galforge.models.protocol import Noise, Step
from galforge.models.vae import family as vae

PACE, TRACE = "GALFORGE_TEST_PACE", "GALFORGE_TEST_TRACE"


class Family(vae.Family):
    """See ``galforge.models.vae.family.Family``."""

    def step(self, images: Tensor, conditions: dict[str, Tensor] | None, step: Step) -> dict[str, Tensor]:
        _note("step", step.images_seen)
        _pause(step.images_seen)
        return super().step(images, conditions, step)

    def sample(self, noise: Noise, conditions: dict[str, Tensor] | None) -> Tensor:
        _note("sample", 0)
        _pause(0)
        return super().sample(noise, conditions)


def _note(what: str, images_seen: int) -> None:
    if path := os.environ.get(TRACE):
        names = ("RANK", "SLURM_JOB_ID", "SLURMD_NODENAME", "CUDA_VISIBLE_DEVICES")
        words = [f"{time.time():.3f}", os.getpid(), *(os.environ.get(name) or "-" for name in names), what, images_seen]
        # One write of one line: several processes may append at the same time.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.write(descriptor, (" ".join(map(str, words)) + "\n").encode())
        os.close(descriptor)


def _pause(images_seen: int) -> None:
    path, began = Path(os.environ.get(PACE, "")), time.monotonic()
    while path.is_file():
        # Read again and again, because a test ends a pause by writing another pace.
        seconds, start = map(float, path.read_text().split())
        left = began + seconds - time.monotonic()
        if images_seen < start or left <= 0:
            return
        time.sleep(min(left, 0.5))
