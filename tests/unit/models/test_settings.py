"""Checks of shapes that families share."""

import pytest

from galforge import families
from galforge.errors import GalforgeError

HALVING = ["alae", "stylegan", "vae"]


def settings(family: str):
    return families.load("models", family, "settings")


@pytest.mark.parametrize("family", HALVING)
@pytest.mark.parametrize("shape", [(1, 48, 48), (1, 64, 32), (1, 16, 16), (1, 512, 512), (6, 64, 64), (0, 64, 64)])
def test_impossible_shapes_are_refused_with_the_remedy(family, shape):
    with pytest.raises(GalforgeError, match=rf"model {family}.*must"):
        settings(family).check_shape(settings(family).ModelSettings(), shape)


@pytest.mark.parametrize("family", HALVING)
def test_contradicting_widths_are_refused(family):
    module = settings(family)
    with pytest.raises(GalforgeError, match="max_width"):
        module.check_shape(module.ModelSettings(width=64, max_width=32), (1, 64, 64))


@pytest.mark.parametrize(("family", "factor"), [("cvae", 4), ("ddpm", 8), ("redshift_cnn", 32)])
def test_sides_that_are_no_multiple_are_refused_with_the_factor(family, factor):
    module = settings(family)
    module.check_shape(module.ModelSettings(), (5, 64, 64))
    for shape in ((5, 64, 32), (5, 64 + factor // 2, 64 + factor // 2)):
        with pytest.raises(GalforgeError, match=rf"model {family}.*a multiple of {factor}\b"):
            module.check_shape(module.ModelSettings(), shape)


def test_a_diffusion_model_needs_two_pixels_at_its_coarsest_level():
    module = settings("ddpm")
    module.check_shape(module.ModelSettings(), (1, 16, 16))
    with pytest.raises(GalforgeError, match="at least twice that"):
        module.check_shape(module.ModelSettings(), (1, 8, 8))
