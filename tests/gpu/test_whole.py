"""What a GPU is for, whole and small: a training that is resumed, drawing from it, and features, against the CPU."""

from pathlib import Path

import numpy as np
import pytest
import torch

from galforge import families
from galforge.measure.features import preparation
from galforge.measure.features.measure import measure
from galforge.measure.features.settings import MeasureSettings
from galforge.measure.vectors import rows_of
from galforge.models.settings import NormalisationSettings
from galforge.sampling.sample import sample
from galforge.stamps.file import Stamps
from galforge.training import export, state
from galforge.training.segment import Segment, run_segment
from galforge.training.settings import StepSettings
from toys.galaxies import write_stamps

BATCH = 8
VAE = {"latent": 4, "width": 8, "max_width": 16, "blocks": 1}


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request) -> str:
    """The CPU shows that the tests are right where there is no GPU."""
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("torch sees no GPU")
    return request.param


@pytest.fixture
def stamps(tmp_path) -> Path:
    return write_stamps(tmp_path / "stamps.h5")


def trained(stamps: Path, folder: Path, device: str, stop: int, before: Path | None = None) -> Path:
    network = families.load("models", "vae", "settings").ModelSettings(**VAE)
    settings = StepSettings(batch=BATCH, ema_half_life_images=100, history_images=BATCH, device=device)
    segment = Segment(stamps, "vae", network, NormalisationSettings(), settings, 0, stop, before, "key")
    out = folder / f"state-{stop}-{before is None}.pt"
    run_segment(segment, out, folder / f"work-{out.stem}")
    return out


def test_a_resumed_training_ends_like_one_that_was_not(stamps, tmp_path, device):
    whole = state.read(trained(stamps, tmp_path, device, 4 * BATCH))
    half = trained(stamps, tmp_path, device, 2 * BATCH)
    resumed = state.read(trained(stamps, tmp_path, device, 4 * BATCH, half))
    # A GPU adds numbers in another order each time, in bfloat16 with three digits.
    close = {"cpu": 0.0, "cuda": 0.05}[device]
    assert resumed["history"]["loss"] == pytest.approx(whole["history"]["loss"], rel=close, abs=close)
    assert len(whole["history"]["loss"]) == 4


def test_images_are_those_that_the_cpu_draws(stamps, tmp_path, device):
    weights = tmp_path / "weights.safetensors"
    export.export_weights(trained(stamps, tmp_path, device, 2 * BATCH), weights)
    drawn = []
    for number, place in enumerate((device, "cpu")):
        out = tmp_path / f"drawn-{number}.h5"
        sample(weights, out, 0, 8, 0, 4, device=place)
        with Stamps(out) as generated:
            drawn.append(generated.images[:])
    # TF32 has ten bits.
    assert np.abs(drawn[0] - drawn[1]).max() <= 0.01 * drawn[1].std() * (device == "cuda")


def test_features_are_those_of_the_cpu(stamps, device):
    with Stamps(stamps) as source:
        stretch = preparation.stretch_from(stamps, 0)
        tables = [
            rows_of(measure(source, 0, 4, MeasureSettings(batch=2, device=place), 0, 0, 0, stretch), "features")[:]
            for place in (device, "cpu")
        ]
    assert tables[0].shape == (4, 1280)
    assert np.abs(tables[0] - tables[1]).max() <= 1e-4 * np.abs(tables[1]).max() * (device == "cuda")
