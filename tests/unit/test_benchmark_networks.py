"""The benchmark of feature networks: the galaxies that it makes worse, and what it says of FIDs."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def modules():
    sys.path.insert(0, str(BENCHMARKS))
    yield importlib.import_module("networks"), importlib.import_module("networks_sets")
    sys.path.remove(str(BENCHMARKS))


def test_galaxies_are_made_worse_as_they_are_called(modules):
    _, made = modules
    images = made.galaxies(3, 0, 6).images
    assert images.shape == (6, 3, 64, 64)
    assert np.abs(made.galaxies(3, 2, 4).images - images[2:]).max() == 0, "each is of its number alone"
    sky = np.sqrt((np.diff(images[:, :, :, :8]) ** 2).mean((0, 2, 3)) / 2)
    noisy = made.changed("noise", 2.0, images, 0) - images
    np.testing.assert_allclose(noisy.std((0, 2, 3)), 2 * np.array([0.0308, 0.0334, 0.0424]), rtol=0.02)
    assert (sky < 0.3).all()
    np.testing.assert_allclose(made.changed("flux", 1.3, images, 0), 1.3 * images, rtol=1e-6)
    colour = made.changed("colour", 1.4, images, 0)
    np.testing.assert_allclose(colour, images * np.array([1 / 1.4, 1, 1.4])[:, None, None], rtol=1e-6)
    blurred = made.changed("blur", 1.0, images, 0)
    assert (blurred.std((2, 3)) < images.std((2, 3))).all()
    np.testing.assert_allclose(blurred.sum((2, 3)), images.sum((2, 3)), rtol=0.05, atol=5)


def test_stars_are_in_the_places_and_bands_of_galaxies(modules):
    """They have the same light, more of it in the middle, and the same neighbours and sky."""
    _, made = modules
    galaxies, stars = made.galaxies(3, 0, 8).images, made.stars(3, 0, 8)
    middle = (slice(None), slice(None), slice(30, 34), slice(30, 34))
    assert (stars[middle].sum((2, 3)) >= galaxies[middle].sum((2, 3)) * 0.999).all()
    np.testing.assert_allclose(stars.sum((2, 3)), galaxies.sum((2, 3)), rtol=0.15, atol=3)


def test_shares_are_nested_and_repetitions_know_few(modules):
    _, made = modules
    early = np.arange(1000) % 3 == 0
    few, more, all_early = (made.chosen("mode lost", step, early, 0) for step in (0.33, 0.67, 1.0))
    assert (all_early == early).all()
    assert not (few & ~more).any()
    assert few.sum() == pytest.approx(0.33 * early.sum(), abs=30)
    assert made.chosen("other class", 0.1, early, 0).mean() == pytest.approx(0.1, abs=0.03)
    rows = made.repeated(16, 1000, 0)
    assert len(rows) == 1000
    assert len(set(rows)) == 62


def test_late_types_can_be_asked_for(modules):
    _, made = modules
    wanted = made.galaxies(3, 0, 10, lambda galaxy: not galaxy.central.early)
    assert not wanted.early.any()
    assert made.galaxies(3, 0, 10).early.any()


def test_rows_say_from_which_size_on_all_samples_agree(modules):
    benchmark, made = modules
    samples = []
    for size, parts, ranked in ((8, 2, False), (16, 1, True)):
        for part in range(parts):
            values = {(kind, step): 1.5 + at for kind, steps in made.STEPS.items() for at, step in enumerate(steps)}
            if not ranked and part:
                values["blur", made.STEPS["blur"][2]] = 0.5
            values["noise", made.STEPS["noise"][0]] = 0.9
            samples.append((size, 1.0, values))
    found = dict(line.strip("| ").split(" | ", 1) for line in benchmark.rows(samples))
    assert found["blur"] == "0.25 px: 1.50, 8 | 0.5 px: 2.50, 8 | 1 px: 3.50, 16 | 16"
    assert found["noise"] == "0.5 sky: 0.90, not found | 1 sky: 2.50, 8 | 2 sky: 3.50, 8 | 8"
    assert benchmark.since({8: [True], 16: [True, False], 32: [True]}) == 32
    assert benchmark.since({8: [True], 16: [False]}) is None


def test_features_are_kept_by_network_weights_and_images(modules, tmp_path):
    benchmark, made = modules
    images = made.galaxies(3, 0, 3).images
    stretch = {"bands": ["i", "r", "g"], "black": [-0.1] * 3, "softening": [0.1] * 3, "white": [5.0] * 3}
    network = benchmark.Network("efficientnet-lite0", None, tmp_path)
    features = network.features(images, stretch)
    assert features.shape == (3, 1280)
    assert (network.features(images, stretch) == features).all()
    assert network.stamps == 3, "the second time they are read"
    network.features(images + 1, stretch)
    assert len(list(tmp_path.glob("efficientnet-lite0-*.npy"))) == 2
