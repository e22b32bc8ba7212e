"""Gradients that are averaged over processes while the backward pass goes on."""

import pytest
import torch
from torch import distributed, nn

from galforge.training import group as groups
from galforge.training.group import Group


class Sent:
    """Stands for the other process of two, whose gradients are three times as large; notes what travels, and when."""

    def __init__(self, monkeypatch):
        self.sizes: list[int] = []
        self.waited = 0
        monkeypatch.setattr(distributed, "all_reduce", self.all_reduce)

    def all_reduce(self, flat: torch.Tensor, async_op: bool = False) -> "Sent":
        self.sizes.append(flat.numel())
        self.given = flat
        flat *= 4
        return self

    def wait(self) -> None:
        self.waited += 1


@pytest.fixture
def sent(monkeypatch):
    monkeypatch.setattr(groups, "_BUCKET_BYTES", 4 * 70)
    return Sent(monkeypatch)


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 1))


def test_buckets_travel_from_the_last_layer_on_before_the_pass_has_ended(sent):
    layers, images, before = network(), torch.randn(5, 8), []
    layers(images).sum().backward()
    alone = [weight.grad.clone() for weight in layers.parameters()]
    layers.zero_grad()
    layers[0].weight.register_hook(lambda gradient: before.append(list(sent.sizes)))
    with Group(0, 2).averaged(list(layers.parameters())):
        layers(images).sum().backward()
    # Last layer's bias and weight (1 + 8) with the bias before (8); then weights of 64 and their neighbours.
    assert sent.sizes == [17, 64, 8, 64][: len(sent.sizes)]
    assert sum(sent.sizes) == sum(weight.numel() for weight in layers.parameters())
    assert before == [sent.sizes[:2]] or before == [sent.sizes[:3]]
    assert sent.waited == len(sent.sizes)
    for weight, gradient in zip(layers.parameters(), alone, strict=True):
        assert torch.allclose(weight.grad, 2 * gradient)


def test_weights_without_a_gradient_travel_not_and_those_of_earlier_passes_do(sent):
    """As with micro-batches: the last term of a loss need not reach all weights."""
    layers, images = network(), torch.randn(5, 8)
    layers[:2](images).sum().backward()
    alone = layers[0].weight.grad.clone()
    with Group(0, 2).averaged([*layers[0].parameters(), *layers[4].parameters()]):
        layers[4].weight.sum().backward()
    assert torch.allclose(layers[0].weight.grad, 2 * alone)
    assert torch.equal(layers[4].weight.grad, torch.full_like(layers[4].weight, 2.0))
    assert layers[4].bias.grad is None
    assert sum(sent.sizes) == 8 + 64 + 8


def test_one_process_sends_nothing(sent):
    layers = network()
    with Group().averaged(list(layers.parameters())):
        layers(torch.randn(5, 8)).sum().backward()
    assert sent.sizes == []


def test_after_an_error_nothing_more_is_sent_and_no_hook_is_left(sent):
    layers = network()
    with pytest.raises(RuntimeError, match="no memory"), Group(0, 2).averaged(list(layers.parameters())):
        raise RuntimeError("no memory")
    layers(torch.randn(5, 8)).sum().backward()
    assert sent.sizes == []
