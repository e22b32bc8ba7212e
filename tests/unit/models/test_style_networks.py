"""Networks of the style-based families: every allowed shape is made and judged."""

import pytest
import torch

from galforge import families

SMALL = {"latent": 4, "mapping_layers": 2, "width": 4, "max_width": 8}


@pytest.mark.parametrize("family", ["alae", "stylegan"])
@pytest.mark.parametrize("side", [32, 64, 128, 256])
@pytest.mark.parametrize(
    ("channels", "patch", "architecture"), [(1, 1, "skip"), (5, 4, "residual"), (5, 1, "residual")]
)
def test_every_allowed_shape_is_made_and_judged(family, side, channels, patch, architecture):
    settings = families.load("models", family, "settings").ModelSettings
    settings = settings(**SMALL | {"patch": patch, "architecture": architecture})
    networks = families.load("models", family, "networks").Networks(settings, (channels, side, side))
    with torch.no_grad():
        styles = networks.mapping(torch.randn(2, 4))
        images = networks.synthesis(styles, [torch.randn(2, *shape) for shape in networks.synthesis.noise_shapes()])
        assert images.shape == (2, channels, side, side)
        if family == "alae":
            assert networks.encoder(networks.patches(images)).shape == styles.shape
            assert networks.discriminator(styles).shape == (2,)
        else:
            assert networks.discriminator(networks.patches(images)).shape == (2,)
    assert networks.synthesis.noise_shapes()[-1] == (channels, side, side)
