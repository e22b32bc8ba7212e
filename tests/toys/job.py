"""One try at a small training segment, as a job would run it: python job.py STAMPS STATE_OUT WORK STOP
CHECKPOINT_SECONDS."""

import sys
from pathlib import Path

from galforge.models.vae.settings import ModelSettings
from galforge.training.segment import run_segment
from galforge.training.settings import NormalisationSettings, StepSettings

NETWORK = ModelSettings(latent=4, width=4, max_width=8)
TRAINING = StepSettings(batch=4, ema_half_life_images=100, history_images=40, device="cpu")


def train(
    stamps: Path,
    out: Path,
    work: Path,
    stop: int,
    checkpoint_seconds: float = 1e9,
    state_in: Path | None = None,
    **more: float,
) -> None:
    run_segment(
        stamps, "vae", NETWORK, NormalisationSettings(), TRAINING, 7, stop, state_in, out, work,
        f"key {stop}", checkpoint_seconds=checkpoint_seconds, **more,
    )  # fmt: skip


if __name__ == "__main__":
    stamps, out, work, stop, seconds = sys.argv[1:]
    train(Path(stamps), Path(out), Path(work), int(stop), float(seconds), ttl_seconds=3600.0)
