"""The noise calibration: its search on a known answer, and on noiseless galaxies."""

import logging

import numpy as np
import pytest
from astropy.modeling.models import Sersic2D

from galforge.errors import GalforgeError
from galforge.measure.morphology import measure as morphology
from galforge.measure.morphology import noise
from galforge.measure.morphology.settings import MeasureSettings

SETTINGS = MeasureSettings(protocol="corrected")


def noiseless(count: int) -> np.ndarray:
    draws = np.random.default_rng(0)
    rows, columns = np.mgrid[:64, :64] - 31.5
    return np.stack(
        [
            Sersic2D(1, draws.uniform(5, 9), draws.uniform(1, 2), 0, 0, draws.uniform(0, 0.6), 0.4)(columns, rows)
            for _ in range(count)
        ]
    )


@pytest.fixture
def verdicts(monkeypatch):
    """Replaces statmorph by a rule: flag 0 once the noise reaches `needed` (by the stamp's gain)."""
    calls: list[float] = []

    def install(needed: dict[float, float]) -> list[float]:
        def rule(image, gain, settings, added):
            calls.append(float(np.std(added)))
            return {"flag": 0.0 if np.std(added) >= needed[gain] else 2.0}

        monkeypatch.setattr(noise, "measure_image", rule)
        return calls

    return install


def test_search_brackets_the_smallest_noise(stamps_of, verdicts):
    images = np.zeros((20, 32, 32))
    images[:, 16, 16] = 50.0
    calls = verdicts({float(g): 0.01 * 50 * (1 if g <= 16 else 100) for g in range(1, 21)})
    stamps = stamps_of(images, catalog={"gain": np.arange(1.0, 21)})
    sigma = noise.calibrate(stamps, SETTINGS, 0.8, 20, 3, 0)
    assert 0.5 <= sigma < 0.5 * 1.27 * 1.1
    assert len(calls) <= 9 * 20
    assert sigma == noise.calibrate(stamps, SETTINGS, 0.8, 20, 3, 0)


def test_stamps_that_are_fine_get_no_noise(stamps_of, verdicts):
    verdicts({1000.0: 0.0})
    assert noise.calibrate(stamps_of(np.ones((10, 32, 32))), SETTINGS, 0.8, 10, 3, 0) == 0.0


@pytest.mark.parametrize(("target", "good"), [(0.8, 8), (0.7, 7), (0.6, 6), (1.0, 10)])
def test_a_share_of_exactly_the_target_is_enough(stamps_of, verdicts, target, good):
    verdicts({1.0: 0.0, 2.0: 1e9})
    gains = np.where(np.arange(10) < good, 1.0, 2.0)
    stamps = stamps_of(np.ones((10, 32, 32)), catalog={"gain": gains})
    assert noise.calibrate(stamps, SETTINGS, target, 10, 3, 0) == 0.0


def test_target_out_of_reach_is_said(stamps_of, verdicts, caplog):
    verdicts({1.0: 0.01, 2.0: 1e9})
    images = np.zeros((10, 32, 32))
    images[:, 16, 16] = 1.0
    stamps = stamps_of(images, catalog={"gain": np.repeat([1.0, 2.0], 5)})
    with caplog.at_level(logging.WARNING, "galforge"):
        sigma = noise.calibrate(stamps, SETTINGS, 0.8, 10, 3, 0)
    assert 0.01 <= sigma < 0.1
    assert "no noise gives flag <= 1 to 80 %" in caplog.text


def test_stamps_without_light_are_refused(stamps_of):
    with pytest.raises(GalforgeError, match="median peak"):
        noise.calibrate(stamps_of(-np.ones((4, 32, 32))), SETTINGS, 0.8, 4, 0, 0)


def test_noiseless_galaxies_become_measurable(stamps_of):
    images = noiseless(8)
    stamps = stamps_of(images, gain=1e4)
    sigma = noise.calibrate(stamps, SETTINGS, 0.75, 8, 1, 0)
    assert 0 < sigma < 0.1 * np.median(images.max(axis=(1, 2)))
    without = morphology.measure(stamps, 0, 8, SETTINGS, 0, 0.0, 1)
    other_noise = morphology.measure(stamps, 0, 8, SETTINGS, 0, sigma, 99)
    assert (without["flag"] <= 1).sum() <= 4
    assert (other_noise["flag"] <= 1).sum() >= 6
