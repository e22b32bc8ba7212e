"""Micro-batches: what is cut, what must not be, and that steps stay what they are."""

from collections.abc import Callable

import pytest
import torch

from galforge import families
from galforge.errors import GalforgeError
from galforge.models.normalisation import Normalisation
from galforge.models.protocol import Step
from galforge.training.draws import Draws
from galforge.training.loop import Training
from galforge.training.micro import check_groups, micro_batches
from galforge.training.settings import StepSettings
from toys.template.settings import ModelSettings

CPU = torch.device("cpu")
NORMALISATION = Normalisation("linear", (1.0,), (0.0,), (1.0,))
SHAPE = (1, 32, 32)
STYLE = {"latent": 4, "mapping_layers": 2, "width": 4, "max_width": 8}


def settings_of(**changes) -> StepSettings:
    return StepSettings(**{"batch": 12, "device": "cpu", "precision": "float32", "history_images": 1000} | changes)


class Same:
    """The same images again and again, as TrainingImages gives them."""

    def __init__(self, number: int, conditions: tuple[str, ...]):
        stream = torch.Generator().manual_seed(1)
        self.images = torch.randn(number, *SHAPE, generator=stream)
        self.told = {name: torch.rand(number, generator=stream) for name in conditions} or None

    def batch(self, first: int, number: int, stride: int):
        return self.images[:number].clone(), self.told


def test_parts_are_neighbours_with_the_numbers_of_the_whole_batch():
    parts = micro_batches(settings_of(micro_batch=4), 2, 10, 5, CPU)
    assert [part.rows for part in parts] == [slice(0, 4), slice(4, 8), slice(8, 10)]
    assert [part.share for part in parts] == [0.4, 0.4, 0.2]
    whole = Draws(5, 12, slice(2, 12), CPU)
    for shape in ((), (3, 2)):
        expected = whole.normal(*shape)
        assert torch.equal(torch.cat([part.draws.normal(*shape) for part in parts]), expected)


CASES = {
    "stylegan": ("stylegan", STYLE | {"group": 2, "r1_interval": 1, "conditions": ["redshift"]}),
    "stylegan with path lengths": ("stylegan", STYLE | {"group": 2, "path_length": 2.0, "path_length_interval": 1}),
    "stylegan that adapts": ("stylegan", STYLE | {"group": 2, "ada_target": 0.6, "ada_images": 50}),
    "alae": ("alae", STYLE | {"r1_interval": 2}),
    "vae": ("vae", {"latent": 3, "width": 8, "max_width": 8, "blocks": 1}),
    "ddpm": ("ddpm", {"dim": 8, "multipliers": [1, 1], "heads": 1, "head_dim": 4}),
    "edm": ("edm", {"dim": 8, "multipliers": [1, 1], "heads": 1, "head_dim": 4, "known": "white"}),
}


@pytest.mark.parametrize("case", CASES)
def test_steps_of_micro_batches_are_those_of_whole_batches_but_for_rounding(case):
    """Gradients, not weights: for a weight without influence, Adam makes a full step of a rounding error."""
    family, network = CASES[case]
    network = families.load("models", family, "settings").ModelSettings(**network)
    runs = []
    for size in (0, 4):
        settings = settings_of(micro_batch=size)
        run = Training(family, network, SHAPE, NORMALISATION, settings, 0, CPU)
        # With so large an epsilon, Adam steps along the gradient.
        for optimiser in run.optimisers.values():
            for group in optimiser.param_groups:
                group["lr"], group["eps"] = 30.0, 1e3
        images = Same(12, run.family.conditions)
        for _ in range(2):
            run.step(images)
        runs.append(run)
    whole, cut = runs
    for name, total in whole.sums.items():
        assert cut.sums[name].item() == pytest.approx(total.item(), rel=1e-4, abs=1e-5), name
    start = Training(family, network, SHAPE, NORMALISATION, settings_of(), 0, CPU).family.networks.state_dict()
    moved = differing = 0.0
    for name, value in whole.family.networks.state_dict().items():
        change = value.double() - start[name].double()
        other = cut.family.networks.state_dict()[name].double() - start[name].double()
        # Gradients of single numbers are sums over maps, whose rounding errors are larger than they.
        assert (other - change).norm() <= 0.02 * change.norm() + 1e-6 * start[name].double().norm() + 1e-9, name
        moved, differing = moved + change.square().sum().item(), differing + (other - change).square().sum().item()
    assert moved > 0
    assert differing**0.5 < 2e-3 * moved**0.5


def test_a_family_that_computes_batches_as_a_whole_says_so():
    run = Training("toys.template", ModelSettings(), SHAPE, NORMALISATION, settings_of(micro_batch=4), 0, CPU)
    with pytest.raises(GalforgeError, match=r"toys.template computes a batch as a whole: say training: micro_batch: 0"):
        run.step(Same(12, run.family.conditions))


@pytest.mark.parametrize(("size", "share", "right"), [(6, 12, "8"), (2, 12, "4"), (6, 10, "0")])
def test_groups_that_are_judged_together_are_not_cut(size, share, right):
    class Family:
        together = 4

    with pytest.raises(GalforgeError, match=f"model a compares images in groups .*; {right} would be right"):
        check_groups("a", Family(), settings_of(micro_batch=size), share)
    check_groups("a", Family(), settings_of(micro_batch=4), 12)
    check_groups("a", Family(), settings_of(micro_batch=0), share)
    check_groups("a", object(), settings_of(micro_batch=size), share)


def test_only_one_term_of_one_micro_batch_is_differentiated_at_a_time():
    said: list[tuple[str, str, float]] = []
    parts = micro_batches(settings_of(batch=4, micro_batch=3), 0, 4, 5, CPU)

    def note(kind: str) -> Callable[[str, torch.Tensor], None]:
        return lambda name, loss: said.append((kind, name, loss.item()))

    step = Step(0, 4, parts[0].draws, None, note("update"), torch.clone, note("gather"), parts)
    images = torch.tensor([1.0, 2.0, 3.0, 8.0])

    def term(part):
        return part.of(images).mean(), {"mean": part.of(images).mean()}

    def other(part):
        return 10 * part.of(images).mean(), {}

    assert step.learn("all", term, other)["mean"].item() == 3.5
    assert said == [("gather", "all", 1.5), ("gather", "all", 2.0), ("gather", "all", 15.0), ("update", "all", 20.0)]
