"""Group normalisation against torch's, in values, both derivatives, precision and order in memory."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from galforge.models.norms import GroupNorm, normalised

ORDERS = {"channels_last": torch.channels_last, "contiguous": torch.contiguous_format}


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def maps(order: torch.memory_format, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """(3, 8, 4, 5), a deviation or two from zero."""
    return (torch.randn(3, 8, 4, 5) + torch.randn(8, 1, 1)).to(dtype, memory_format=order).requires_grad_(True)


def weights() -> list[torch.Tensor]:
    return [torch.randn(8, requires_grad=True) for _ in range(2)]


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize("groups", [1, 4, 8])
def test_values_and_gradients_are_those_of_torch(order, groups):
    features, (weight, bias), given = maps(order), weights(), torch.randn(3, 8, 4, 5)
    found = normalised(features, groups, weight, bias, 1e-5)
    expected = functional.group_norm(features, groups, weight, bias, 1e-5)
    assert torch.allclose(found, expected, atol=1e-5)
    of_found, of_expected = (
        torch.autograd.grad((each * given).sum(), (features, weight, bias)) for each in (found, expected)
    )
    for one, other in zip(of_found, of_expected, strict=True):
        assert torch.allclose(one, other, rtol=1e-4, atol=1e-4)


def test_second_derivatives_are_those_of_torch():
    """What a gradient penalty takes, of maps and weights."""
    features, (weight, bias), given = maps(torch.channels_last), weights(), torch.randn(3, 8, 4, 5)
    twice = []
    for function in (normalised, functional.group_norm):
        value = (function(features, 4, weight, bias, 1e-5).pow(3) * given).sum()
        (gradient,) = torch.autograd.grad(value, features, create_graph=True)
        twice.append(torch.autograd.grad((gradient * given).pow(2).sum(), (features, weight, bias)))
    for one, other in zip(*twice, strict=True):
        assert other.norm() > 0
        assert torch.allclose(one, other, rtol=1e-3, atol=1e-3 * other.abs().max().item())


def test_maps_and_gradients_keep_their_precision_and_order_under_autocast():
    features, (weight, bias) = maps(torch.channels_last, torch.bfloat16), weights()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = normalised(features, 4, weight, bias, 1e-5)
    (gradient,) = torch.autograd.grad(found.square().sum(), features)
    for each in (found, gradient):
        assert each.dtype == torch.bfloat16
        assert each.is_contiguous(memory_format=torch.channels_last)
    expected = functional.group_norm(features.float(), 4, weight, bias, 1e-5)
    assert (found - expected).abs().max() < 0.02 * expected.abs().max()


def test_the_layer_is_that_of_torch_with_its_weights():
    ours, plain = GroupNorm(4, 8), nn.GroupNorm(4, 8)
    plain.weight.data, plain.bias.data = torch.randn(8), torch.randn(8)
    ours.load_state_dict(plain.state_dict())
    features = maps(torch.channels_last)
    assert torch.equal(ours(features), plain(features))
