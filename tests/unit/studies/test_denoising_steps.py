"""Steps of denoisers on images of several sizes: what is observed, the gradient, the order, and the validation loss."""

import copy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from galforge.studies.denoising import batches, degrade
from galforge.studies.denoising.galaxies import Bucketed, Galaxies, Member, chosen
from galforge.studies.denoising.settings import DenoiserNetwork, DenoiserSettings
from galforge.studies.denoising.training import Job, Training, Validation, _convolutions
from galforge.training.data import augment
from galforge.training.draws import Draws
from toys.native import write_galaxies

CPU = torch.device("cpu")
TINY = DenoiserNetwork(width=6, blocks=1, kernel=3, bottleneck=2)
PSF, NOISE, SEED = 1.0, 2.0, 11
MIXED, EQUAL = (9, 14, 14, 11, 14), (12, 12, 12)


def images(sides: tuple[int, ...]) -> list[Tensor]:
    draws = np.random.default_rng(len(sides))
    return [torch.from_numpy(draws.normal(5, 2, (2, side, side))).float() for side in sides]


def job(path: Path, **changes: object) -> Job:
    given = {"network": TINY, "input_scale": 10.0, "batch": 4, "validation_images": 8, **changes}
    return Job(path, None, DenoiserSettings(**given), PSF, NOISE, 0.0, 3, 0, "k")


def in_a_frame(given: list[Tensor]) -> list[tuple[Tensor, Tensor]]:
    """Images observed in the first corner of a dark frame as large as the largest, and cut out of it again."""
    largest = max(image.shape[-1] for image in given)
    canvas = torch.zeros((len(given), 3, largest, largest))
    for row, image in zip(canvas, given, strict=True):
        side = image.shape[-1]
        row[:2, :side, :side], row[2, :side, :side] = image, 1
    draws = Draws(SEED, len(given), slice(len(given)), CPU)
    canvas = augment(canvas, draws)
    noise = NOISE * draws.normal(2, largest, largest)
    found = []
    for row, own in zip(canvas, noise, strict=True):
        down, across = (row[2].any(axis).nonzero()[:, 0] for axis in (1, 0))
        here = np.s_[:, int(down[0]) : int(down[-1]) + 1, int(across[0]) : int(across[-1]) + 1]
        truth = row[:2][here]
        found.append((torch.from_numpy(degrade.blurred(truth.numpy(), PSF)).float() + own[here], truth))
    return found


