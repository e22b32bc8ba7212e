"""Sersic images against exact integrals, an independent brute force, and the symmetries they must have."""

import importlib.util
import math
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from scipy.special import erf, gammaincinv

from galforge.datasets.sersic.render import render, sersic_b

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def benchmark_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("render_sersic", ROOT / "benchmarks" / "render_sersic.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def galaxy(**changes: float) -> dict[str, float]:
    usual = {
        "x": 0.0,
        "y": 0.0,
        "radius": 5.0,
        "index": 1.0,
        "axis_ratio": 0.6,
        "position_angle": 0.4,
        "flux": 1.0,
    }
    return {**usual, **changes}


@pytest.mark.parametrize("index", [0.5, 0.7, 1.0, 2.0, 4.0, 6.0])
def test_b_encloses_half_of_the_light(index):
    assert sersic_b(index) == pytest.approx(gammaincinv(2 * index, 0.5), abs=3e-4 if index < 1 else 5e-5)


@pytest.mark.parametrize("radius", [1.5, 8.0])
@pytest.mark.parametrize("axis_ratio", [1.0, 0.3])
@pytest.mark.parametrize("turned", [False, True])
def test_gaussian_equals_the_error_function(radius, axis_ratio, turned):
    size, x, y = 48, 0.31, -0.17
    image = render(size, x, y, radius, 0.5, axis_ratio, math.pi / 2 if turned else 0.0, 3.0)
    sigma = radius / math.sqrt(2 * sersic_b(0.5))
    wide, narrow = sigma / math.sqrt(axis_ratio), sigma * math.sqrt(axis_ratio)
    edges = np.arange(size + 1) - size / 2

    def shares(centre, width):
        return np.diff(erf((edges - centre) / (math.sqrt(2) * width))) / 2

    along_x, along_y = (narrow, wide) if turned else (wide, narrow)
    exact = 3.0 * np.outer(shares(y, along_y), shares(x, along_x))
    assert np.abs(image - exact).max() <= 1e-5 * exact.max()
    assert np.abs(image - exact).sum() <= 1e-5 * exact.sum()


@pytest.mark.parametrize(
    "changes",
    [
        {"index": 0.5, "radius": 1.0, "axis_ratio": 0.2},
        {"index": 0.8, "radius": 2.0, "x": 0.5, "y": 0.5},
        {"index": 1.0, "radius": 12.0, "axis_ratio": 0.2, "x": 0.2, "y": -0.4},
        {"index": 2.5, "radius": 3.0, "axis_ratio": 1.0, "x": 0.5},
        {"index": 4.0, "radius": 20.0, "x": -7.3, "y": 4.1},
        {"index": 4.0, "radius": 2.0, "x": 0.499, "y": 0.2, "axis_ratio": 0.3},
        {"index": 6.0, "radius": 1.0, "axis_ratio": 0.2, "position_angle": 2.5},
        {"index": 6.0, "radius": 10.0, "x": 0.5 - 1e-9, "y": -0.5},
    ],
)
def test_agrees_with_brute_force(benchmark_script, changes):
    parameters = galaxy(**changes)
    truth = benchmark_script.brute_force(32, parameters, nodes=8, depth=24)
    l1, peak = benchmark_script.errors(render(32, **parameters), truth)
    assert l1 <= 2e-5
    assert peak <= 2e-5


def test_brute_force_has_converged(benchmark_script):
    steep = galaxy(index=6.0, radius=1.0, axis_ratio=0.2)
    coarse = benchmark_script.brute_force(24, steep, nodes=8, depth=24)
    fine = benchmark_script.brute_force(24, steep, nodes=12, depth=32)
    assert max(benchmark_script.errors(coarse, fine)) <= 1e-10


@pytest.mark.parametrize("axis_ratio", [1.0, 0.4])
def test_all_of_the_flux_is_in_a_wide_field(axis_ratio):
    image = render(256, 0.3, -0.2, 6.0, 1.0, axis_ratio, 1.0, 250.0)
    assert image.sum() == pytest.approx(250.0, rel=1e-6)


def test_half_of_the_flux_is_inside_the_effective_ellipse():
    parameters = galaxy(radius=40.0, index=4.0, axis_ratio=0.5, position_angle=0.0)
    image = render(256, **parameters)
    row, column = np.indices(image.shape) - 127.5
    inside = np.sqrt(0.5 * column**2 + row**2 / 0.5) <= 40.0
    assert image[inside].sum() == pytest.approx(0.5, abs=1e-3)


def test_major_axis_turns_from_columns_to_rows():
    image = render(128, **galaxy(radius=6.0, position_angle=0.5))
    row, column = np.indices(image.shape) - 63.5
    moments = [(image * column**2).sum(), (image * row**2).sum(), (image * row * column).sum()]
    assert 0.5 * math.atan2(2 * moments[2], moments[0] - moments[1]) == pytest.approx(0.5, abs=1e-4)


def test_x_runs_along_columns_and_y_along_rows():
    middle = render(64, **galaxy(x=0.2, y=0.1))
    moved = render(64, **galaxy(x=3.2, y=-1.9))
    np.testing.assert_allclose(moved[:-2, 3:], middle[2:, :-3], rtol=1e-9, atol=1e-15)


def test_flux_scales_the_image_and_nothing_else():
    np.testing.assert_allclose(render(32, **galaxy(flux=7.0)), 7.0 * render(32, **galaxy()), rtol=1e-12)


def test_pixels_are_finite_and_never_negative(benchmark_script):
    rng = np.random.default_rng(3)
    for _ in range(40):
        image = render(48, **benchmark_script.draw(rng, (0.5, 6.0)))
        assert np.isfinite(image).all()
        assert image.min() >= 0
    assert render(32, **galaxy(index=0.5, radius=0.5, axis_ratio=0.05)).min() >= 0


@pytest.mark.parametrize(
    "changes",
    [{"radius": 0.0}, {"index": 0.3}, {"axis_ratio": 0.0}, {"axis_ratio": 1.2}, {"radius": math.nan}],
)
def test_impossible_galaxies_are_refused(changes):
    with pytest.raises(ValueError, match="no Sersic image"):
        render(32, **galaxy(**changes))
