"""What memory a training takes of a GPU: counted without one, and compared with what is there."""

from types import SimpleNamespace

import pytest
import torch

from galforge import families
from galforge.errors import GalforgeError
from galforge.models.normalisation import Normalisation
from galforge.training import room
from galforge.training.loop import Training
from galforge.training.room import HALVED, WORKSPACES, Bytes, left, room_for_images, step_bytes
from galforge.training.settings import StepSettings

CPU = torch.device("cpu")
NORMALISATION = Normalisation("linear", (1.0,), (0.0,), (1.0,))
SHAPE = (1, 32, 32)
STYLE = {"latent": 4, "mapping_layers": 1, "width": 8, "max_width": 16}
GIB = 2**30


def network_of(family: str, **settings):
    return families.load("models", family, "settings").ModelSettings(**settings)


def test_the_most_images_that_fit_are_those_that_still_do():
    needs = Bytes(fixed=3e8, image=7e6)
    for space in (2.1e9, 5e9, 4e10):
        fits = needs.fitting(space)
        assert needs.of(fits) <= space < needs.of(fits + 1)
    assert needs.fitting(WORKSPACES) < 0


class Same:
    """The same images again and again, as TrainingImages gives them."""

    def batch(self, first: int, number: int, stride: int):
        return torch.randn(number, *SHAPE), None


@pytest.mark.parametrize(
    ("family", "settings"),
    [("stylegan", STYLE), ("alae", STYLE), ("vae", {"latent": 8, "width": 8, "max_width": 16, "blocks": 1})],
)
def test_bytes_of_a_step_are_those_of_a_real_one(family, settings):
    """All that a real first step has in memory at once, weights and states of the optimisers apart."""
    network, images = network_of(family, **settings), 32
    needs = step_bytes(family, network, SHAPE, NORMALISATION, bfloat16=False)
    chosen = StepSettings(batch=images, device="cpu", precision="float32", augmentation=False)
    run = Training(family, network, SHAPE, NORMALISATION, chosen, 0, CPU)
    for optimiser in run.optimisers.values():
        optimiser.step = lambda: None
    with room._Live() as live:
        run.step(Same())
    assert live.most == pytest.approx(needs.fixed + images * needs.image, rel=0.1)
    assert needs.image > 10 * 4 * torch.Size(SHAPE).numel()


def test_lower_precision_takes_less_except_for_penalties():
    plain, penalised = (network_of("stylegan", **STYLE, r1=r1) for r1 in (0.0, 1.0))
    single, halved = (step_bytes("stylegan", plain, SHAPE, NORMALISATION, low).image for low in (False, True))
    assert halved == pytest.approx(HALVED * single, rel=0.01)
    both = [step_bytes("stylegan", penalised, SHAPE, NORMALISATION, low).image for low in (False, True)]
    assert both[0] >= both[1] > 1.1 * HALVED * both[0]
    assert both[1] > 1.1 * halved


@pytest.fixture
def run(monkeypatch):
    """A training with a GPU of so much memory, which the test sets."""
    gpu = SimpleNamespace(free=80 * GIB)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (gpu.free, 80 * GIB))
    settings = StepSettings(batch=32, device="cpu", precision="float32")
    training = Training("stylegan", network_of("stylegan", **STYLE), SHAPE, NORMALISATION, settings, 0, CPU)
    training.gpu = gpu
    return training


def test_images_get_what_steps_leave(run):
    needs = step_bytes("stylegan", run.network, SHAPE, NORMALISATION, bfloat16=False)
    weights = sum(weight.nbytes for weight in run.family.networks.parameters())
    batch = 3 * 32 * 4 * 32**2
    assert room_for_images(run, several=False) == pytest.approx(80 * GIB - needs.of(32) - 2 * weights - batch, abs=2)
    assert room_for_images(run, several=True) == pytest.approx(80 * GIB - needs.of(32) - 3 * weights - batch, abs=2)


def test_a_gpu_too_small_is_refused_with_the_micro_batch_that_fits(run):
    needs = step_bytes("stylegan", run.network, SHAPE, NORMALISATION, bfloat16=False)
    weights = sum(weight.nbytes for weight in run.family.networks.parameters())
    run.gpu.free = needs.of(18) + 2 * weights + 3 * 32 * 4 * 32**2
    with pytest.raises(GalforgeError, match=r"model stylegan: steps of 32 images .* say training: micro_batch: 16"):
        room_for_images(run, several=False)
    assert left(run, run.gpu.free, needs, 16) > 0
    run.gpu.free = WORKSPACES
    with pytest.raises(GalforgeError, match="ask for a GPU with more memory"):
        room_for_images(run, several=False)
