"""Conditions: how they are encoded, their range in training, and what is refused."""

import logging

import numpy as np
import pytest
import torch

from galforge.errors import GalforgeError
from galforge.models.conditions import Conditioning


class Alone:
    mean = staticmethod(lambda tensor: tensor)


def trained(raw: bool, values=(0.2, 1.0, 3.5)) -> Conditioning:
    conditioning = Conditioning(["redshift"], raw, 0.5, 0.5)
    conditioning.follow({"redshift": torch.tensor(values)}, Alone)
    return conditioning


def test_numbers_are_of_order_one_and_raw_ones_are_the_values():
    values = torch.linspace(0.01, 4, 50)
    encoded = trained(False)({"redshift": values})
    assert encoded.shape == (50, 9)
    assert encoded.abs().max() < 2.5
    assert torch.equal(trained(True)({"redshift": values})[:, 0], values)


def test_range_is_that_of_the_training_and_grows():
    conditioning = trained(False)
    low, high = conditioning.ranges()["redshift"]
    assert low == pytest.approx(0.2, rel=0.02)
    assert high == pytest.approx(3.5, rel=0.02)
    assert low <= 0.2 <= 3.5 <= high
    conditioning.follow({"redshift": torch.tensor([0.05])}, Alone)
    assert conditioning.ranges()["redshift"][0] == pytest.approx(0.05, abs=0.003)


def test_beyond_the_range_is_refused_by_the_corrected_and_said_by_the_published(caplog):
    given = {"redshift": np.array([0.5, 3.9])}
    with pytest.raises(GalforgeError, match=r"redshift 3.9 of image 1 is outside of the range of the training"):
        trained(False).check("weights", given)
    with caplog.at_level(logging.WARNING):
        trained(True).check("weights", given)
    assert "redshift 3.9 of image 1" in caplog.text
    assert trained(False).outside(given).tolist() == [False, True]


@pytest.mark.parametrize("raw", [True, False])
def test_a_condition_that_is_no_number_is_refused(raw):
    with pytest.raises(GalforgeError, match="image 1 is asked for without a finite redshift"):
        trained(raw).check("weights", {"redshift": np.array([0.5, np.nan])})