@pytest.mark.parametrize("sides", [MIXED, EQUAL, (13,)])
def test_images_of_any_size_are_observed_as_in_a_frame_of_the_largest(sides: tuple[int, ...]):
    given = images(sides)
    expected = in_a_frame(given)
    order = [number for same in batches.by_side(given) for number in same]
    seen = [pair for group in batches.Observer(PSF, NOISE, CPU)(given, SEED) for pair in zip(*group, strict=True)]
    assert [len(group) for group in batches.by_side(given)] == [sides.count(side) for side in dict.fromkeys(sides)]
    for number, (observed, truth) in zip(order, seen, strict=True):
        assert torch.equal(truth, expected[number][1])
        torch.testing.assert_close(observed, expected[number][0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("precision", "close"), [("float32", 1e-5), ("bfloat16", 2e-2)])
@pytest.mark.parametrize("sides", [MIXED, EQUAL])
def test_the_gradient_of_a_step_is_that_of_the_mean_loss(
    sides: tuple[int, ...], precision: str, close: float, tmp_path: Path
):
    run = Training(job(tmp_path, precision=precision), 2, CPU)
    given = images(sides)
    pairs: list[tuple[Tensor, Tensor]] = []

    def observe(given: list[Tensor], seed: int) -> list[tuple[Tensor, Tensor]]:
        groups = list(batches.Observer(PSF, NOISE, CPU)(given, seed))
        pairs.extend(pair for group in groups for pair in zip(*group, strict=True))
        return groups

    run.observe = observe
    alone = Training(job(tmp_path), 2, CPU).network
    run.step(given)
    # One image after the other in single precision, and autograd's sum over all of them.
    losses = [((alone(seen[None]) - truth) ** 2).mean() for seen, truth in pairs]
    mean = sum(losses) / len(losses)
    (mean / 10.0**2).backward()
    assert float(run.sum) == pytest.approx(float(mean.detach()), rel=close)
    wanted = torch.cat([weight.grad.flatten() for weight in alone.parameters()])
    found = torch.cat([weight.grad.flatten() for weight in run.network.parameters()])
    assert float((found - wanted).norm() / wanted.norm()) < close


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_resumed_network_goes_on_with_its_own_weights(precision: str, tmp_path: Path):
    own = job(tmp_path, precision=precision, learning_rate=0.1)
    run, resumed = Training(own, 2, CPU), Training(own, 2, CPU)
    fresh = run.output(torch.ones((1, 2, 9, 9)))
    run.step(images(MIXED))
    # As read from a file: the states of optimisers are not copied.
    resumed.restore(copy.deepcopy(run.state()))
    for each in (run, resumed):
        rounded = [weight.to(each.computing.first.weight.dtype) for weight in each.network.parameters()]
        assert all(map(torch.equal, rounded, each.computing.parameters()))
        assert not torch.equal(each.output(torch.ones((1, 2, 9, 9))), fresh)
        each.step(images(EQUAL))
    assert all(map(torch.equal, run.network.parameters(), resumed.network.parameters()))


@pytest.fixture
def galaxies(tmp_path: Path) -> Path:
    # Of six sizes, so that several validation galaxies have the same.
    return write_galaxies(tmp_path / "real.h5", 48, "mock", 1, (12, 17))


class Counted(Galaxies):
    """Galaxies that count what is asked of them."""

    asked = 0

    def __getitem__(self, row: int) -> np.ndarray:
        self.asked += 1
        return super().__getitem__(row)


@pytest.mark.parametrize("room", [0, 10_000, 10**9])
def test_images_kept_on_the_device_are_those_that_are_read(room: int, galaxies: Path):
    with Counted(galaxies) as real, Galaxies(galaxies) as plain:
        members = [Member(False, int(row)) for row in real.stamps.split("train")]
        order: Callable[[int], list[Member]] = Bucketed(members, [real.side(each.row) for each in members], 4, (0,))
        with batches.Batches(order, (real, None), CPU, room) as source:
            for step in range(30):
                for member, found in zip(order(step), source(step), strict=True):
                    assert np.array_equal(found.numpy(), plain[member.row])
                if step == 15:
                    asked = real.asked
            assert sum(image.nbytes for image in source.held.values()) <= room
            assert (len(source.held) == 24) == (room == 10**9)
        # All were seen in the first six steps: where all are kept, none is read any more.
        assert (real.asked == asked) == (room == 10**9)


@pytest.mark.parametrize("pixels", [1, 600, 10**6])
def test_validation_in_batches_is_that_of_each_image(pixels: int, galaxies: Path):
    own = job(galaxies)
    with Galaxies(galaxies) as real:
        run = Training(own, 2, CPU)
        validation = Validation(own, real, run, pixels)
        rows = chosen(real.stamps, "validation", 8, 3)
        assert sorted(len(seen) for seen, _ in validation.batches) != [1] * 8 or pixels == 1
        errors = []
        for row in rows:
            pair = degrade.observed(real[row], PSF, NOISE, 1.0, 1.0, (3, "denoising validation", row))
            with torch.no_grad():
                output = run.network(torch.from_numpy(pair.image).float()[None])[0].numpy()
            errors.append(np.mean((output - pair.truth) ** 2))
        assert validation() == pytest.approx(np.mean(errors), rel=1e-5)


@pytest.mark.parametrize(("precision", "tf32"), [("float32", False), ("tf32", True), ("bfloat16", False)])
def test_a_gpu_rounds_factors_and_tunes_only_where_it_is_told(precision: str, tf32: bool, tmp_path: Path):
    settings = job(tmp_path, precision=precision).settings
    for one_size in (False, True):
        with _convolutions(settings, one_size):
            cudnn = torch.backends.cudnn
            assert (cudnn.enabled, cudnn.allow_tf32, cudnn.benchmark) == (True, tf32, one_size)
            # The blur does not, and gives back what it found.
            batches.blurred(torch.ones((1, 1, 9, 9)), torch.ones(3))
            assert (cudnn.enabled, cudnn.allow_tf32, cudnn.benchmark) == (True, tf32, one_size)


def test_galaxies_say_whether_they_have_one_size(galaxies: Path, tmp_path: Path):
    with Galaxies(galaxies) as mixed:
        assert not mixed.one_size
    with Galaxies(write_galaxies(tmp_path / "equal.h5", 8, "mock", 1, (12, 12))) as equal:
        assert equal.one_size
