"""8-bit levels as numbers that networks see, and back."""

import numpy as np
import pytest
import torch

from galforge.models.levels import to_levels, to_network

ALL = torch.arange(256, dtype=torch.float32)


@pytest.mark.parametrize("root", [True, False])
def test_every_level_comes_back_as_it_was(root):
    seen = to_network(ALL, root)
    assert (seen.min(), seen.max()) == (-1, 1)
    assert (seen.diff() > 0).all()
    back = to_levels(seen, root, quiet=0)
    assert back.dtype == torch.uint8
    assert torch.equal(back, ALL.to(torch.uint8))


def test_networks_see_the_root_of_the_share_of_white_or_the_share():
    levels = torch.tensor([0.0, 63.75, 255.0])
    assert torch.allclose(to_network(levels, True), torch.tensor([-1.0, 0.0, 1.0]))
    assert torch.allclose(to_network(levels, False), torch.tensor([-1.0, -0.5, 1.0]))


def test_levels_are_rounded_and_end_at_black_and_white():
    values = 2 * torch.tensor([-3.0, 0.4, 0.6, 254.4, 254.6, 400.0]) / 255 - 1
    assert to_levels(values, False, quiet=0).tolist() == [0, 0, 1, 254, 255, 255]
    assert to_network(torch.tensor([-10.0, 300.0]), True).tolist() == [-1, 1]


@pytest.mark.parametrize("root", [True, False])
def test_quiet_levels_become_background_and_no_others(root):
    back = to_levels(to_network(ALL, root), root, quiet=7).numpy()
    assert np.array_equal(back, np.where(np.arange(256) > 7, np.arange(256), 0))


def test_levels_of_half_precision_are_those_of_full():
    values = torch.linspace(-1, 1, 41).bfloat16()
    assert torch.equal(to_levels(values, True, 1), to_levels(values.float(), True, 1))
