"""The loop around a step: the EMA of the weights, the history, clipping, and augmentation."""

import copy

import pytest
import torch

from galforge.errors import GalforgeError
from galforge.models.normalisation import Normalisation
from galforge.stamps.file import Stamps
from galforge.training.data import TrainingImages
from galforge.training.draws import Draws, torch_seed
from galforge.training.loop import Training
from galforge.training.settings import StepSettings, TrainingSettings
from galforge.training.state import content_digest
from galforge.training.validation import Validation
from toys.galaxies import write_stamps
from toys.template.settings import ModelSettings

CPU = torch.device("cpu")
SHAPE = (1, 32, 32)
NORMALISATION = Normalisation("linear", (1.0,), (0.0,), (1.0,))


def begin(**changes):
    settings = StepSettings(**{"batch": 10, "history_images": 30, "device": "cpu"} | changes)
    return Training("toys.template", ModelSettings(), SHAPE, NORMALISATION, settings, 0, CPU)


@pytest.fixture
def images(tmp_path):
    with (
        Stamps(write_stamps(tmp_path / "s.h5")) as stamps,
        TrainingImages(stamps, CPU, ("brightness",), 0) as images,
    ):
        yield images


def test_average_forgets_half_in_a_half_life_and_copies_counters():
    run = begin(ema_half_life_images=200)
    run.images_seen = 1_000_000
    for weights, value in ((run.average, 0.0), (run.family.networks, 1.0)):
        weights.template.data.fill_(value)
    run.family.networks.steps.fill_(7)
    for _ in range(20):
        run._follow_weights()
    assert run.average.template.mean().item() == pytest.approx(0.5, rel=1e-5)
    assert run.average.steps.item() == 7


def test_average_does_not_keep_the_start_while_little_was_seen():
    run = begin(ema_half_life_images=1_000_000)
    for weights, value in ((run.average, 0.0), (run.family.networks, 1.0)):
        weights.template.data.fill_(value)
    for seen in range(10, 1001, 10):
        run.images_seen = seen
        run._follow_weights()
    assert run.average.template.mean().item() > 0.99


def test_history_rows_are_means_over_their_interval(images):
    run, losses = begin(), []
    real = run.family.step

    def step(*args):
        losses.append(real(*args))
        return losses[-1]

    run.family.step = step
    for _ in range(7):
        run.step(images)
    expected = [sum(float(loss["misfit"]) for loss in losses[i : i + 3]) / 3 for i in (0, 3)]
    assert run.history["images_seen"] == [30, 60]
    assert run.history["misfit"] == pytest.approx(expected, rel=1e-6)


def test_losses_under_other_names_are_refused(images):
    run = begin()
    run.step(images)
    run.family.step = lambda *_: {"other": torch.zeros(())}
    with pytest.raises(GalforgeError, match="same names at every step"):
        run.step(images)


def test_gradients_are_clipped_to_the_norm():
    run = begin(gradient_clip=0.5)
    template = run.family.networks.template
    run._update("template", (100.0 * template).sum())
    assert template.grad.norm().item() == pytest.approx(0.5, rel=1e-4)
    run = begin()
    run._update("template", (100.0 * run.family.networks.template).sum())
    assert run.family.networks.template.grad.norm().item() == pytest.approx(3200.0, rel=1e-4)


def test_augmentation_can_be_switched_off(images):
    seen = {}
    for augmentation in (True, False):
        run = begin(augmentation=augmentation)
        real = run.family.step

        def step(batch, conditions, step, keep=augmentation, real=real):
            seen[keep] = batch.clone()
            return real(batch, conditions, step)

        run.family.step = step
        run.step(images)
    assert torch.equal(seen[False], images.batch(0, 10)[0])
    assert not torch.equal(seen[True], seen[False])
    assert torch.allclose(seen[True].sum(), seen[False].sum(), rtol=1e-5)


def test_step_sizes_fall_as_the_inverse_root_of_images_seen_and_a_restored_run_knows_them(images):
    run, again = begin(decay_images=40), begin(decay_images=40)
    rates = []
    for _ in range(9):
        run.step(images)
        rates.append(run.optimisers["template"].param_groups[0]["lr"])
    # Copied, as by a file, because torch's optimisers work on in the tensors that they are given.
    again.restore(copy.deepcopy(run.state()))
    for each in (run, again):
        each.step(images)
    first = run.rates["template"][0]
    assert rates[:5] == [first] * 5
    assert rates[5:] == pytest.approx([first * (4 / steps) ** 0.5 for steps in (5, 6, 7, 8)])
    assert content_digest(again.state()) == content_digest(run.state())


def test_step_sizes_grow_in_proportion_at_first_and_then_fall(images):
    run = begin(warmup_images=40, decay_images=60)
    rates = []
    for _ in range(9):
        run.step(images)
        rates.append(run.optimisers["template"].param_groups[0]["lr"])
    first = run.rates["template"][0]
    assert rates[:7] == pytest.approx([first * share for share in (0.25, 0.5, 0.75, 1, 1, 1, 1)])
    assert rates[7:] == pytest.approx([first * (60 / seen) ** 0.5 for seen in (70, 80)])


def test_validation_losses_are_those_of_the_average_on_other_images_and_change_nothing(images, tmp_path):
    run, without = (begin(batch=5, validation_images=13, augmentation=False) for _ in range(2))
    with Stamps(images.stamps.path) as stamps, TrainingImages(stamps, CPU, ("brightness",), 0, splits=["test"]) as held:
        run.validation = Validation(run, held)
        expected = []
        for _ in range(12):
            run.step(images)
            without.step(images)
            if run.images_seen % 30 == 0:
                expected.append(misfit(run, held))
    assert len(held.indices) == 8
    assert run.history["validation misfit"] == pytest.approx(expected, rel=1e-5)
    assert run.history["misfit"] == without.history["misfit"]
    assert content_digest(run.state()["networks"]) == content_digest(without.state()["networks"])
    assert content_digest(run.state()["average"]) == content_digest(without.state()["average"])


def misfit(run, held):
    """Mean squared residual of the averaged template, with the draws of the one whole batch of five."""
    batch, conditions = held.batch(0, 5)
    jitter = 0.01 * Draws(torch_seed(0, "validation", 0), 5, slice(0, 5), CPU).normal()
    brightness = (conditions["brightness"] + jitter).reshape(-1, 1, 1, 1)
    return (batch - run.average.template * brightness).square().mean().item()


def test_validation_needs_a_whole_batch_and_images_that_are_not_trained_on(images):
    with pytest.raises(GalforgeError, match="less than one batch"):
        Validation(begin(validation_images=9), images)
    with pytest.raises(ValueError, match="splits has validation"):
        TrainingSettings(validation_images=100, splits=["train", "validation"])
