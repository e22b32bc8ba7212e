"""The conditional autoencoder: its published size, its divergence, and the sign of its pixels."""

import pytest
import torch

from galforge.models.cvae.family import Family
from galforge.models.cvae.networks import Encoder, Networks
from galforge.models.cvae.settings import ModelSettings
from galforge.models.normalisation import Normalisation
from galforge.models.protocol import Part

FIVE = Normalisation("linear", (1.0,) * 5, (0.0,) * 5, (1.0,) * 5)


def weights(module) -> int:
    return sum(weight.numel() for weight in module.parameters())


def test_published_network_has_as_many_weights_as_the_paper_says():
    networks = Networks(ModelSettings(variant="published"), (5, 64, 64), FIVE)
    assert weights(networks.encoder) == 21_334_368
    assert weights(networks.decoder) == 21_147_653
    assert weights(networks) == 42_482_021


def test_published_pixels_are_never_negative_and_corrected_ones_can_be():
    for variant, negative in (("published", False), ("corrected", True)):
        torch.manual_seed(1)
        settings = ModelSettings(variant=variant, width=4, hidden=16, latent=4, sky_noise=False)
        decoder = Networks(settings, (5, 32, 32), FIVE).decoder
        features = decoder.dense[0].in_features - 4
        images = decoder(torch.randn(8, 4), torch.rand(8, features))
        assert (images.min() < 0) == negative
        assert images.shape == (8, 5, 32, 32)


def test_covariance_is_a_full_one():
    encoder = Encoder((2, 16, 16), (4, 16, 3), 0)
    mean, root = encoder(torch.randn(5, 2, 16, 16), None)
    assert mean.shape == (5, 3)
    assert (root.diagonal(dim1=1, dim2=2) > 0).all()
    assert torch.equal(root, root.tril())
    assert (root.tril(-1)[:, 1:, 0].abs() > 0).all()


def test_divergence_is_that_of_torch_s_normal_distributions():
    settings = ModelSettings(variant="published", conditions=[], width=4, hidden=16, latent=3, divergence=1.0)
    family = Family(settings, (1, 16, 16), Normalisation("linear", (1.0,), (0.0,), (1.0,)))
    images = torch.rand(6, 1, 16, 16)

    class Step:
        draws = type("Draws", (), {"normal": staticmethod(lambda *shape: torch.zeros(6, *shape))})
        learn = staticmethod(lambda name, term: term(Part(slice(6), 1.0, Step.draws))[1])
        autocast = staticmethod(torch.no_grad)

    losses = family.step(images, None, Step)
    with torch.no_grad():
        mean, root = family.networks.encoder(images, None)
    ours = torch.distributions.MultivariateNormal(mean, scale_tril=root)
    prior = torch.distributions.MultivariateNormal(torch.zeros(3), torch.eye(3))
    assert losses["divergence"].item() == pytest.approx(
        torch.distributions.kl_divergence(ours, prior).mean().item(), rel=1e-4
    )
    assert losses["loss"].item() == pytest.approx((losses["reconstruction"] + losses["divergence"]).item())
