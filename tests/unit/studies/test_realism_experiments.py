"""The experiments with two-stage models, on a toy whose scores depend on galaxies alone, or on positions alone."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from galforge.measure.realism import measure
from galforge.measure.realism.settings import MeasureSettings
from galforge.models.two_stage.placing import place
from galforge.stamps.file import Stamps
from galforge.studies.realism import experiments
from galforge.studies.realism.experiments import run
from galforge.studies.realism.settings import BEST
from galforge.studies.realism.trees import Scorer, fit_scorer
from toys import realism as toys

COUNTS = {
    "random_positions": {"images": 6},
    "new_galaxies": {"images": 6, "sets": 4},
    "shuffled_patches": {"images": 6, "permutations": 4},
}


@pytest.fixture
def family(monkeypatch):
    return put(monkeypatch, toys.Family())


def put(monkeypatch, family):
    monkeypatch.setattr(experiments.weights_files, "load", lambda path, device: SimpleNamespace(family=family))
    return family


def carried_out(experiment, features, seed=3, batch=4, images=6):
    settings = COUNTS[experiment] | {"images": images}
    return run(experiment, Path("weights"), toys.ToyScorer(), features, None, settings, seed, batch, "cpu", 1)


def placed(family, images):
    """Grids (n, m, 32, 32) and lists of galaxies of the m images of each of n rows."""
    of_each = len(family.placed) // images
    assert len(family.placed) == of_each * images
    return [family.placed[first : first + of_each] for first in range(0, len(family.placed), of_each)]


def test_galaxies_alone_decide(family):
    """Their order and their places do not matter then, other galaxies do."""
    assert carried_out("shuffled_patches", toys.brightness)["deviation"].max() <= 1e-6
    assert carried_out("new_galaxies", toys.brightness)["deviation"].min() > 1
    swapped = carried_out("random_positions", toys.brightness)
    assert np.abs(swapped["random"] - swapped["learned"]).max() <= 1e-6
    assert swapped["learned"].std() > 1


def test_positions_alone_decide(family):
    for experiment in ("shuffled_patches", "new_galaxies"):
        found = carried_out(experiment, toys.lit_rows)
        assert found["deviation"].max() <= 1e-6
        assert found["mean"].std() > 1
    swapped = carried_out("random_positions", toys.lit_rows)
    assert (np.abs(swapped["random"] - swapped["learned"]) > 1).sum() >= 5


def test_rows_are_images_and_their_numbers(family):
    """By hand: the scores of the images that were put together."""
    found = carried_out("new_galaxies", toys.brightness)
    assert list(found.columns) == ["index", "mean", "deviation"]
    assert np.array_equal(found["index"], np.arange(6))
    for row, images in enumerate(placed(family, 6)):
        scores = [np.float32(galaxies.astype(float).sum() / 1000) for _, galaxies in images]
        assert len(scores) == 4
        assert found["mean"][row] == pytest.approx(np.mean(scores), rel=1e-6)
        assert found["deviation"][row] == pytest.approx(np.std(scores, ddof=1), rel=1e-4)
    assert list(carried_out("random_positions", toys.brightness).columns) == ["index", "learned", "random"]


def test_new_galaxies_keep_positions_and_size_classes(family):
    carried_out("new_galaxies", toys.brightness)
    for images in placed(family, 6):
        grid = images[0][0]
        for other, galaxies in images:
            assert np.array_equal(other, grid)
            # A toy galaxy has 50 levels more for each class, and at most 20 from there.
            assert np.array_equal(np.rint(galaxies[:, 0, 0] / 50), grid[grid > 0])
        levels = {tuple(galaxies[:, 0, 0]) for _, galaxies in images}
        assert len(levels) == 4


def test_shuffled_patches_are_the_same_galaxies(family):
    carried_out("shuffled_patches", toys.brightness)
    orders = set()
    for images in placed(family, 6):
        grid, first = images[0]
        for other, galaxies in images:
            assert np.array_equal(other, grid)
            assert sorted(galaxies[:, 0, 0]) == sorted(first[:, 0, 0])
            orders.add(tuple(galaxies[:, 0, 0]))
    assert len(orders) > 18


@pytest.mark.parametrize(("side", "centred", "cells"), [(64, True, 2), (100, True, 3), (112, True, 4), (128, True, 4)])
def test_random_positions_are_inside_the_image(monkeypatch, side, centred, cells):
    """As many galaxies as before; cells whose centre the image cuts off do not count."""
    family = put(monkeypatch, toys.Family(side, 3, centred))
    carried_out("random_positions", toys.lit_rows, images=60)
    hit = np.zeros((32, 32), dtype=int)
    for (learned, galaxies), (elsewhere, same) in placed(family, 60):
        assert (learned > 0).sum() == (elsewhere > 0).sum() == 3
        assert not elsewhere[cells:].any()
        assert not elsewhere[:, cells:].any()
        assert sorted(elsewhere[elsewhere > 0]) == sorted(learned[learned > 0])
        # Every galaxy is on a cell of its own class.
        assert np.array_equal(np.rint(same[:, 0, 0] / 50), elsewhere[elsewhere > 0])
        assert sorted(same[:, 0, 0]) == sorted(galaxies[:, 0, 0])
        hit += elsewhere > 0
    assert (hit[:cells, :cells] > 0).all()
    assert hit.sum() == 180


def test_random_positions_are_uniform_over_the_image(monkeypatch):
    """A cell that the image cuts to 4 of 32 px gets as many galaxies as its pixels."""
    family = put(monkeypatch, toys.Family(100, 1, centred=False))
    carried_out("random_positions", toys.lit_rows, images=600)
    rows = [np.nonzero(images[1][0])[0][0] for images in placed(family, 600)]
    shares = np.bincount(rows, minlength=4) / 600
    assert shares == pytest.approx([0.32, 0.32, 0.32, 0.04], abs=0.06)
    assert 0.015 < shares[3] < 0.07


def test_galaxies_stay_where_they_are_in_their_cells_but_at_random_positions(monkeypatch):
    family = put(monkeypatch, toys.Family(128, 3, centred=False))
    noise = experiments.BlockNoise(3, range(6), torch.device("cpu"))
    family.draw_positions(noise)
    expected = family.draw_offsets(noise)
    for experiment in COUNTS:
        family.placed.clear()
        family.offsets.clear()
        carried_out(experiment, toys.brightness)
        of_each = len(family.offsets) // 6
        for row in range(6):
            own = family.offsets[row * of_each : (row + 1) * of_each]
            assert torch.equal(own[0], expected[row])
            assert all(torch.equal(each, own[0]) for each in own[1:]) == (experiment != "random_positions")


def test_galaxies_meet_random_positions_at_random(family):
    """The first of five is not the first again: its rank is each with a chance of 1 / 5."""
    carried_out("random_positions", toys.lit_rows, images=100)
    ranks = np.zeros(5)
    for (_, galaxies), (_, same) in placed(family, 100):
        levels = list(same[:, 0, 0])
        if levels.count(galaxies[0, 0, 0]) == 1:
            ranks[levels.index(galaxies[0, 0, 0])] += 1
    assert ranks.sum() > 60
    assert ranks.min() > 0.08 * ranks.sum()
    assert ranks.max() < 0.36 * ranks.sum()


def test_learned_positions_are_those_of_samples(family):
    """Drawn by the noise of the image with the same index."""
    carried_out("random_positions", toys.lit_rows)
    noise = experiments.BlockNoise(3, range(6), torch.device("cpu"))
    expected = family.draw_positions(noise).numpy()
    for grid, ((learned, _), _) in zip(expected, placed(family, 6), strict=True):
        assert np.array_equal(learned, grid)


def test_experiments_begin_with_the_same_images(family):
    """Learned positions with their galaxies are the first new ones, which shuffled patches put in another order."""
    images = {}
    for experiment in COUNTS:
        family.placed.clear()
        carried_out(experiment, toys.brightness)
        images[experiment] = [each[0] for each in placed(family, 6)]
    for (grid, galaxies), (new, others), (shuffled, same) in zip(*images.values(), strict=True):
        assert np.array_equal(grid, new)
        assert np.array_equal(grid, shuffled)
        assert np.array_equal(galaxies, others)
        assert sorted(galaxies[:, 0, 0]) == sorted(same[:, 0, 0])


@pytest.mark.parametrize("experiment", COUNTS)
def test_the_seed_decides_and_blocks_do_not(family, experiment):
    def both(image, measuring):
        return {"seen": toys.brightness(image, None)["seen"] + toys.lit_rows(image, None)["seen"]}

    one, again, other = (carried_out(experiment, both, seed, batch) for seed, batch in ((1, 6), (1, 2), (2, 6)))
    assert one.equals(again)
    assert not one.equals(other)
    # More images leave the first ones as they are.
    assert carried_out(experiment, both, 1, 6, images=3).equals(one[:3])


@pytest.mark.parametrize("experiment", COUNTS)
def test_empty_images_have_a_score_too(monkeypatch, experiment):
    put(monkeypatch, toys.Family(galaxies=0))
    assert (carried_out(experiment, toys.brightness).drop(columns="index") == 0).all(axis=None)


def test_images_are_put_together_by_the_model(family):
    seen = []

    def keep(image, measuring):
        seen.append(image)
        return toys.brightness(image, measuring)

    carried_out("random_positions", keep, images=2)
    for image, (grid, galaxies) in zip(seen, family.placed, strict=True):
        expected = place(torch.from_numpy(grid)[None], torch.from_numpy(galaxies)[None], 128)[0, 0].numpy()
        assert image.dtype == np.uint8
        assert np.array_equal(image, expected)


def test_scores_are_those_of_the_measure(monkeypatch, tmp_path):
    """Whatever blocks the measure has besides: features come one image at a time, and in the scorer's order."""
    measuring = MeasureSettings(size=64, blocks=["basic", "histogram", "spectrum", "lbp"])
    put(monkeypatch, toys.Family(64, 3))

    def measured(name, images, **columns):
        with Stamps(toys.write_stamps(tmp_path / name, images, **columns)) as stamps:
            return measure.measure(stamps, 0, len(stamps), measuring, 0, 0.0, 0)

    images, scores = toys.bright_images(60, 64)
    table = measured("scored.h5", images, set=np.array(["scored"] * 60), score=scores)
    fit_scorer(table, BEST, toys.settings(), tmp_path / "scorer.json")
    scorer, seen = Scorer.load(tmp_path / "scorer.json"), []

    def features_of(image, settings):
        seen.append(image)
        return measure.features_of(image, settings)

    found = run("random_positions", Path("weights"), scorer, features_of, measuring, {"images": 4}, 1, 4, "cpu", 1)
    expected = scorer.score(measured("made.h5", np.stack(seen)))
    assert found[["learned", "random"]].to_numpy().ravel() == pytest.approx(expected, abs=1e-6)
    assert len(np.unique(expected)) > 1
