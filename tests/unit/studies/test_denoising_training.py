"""Denoising networks: their size, what they are trained on, and resuming."""

import multiprocessing
import signal
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from galforge.errors import GalforgeError
from galforge.stamps.native_file import NativeWriter
from galforge.studies.denoising import batches, degrade
from galforge.studies.denoising.apply import network
from galforge.studies.denoising.galaxies import Bucketed, Galaxies, Member, chosen, drawn, members
from galforge.studies.denoising.network import Denoiser
from galforge.studies.denoising.settings import DenoiserNetwork, DenoiserSettings, weights_of
from galforge.studies.denoising.training import Diverged, Job, train
from galforge.studies.denoising.trials import CASE, Trial
from galforge.training.clock import Preempted
from galforge.training.keep import Keep
from toys.native import header, write_galaxies

TINY = DenoiserNetwork(width=6, blocks=1, kernel=3, bottleneck=2)
PSF, NOISE = 1.0, 2.0


@pytest.fixture
def real(tmp_path: Path) -> Path:
    return write_galaxies(tmp_path / "real.h5", 48, "mock", 1)


@pytest.fixture
def generated(tmp_path: Path) -> Path:
    return write_galaxies(tmp_path / "generated.h5", 30, "generated", 2)


def settings(**changes: object) -> DenoiserSettings:
    given = {
        "network": TINY,
        "input_scale": 10.0,
        "batch": 4,
        "learning_rate": 5e-3,
        "steps_per_epoch": 5,
        "epochs": 6,
        "validation_images": 6,
    }
    return DenoiserSettings(**{**given, **changes})


def job(real: Path, generated: Path | None, key: str = "k", alpha: float = 0.5, **changes: object) -> Job:
    return Job(real, generated, settings(**changes), PSF, NOISE, alpha, 3, 0, key)


def test_the_published_network_has_the_published_size():
    count = sum(weights.numel() for weights in Denoiser(DenoiserNetwork(), 4, 1.0).parameters())
    assert count == weights_of(DenoiserNetwork(), 4) == 522_310
    # 2.2 MB of weights, that is 0.54 million in single precision, give or take what a file adds.
    assert abs(count / 0.54e6 - 1) < 0.05
    other = DenoiserNetwork(width=7, blocks=2, kernel=3, bottleneck=4)
    assert sum(weights.numel() for weights in Denoiser(other, 3, 1.0).parameters()) == weights_of(other, 3)


def test_the_blur_of_a_batch_is_scipys():
    galaxy = np.random.default_rng(0).normal(size=(3, 24, 24))
    kernel = torch.from_numpy(degrade.gaussian(2.0))
    here = batches.blurred(torch.from_numpy(galaxy)[None], kernel)[0].numpy()
    np.testing.assert_allclose(here, degrade.blurred(galaxy, 2.0), atol=1e-12)
    point = np.zeros((1, 61, 61))
    point[0, 30, 30] = 1
    seen = degrade.blurred(point, 2.0)[0]
    y, x = np.indices(seen.shape) - 30
    np.testing.assert_allclose(seen, np.exp(-(x**2 + y**2) / 8) / (8 * np.pi), atol=2e-5)
    assert len(degrade.gaussian(2.0)) == 41


def test_pixels_of_twice_the_size_are_means_of_four():
    image = np.random.default_rng(0).normal(size=(2, 17, 17))
    wide = degrade.with_pixels(image, 2.0)
    np.testing.assert_allclose(wide, image[:, :16, :16].reshape(2, 8, 2, 8, 2).mean(axis=(2, 4)), atol=1e-12)
    assert degrade.with_pixels(image, 1.5).shape == (2, 11, 11)
    flat = degrade.with_pixels(np.ones((1, 20, 20)), 1.75)
    np.testing.assert_allclose(flat, 1)


def test_noise_of_a_test_depends_on_the_galaxy_alone():
    galaxy = np.zeros((1, 40, 40))
    first = degrade.observed(galaxy, 2.0, 4.0, 1.0, 1.0, (0, "test", 7)).image
    louder = degrade.observed(galaxy, 2.0, 4.0, 1.0, 5.0, (0, "test", 7)).image
    other = degrade.observed(galaxy, 2.0, 4.0, 1.0, 1.0, (0, "test", 8)).image
    np.testing.assert_allclose(louder, 5 * first)
    assert abs(np.std(first) / 4 - 1) < 0.1
    assert abs(np.corrcoef(first.ravel(), other.ravel())[0, 1]) < 0.1


def test_alpha_is_a_share_of_distinct_images_and_subsets_are_nested():
    rows = np.arange(100, 150)
    before: set[Member] = set()
    for alpha in (0.0, 0.3, 0.5, 1.0):
        found = members(rows, 60, alpha, seed=1, replicate=2)
        assert len(found) == len(set(found)) == 50
        made = {member for member in found if member.generated}
        assert len(made) == round(alpha * 50)
        assert before <= made
        before = made
    assert members(rows, 60, 0.3, 1, 2) != members(rows, 60, 0.3, 1, 3)
    with pytest.raises(GalforgeError, match=r"sampling: count"):
        members(rows, 40, 1.0, 1, 2)


def test_an_epoch_sees_each_image_once_in_batches_of_like_size():
    sides = list(np.random.default_rng(0).integers(10, 60, 203))
    order = Bucketed([Member(False, row) for row in range(203)], sides, 8, (0, "x"))
    first = [order(step) for step in range(order.steps)]
    seen = [member.row for batch in first for member in batch]
    assert len(seen) == len(set(seen)) == 200
    spread = np.mean([np.ptp([sides[member.row] for member in batch]) for batch in first])
    assert spread < 0.3 * np.ptp(sides)
    assert [order(step) for step in range(order.steps, 2 * order.steps)] != first
    assert order(3) == first[3]  # going back, as a resumed training does
    with pytest.raises(GalforgeError, match="batch of 300"):
        Bucketed(order.images, sides, 300, (0,))


