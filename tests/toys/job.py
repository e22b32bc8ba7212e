"""A small training segment as a job would run it. As a script, one try at it:

python job.py STAMPS STATE_OUT WORK STOP CHECKPOINT_SECONDS           in this process
python -m toys.job PROCESSES STAMPS STATE_OUT WORK STOP               by the launcher, with many checkpoints
"""

import sys
from pathlib import Path
from typing import Any

from galforge.models.settings import NormalisationSettings
from galforge.models.vae.settings import ModelSettings
from galforge.training.launch import launch
from galforge.training.segment import Segment, run_segment
from galforge.training.settings import StepSettings

NETWORK = ModelSettings(latent=4, width=4, max_width=8)
WIDER = ModelSettings(latent=4, width=16, max_width=16)
"""Wide enough to have no weights without influence (biases before a normalisation of single channels), which would be
decided by rounding errors."""
TRAINING = StepSettings(batch=4, ema_half_life_images=100, history_images=40, device="cpu", precision="float32")


def segment(stamps: Path, stop: int, state_in: Path | None = None, network: ModelSettings = NETWORK) -> Segment:
    return Segment(
        stamps, "vae", network, NormalisationSettings(), TRAINING, 7, stop, state_in, f"key {stop}"
    )  # fmt: skip


def train(
    stamps: Path,
    out: Path,
    work: Path,
    stop: int,
    checkpoint_seconds: float = 1e9,
    state_in: Path | None = None,
    network: ModelSettings = NETWORK,
    **more: float,
) -> None:
    run_segment(segment(stamps, stop, state_in, network), out, work, checkpoint_seconds=checkpoint_seconds, **more)


def plain(stamps: Path, out: Path, work: Path, stop: int, **more: Any) -> dict[str, Any]:
    """A segment of the wider network as plain data, for the launcher."""
    made_from = segment(stamps, stop, network=WIDER)
    return {
        "segment": {
            "stamps": str(stamps),
            "family": made_from.family,
            "network": WIDER.spec(),
            "normalisation": made_from.normalisation.spec(),
            "training": TRAINING.spec(),
            "seed": made_from.seed,
            "stop": stop,
            "state_in": None,
            "key": made_from.key,
        },
        "state_out": str(out),
        "work": str(work),
        "minutes": None,
        "checkpoint_seconds": 1e9,
        "tensorboard": None,
        "log": None,
        **more,
    }


if __name__ == "__main__":
    if len(sys.argv) == 6 and sys.argv[1].isdigit():
        count, stamps, out, work, stop = sys.argv[1:]
        launch(plain(Path(stamps), Path(out), Path(work), int(stop), checkpoint_seconds=0.0), int(count))
    else:
        stamps, out, work, stop, seconds = sys.argv[1:]
        train(Path(stamps), Path(out), Path(work), int(stop), float(seconds), ttl_seconds=3600.0)
