"""A step never waits for its device: nothing in it turns a tensor into a number or copies one back to the host."""

import pytest
import torch

from galforge.models import normalisation as normalisations
from galforge.models.settings import NormalisationSettings
from galforge.stamps.file import Stamps
from galforge.training.data import TrainingImages
from galforge.training.loop import Training
from galforge.training.settings import StepSettings
from toys.galaxies import write_stamps
from toys.job import NETWORK
from toys.waiting import Watch


@pytest.fixture
def run_and_images(tmp_path):
    with Stamps(write_stamps(tmp_path / "toy.h5")) as stamps:
        normalisation = normalisations.measure(NormalisationSettings(), stamps, stamps.split("train"))
        settings = StepSettings(batch=4, history_images=12, device="cpu", gradient_clip=1.0)
        run = Training("vae", NETWORK, stamps.shape, normalisation, settings, 0, torch.device("cpu"))
        with TrainingImages(stamps, torch.device("cpu"), (), 0) as images:
            yield run, images


def test_a_step_never_waits_and_only_a_complete_row_of_the_history_does(run_and_images):
    run, images = run_and_images
    # Only the first step uses scalars of the host, to make the state of the optimiser.
    run.step(images)
    with Watch() as within:
        run.step(images)
    assert within.all > 100
    assert within.found == []
    with Watch() as closing:
        run.step(images)
    assert closing.found


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU here")
def test_a_step_on_a_gpu_never_waits(tmp_path):
    device = torch.device("cuda")
    with Stamps(write_stamps(tmp_path / "toy.h5")) as stamps:
        normalisation = normalisations.measure(NormalisationSettings(), stamps, stamps.split("train"))
        settings = StepSettings(batch=4, history_images=1000, gradient_clip=1.0)
        run = Training("vae", NETWORK, stamps.shape, normalisation, settings, 0, device)
        with TrainingImages(stamps, device, (), 0) as images:
            run.step(images)
            torch.cuda.set_sync_debug_mode("error")
            try:
                run.step(images)
            finally:
                torch.cuda.set_sync_debug_mode("default")