def test_published_alpha_is_a_probability():
    at = drawn(np.arange(10), 1000, 0.3, 1, (0, "y"))
    made = [at(step)[0] for step in range(4000)]
    share = np.mean([member.generated for member in made])
    assert abs(share - 0.3) < 4 * np.sqrt(0.21 / 4000)
    assert max(member.row for member in made if member.generated) > 900
    assert {member.row for member in made if not member.generated} == set(range(10))
    assert at(17) == at(17)


def test_chosen_galaxies_are_of_the_split_and_fixed(real: Path):
    with Galaxies(real) as galaxies:
        rows = chosen(galaxies.stamps, "test", 5, 0)
        assert rows == chosen(galaxies.stamps, "test", 5, 0) == sorted(rows)
        assert all(row % 4 == 3 for row in rows)
        assert len(chosen(galaxies.stamps, "test", 0, 0)) == 12


def losses(history: Path) -> np.ndarray:
    return np.genfromtxt(history, delimiter=",", names=True)["validation"]


def test_a_network_learns_and_beats_the_observation(real: Path, generated: Path, tmp_path: Path):
    weights, history = tmp_path / "w.safetensors", tmp_path / "h.csv"
    train(job(real, generated, epochs=60), weights, history, tmp_path / "work")
    found = losses(history)
    assert found.min() < 0.3 * found[0]
    denoise = network(weights, "cpu")
    with Galaxies(real) as galaxies:
        pairs = [degrade.observed(galaxies[i], PSF, NOISE, 1, 1, (9, "t", i)) for i in galaxies.stamps.split("test")]
    errors = [np.mean((denoise(Trial(CASE, "in_domain", 1, 1), pair)[0] - pair.truth) ** 2) for pair in pairs]
    before = [np.mean((pair.image - pair.truth) ** 2) for pair in pairs]
    assert np.mean(errors) < 0.7 * np.mean(before)


@pytest.mark.parametrize("protocol", ["corrected", "published"])
def test_a_stopped_training_ends_as_if_it_had_never_been(
    protocol: str, real: Path, generated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    changes = {"protocol": protocol, "batch": 1 if protocol == "published" else 4}
    whole, again = tmp_path / "whole", tmp_path / "again"
    for folder in (whole, again):
        folder.mkdir()
    train(job(real, generated, **changes), whole / "w", whole / "h", whole / "work")
    calls = iter(range(1000))
    due = Keep.is_due

    def interrupted(self: Keep) -> bool:
        if next(calls) == 13:
            signal.raise_signal(signal.SIGTERM)
        return due(self)

    monkeypatch.setattr(Keep, "is_due", interrupted)
    with pytest.raises(Preempted):
        train(job(real, generated, **changes), again / "w", again / "h", again / "work")
    assert not (again / "w").exists()
    train(job(real, generated, **changes), again / "w", again / "h", again / "work")
    assert (again / "w").read_bytes() == (whole / "w").read_bytes()
    assert (again / "h").read_bytes() == (whole / "h").read_bytes()


def test_networks_that_train_at_once_become_what_they_become_alone(real: Path, generated: Path, tmp_path: Path):
    """As jobs do that share a GPU: a process each, with their work in one folder."""
    at_once, alone = tmp_path / "at once", tmp_path / "alone"
    for folder in (at_once, alone):
        folder.mkdir()
    jobs = [job(real, generated, f"k{alpha}", alpha) for alpha in (0.25, 0.5)]

    def files(folder: Path, own: Job) -> tuple[Path, Path, Path]:
        return folder / f"w{own.alpha}", folder / f"h{own.alpha}", folder / "work" / own.key

    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as processes:
        for done in [processes.submit(train, own, *files(at_once, own)) for own in jobs]:
            done.result()
    for own in jobs:
        train(own, *files(alone, own))
        for one, other in zip(files(at_once, own)[:2], files(alone, own)[:2], strict=True):
            assert one.read_bytes() == other.read_bytes()


def test_training_ends_early_and_keeps_the_best(real: Path, tmp_path: Path):
    weights, history = tmp_path / "w", tmp_path / "h"
    # A rate so high that it gets worse after the first epochs.
    changes = {"learning_rate": 0.3, "patience_epochs": 3, "epochs": 200, "smallest_rate": 0.3}
    train(job(real, None, alpha=0.0, **changes), weights, history, tmp_path / "work")
    found = losses(history)
    assert len(found) < 200
    assert np.argmin(found) == len(found) - 4


def test_a_loss_that_is_no_number_ends_the_training(real: Path, tmp_path: Path):
    with pytest.raises(Diverged, match="learning_rate"):
        train(job(real, None, alpha=0.0, learning_rate=1e30), tmp_path / "w", tmp_path / "h", tmp_path / "work")


def test_other_bands_are_refused(real: Path, tmp_path: Path):
    other = tmp_path / "other.h5"
    with NativeWriter(other, header("generated", ("i",))) as out:
        out.append(np.ones((1, 12, 12)), index=0)
    with pytest.raises(GalforgeError, match="sample the model again"):
        train(job(real, other), tmp_path / "w", tmp_path / "h", tmp_path / "work")


def test_generated_light_is_not_negative(tmp_path: Path):
    path = tmp_path / "negative.h5"
    with NativeWriter(path, header("generated", ("i",))) as out:
        out.append(-np.ones((1, 12, 12)), index=0)
    with Galaxies(path) as galaxies:
        assert galaxies[0].min() == 0
