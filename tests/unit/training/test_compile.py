"""``training: compile``: compiled networks learn what others learn, gradient penalties included."""

import pytest
import torch
from torch import nn

from galforge import families
from galforge.models.device import twice_differentiable
from galforge.models.normalisation import Normalisation
from galforge.training.loop import Training
from galforge.training.settings import StepSettings

SHAPE = (1, 32, 32)
STYLE = {"latent": 4, "mapping_layers": 1, "width": 4, "max_width": 4}
UNET = {"dim": 8, "multipliers": [1, 1], "heads": 1, "head_dim": 4}
CASES = {
    "stylegan": STYLE | {"group": 2, "r1_interval": 2, "path_length": 2.0, "path_length_interval": 2},
    "alae": STYLE | {"r1_interval": 2},
    "vae": {"latent": 3, "width": 8, "max_width": 8, "blocks": 1},
    "ddpm": UNET,
    "edm": UNET | {"known": "white"},
}


class Same:
    """The same images again and again, as TrainingImages gives them."""

    def __init__(self, conditions: tuple[str, ...]):
        stream = torch.Generator().manual_seed(1)
        self.images = torch.randn(4, *SHAPE, generator=stream)
        self.told = {name: torch.rand(4, generator=stream) for name in conditions} or None

    def batch(self, first: int, number: int, stride: int):
        return self.images.clone(), self.told


@pytest.fixture(autouse=True)
def without_code(monkeypatch):
    """Networks are traced, cut and differentiated as when they are compiled, but no C++ is made of them: that takes
    minutes. Whoever would leave a part of them uncompiled in silence gets an error."""
    real = nn.Module.compile
    monkeypatch.setattr(nn.Module, "compile", lambda self: real(self, backend="aot_eager", fullgraph=True))
    yield
    torch.compiler.reset()


@pytest.mark.parametrize("family", CASES)
def test_compiled_steps_are_those_of_before(family):
    network = families.load("models", family, "settings").ModelSettings(**CASES[family])
    losses = []
    for compile_networks in (False, True):
        settings = StepSettings(batch=4, device="cpu", precision="float32", compile=compile_networks)
        normalisation = Normalisation("linear", (1.0,), (0.0,), (1.0,))
        run = Training(family, network, SHAPE, normalisation, settings, 0, torch.device("cpu"))
        # The first with penalties, the second without.
        for _ in range(2):
            run.step(Same(run.family.conditions))
        losses.append({name: total.item() for name, total in run.sums.items()})
    assert losses[1] == pytest.approx(losses[0], rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("family", ["stylegan", "alae"])
def test_trainings_that_compile_nothing_leave_the_compiler_alone(family, monkeypatch):
    """What it is told holds in the whole process: trainings in threads would leave it behind for later ones."""
    monkeypatch.setattr(torch.compiler, "set_stance", lambda stance: pytest.fail(f"the compiler is told: {stance}"))
    network = families.load("models", family, "settings").ModelSettings(**CASES[family])
    settings = StepSettings(batch=4, device="cpu", precision="float32")
    normalisation = Normalisation("linear", (1.0,), (0.0,), (1.0,))
    run = Training(family, network, SHAPE, normalisation, settings, 0, torch.device("cpu"))
    run.step(Same(run.family.conditions))
    assert run.images_seen == 4


def test_networks_are_compiled_except_where_they_are_differentiated_twice():
    seen = []

    def backend(graph, inputs):
        seen.append(graph)
        return graph.forward

    layer = torch.compile(nn.Linear(2, 2), backend=backend)
    with twice_differentiable():
        layer(torch.ones(1, 2))
    assert not seen
    layer(torch.ones(1, 2))
    assert len(seen) == 1
