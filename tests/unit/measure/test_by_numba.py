"""The compiled engine against statmorph: every quantity and flag, on galaxies good and bad."""

import warnings

import numpy as np
import pytest
import scipy.optimize
from astropy.modeling.models import Sersic2D
from scipy import ndimage
from statmorph import SourceMorphology

from galforge.measure.morphology import by_numba, by_statmorph
from galforge.measure.morphology.asymmetry import MOST, minimise, turned
from galforge.measure.morphology.segmentation import segment
from galforge.measure.morphology.settings import MeasureSettings

SETTINGS = MeasureSettings()
ANGLES = {name for name in by_numba.QUANTITIES if name.startswith("orientation") or name.endswith("theta")}


def galaxy(
    side: int = 64, noise: float = 0.02, seed: int = 0, x: float = 0.3, y: float = -0.4, r: float = 5.0
) -> np.ndarray:
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    image = ndimage.gaussian_filter(Sersic2D(1.0, r, 1.8, x, y, 0.35, 0.6)(columns, rows), 1.0)
    return image / image.max() + np.random.default_rng(seed).normal(0, noise, image.shape)


def statmorphs(image: np.ndarray, segmap: np.ndarray, gain: float = 500.0, psf: np.ndarray | None = None) -> dict:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return by_statmorph.quantities(image, segmap, gain, psf)


def compare(image: np.ndarray, segmap: np.ndarray, gain: float = 500.0, psf: np.ndarray | None = None) -> dict:
    """Asserts that both engines agree, and returns the compiled one's values."""
    with np.errstate(all="ignore"):
        found = by_numba.quantities(image, segmap, gain, psf)
    expected = statmorphs(image, segmap, gain, psf)
    assert tuple(found) == by_numba.QUANTITIES
    for name, value in found.items():
        if name.startswith("sersic_") and expected["flag_sersic"] > 1:
            continue  # a fit that ran away: where it was stopped is chaos
        tolerance = 1e-6 if name in ANGLES else 1e-8
        # The fit stops within 1e-5 of its minimum, on the same path.
        tolerance = 2e-6 if name.startswith("sersic_") else tolerance
        difference = value - expected[name]
        if name in ANGLES:
            difference -= np.pi * np.round(difference / np.pi)
        assert np.isnan(value) == np.isnan(expected[name]), name
        assert np.isnan(value) or abs(difference) <= 1e-6 * abs(expected[name]) + tolerance, (
            name,
            value,
            expected[name],
        )
    return found


def test_quantities_are_statmorphs_but_three():
    assert set(by_statmorph.QUANTITIES) - set(by_numba.QUANTITIES) == {"multimode", "intensity", "deviation"}
    assert tuple(name for name in by_statmorph.QUANTITIES if name in by_numba.QUANTITIES) == by_numba.QUANTITIES


@pytest.mark.parametrize("seed", range(6))
def test_noisy_galaxies(seed):
    image = galaxy(seed=seed)
    assert compare(image, segment(image, SETTINGS))["flag"] == 0


def test_noiseless_galaxy_is_flagged():
    image = galaxy(noise=0.0, r=8.0)
    assert compare(image, segment(image, SETTINGS))["flag"] == 2


@pytest.mark.parametrize(("seed", "side"), [(1, 57), (4, 56), (8, 56)])
def test_stamp_that_is_all_galaxy(seed, side):
    # No pixel is zero or less, which rotations cut to; and the Petrosian circle ends in the stamp's corner.
    draws = np.random.default_rng(seed)
    image = galaxy(side=side, noise=0, r=draws.uniform(5, 14), x=draws.uniform(-3, 3), y=draws.uniform(-1, 1))
    image += draws.uniform(0, 0.01)
    assert image.min() > 0
    assert compare(image, segment(image, SETTINGS))["flag"] == 2


def test_clumpy_galaxy_on_an_oblong_stamp():
    image = galaxy(side=96, noise=0.01, r=8.0)
    draws = np.random.default_rng(5)
    rows, columns = np.mgrid[:96, :96]
    for _ in range(12):
        y, x = draws.normal(48, 7, 2)
        image += draws.uniform(0.1, 0.5) * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 3)
    image = np.ascontiguousarray(image[10:80])
    compare(image, segment(image, SETTINGS))


@pytest.mark.parametrize("side", [3, 9])
def test_psf_of_the_fit(side):
    image = galaxy(seed=7)
    offset = np.arange(side) - side // 2
    psf = np.exp(-(offset[:, None] ** 2 + offset[None, :] ** 2) / 2.0)
    segmap = segment(image, SETTINGS)
    sharp, blurred = compare(image, segmap), compare(image, segmap, psf=psf)
    assert blurred["sersic_n"] != pytest.approx(sharp["sersic_n"], rel=1e-2)


def test_bad_pixels_and_not_finite_ones_are_left_out():
    image = galaxy(seed=8)
    segmap = segment(image, SETTINGS)
    plain = compare(image, segmap)
    image[30, 34] = 40.0
    image[25, 29] = np.nan
    image[50, 8] = np.inf
    image[5:9, 40:44] = np.nan
    spoilt = compare(image, segmap)
    assert spoilt["flux_circ"] == pytest.approx(plain["flux_circ"], rel=0.1)
    assert spoilt["asymmetry"] != plain["asymmetry"]


def test_centre_that_drifts_falls_back_on_the_brightest_pixel_and_then_on_the_centroid():
    rows, columns = np.mgrid[:64, :64]
    beside = galaxy(seed=1, noise=0.03) + 1.5 * np.exp(-((rows - 31) ** 2 + (columns - 41) ** 2) / 2)
    assert compare(beside, segment(beside, SETTINGS))["flag"] == 1
    # A chain of knots about a faint galaxy, symmetric about no point of it.
    draws = np.random.default_rng(29)
    image = 0.3 * galaxy(seed=29, noise=0.03)
    for _ in range(5):
        offset, angle = draws.uniform(4, 11), draws.uniform(0, 6.3)
        height = draws.uniform(0.3, 2)
        square = (rows - 31 - offset * np.sin(angle)) ** 2 + (columns - 31 - offset * np.cos(angle)) ** 2
        image += height * np.exp(-square / draws.uniform(1, 14))
    found = compare(image, segment(image, SETTINGS))
    assert found["flag"] == 2
    assert found["xc_asymmetry"] == found["xc_centroid"]


def odd(kind: str) -> tuple[np.ndarray, np.ndarray]:
    """A stamp and a segmentation map that no galaxy has."""
    image = galaxy(seed=11, noise=0.05)
    segmap = np.zeros(image.shape, bool)
    if kind == "thin":
        segmap[31, 20:44] = True
    elif kind == "one pixel":
        segmap[31, 31] = True
    elif kind == "one column at the edge":
        image = np.roll(image, -31, axis=1)
        segmap[20:44, 0] = True
    elif kind == "edge":
        image = np.roll(image, -31, axis=1)
        segmap = segment(image, SETTINGS)
    elif kind == "corner":
        image = np.roll(image, (-31, -31), axis=(0, 1))
        segmap = segment(image, SETTINGS)
    elif kind == "no sky":
        segmap[::2] = True
    elif kind == "everything":
        segmap[:] = True
    elif kind == "faint":
        segmap[5:9, 5:10] = True
        image[5:9, 5:10] += 0.05
    elif kind == "checks":
        segmap[(np.indices(segmap.shape).sum(axis=0) % 3) == 0] = True
    elif kind == "hole":
        segmap = segment(image, SETTINGS)
        segmap[29:34, 29:34] = False
    return image, segmap


@pytest.mark.parametrize(
    "kind",
    [
        "thin", "one pixel", "one column at the edge", "edge", "corner",
        "no sky", "everything", "faint", "checks", "hole",
    ],
)  # fmt: skip
def test_odd_segments_take_statmorphs_branches(kind):
    image, segmap = odd(kind)
    found = compare(image, segmap)
    assert found["flag"] >= (kind != "hole")


@pytest.mark.parametrize("seed", range(8))
def test_masks_at_the_edges(seed):
    draws = np.random.default_rng(seed)
    image = galaxy(
        side=int(draws.integers(36, 50)), seed=seed, noise=0.03, x=draws.uniform(-4, 4), y=draws.uniform(-4, 4)
    )
    segmap = segment(image, SETTINGS)
    image[0], image[:, -1 if seed % 2 else 0] = np.nan, np.nan
    image[tuple(draws.integers(0, len(image), (2, 15)))] = np.nan
    compare(image, segmap)


def test_fit_of_hardly_more_pixels_than_parameters():
    # Eight pixels that are not zero: one information criterion is infinite, all else has its value.
    image = np.zeros((48, 48))
    rows, columns = [22, 23, 23, 23, 24, 24, 24, 25], [24, 23, 24, 25, 23, 24, 25, 24]
    image[rows, columns] = [3.0, 4.0, 9.0, 5.0, 3.5, 8.0, 4.5, 2.0]
    found = compare(image, image > 0)
    assert np.isnan(found["sersic_aic"])
    assert found["sersic_chi2_dof"] >= 0


def test_negative_flux_gives_no_values_and_the_worst_flags():
    image = galaxy() - 10
    segmap = segment(image, SETTINGS)
    found = compare(image, segmap)
    assert (found["flag"], found["flag_sersic"]) == (4, 4)
    assert sum(np.isnan(value) for value in found.values()) == len(found) - 2


def test_search_takes_fmins_path():
    image = galaxy(seed=13, noise=0.1)
    morphology = SourceMorphology(image, segment(image, SETTINGS).astype(int), 1, gain=1.0)
    stamp, mask = morphology._cutout_stamp_maskzeroed, morphology._mask_stamp
    r = 1.5 * morphology._rpetro_circ_centroid
    ready = turned(stamp, mask, morphology._sky_asymmetry)
    assert MOST == 400
    for start in ([20.0, 22.0], [31.0, 0.0], [33.3, 30.9]):
        expected = scipy.optimize.fmin(
            morphology._asymmetry_function, start, args=(stamp, "cas"), xtol=1e-6, disp=False
        )
        x, y, _ = minimise(ready, *start, r)
        assert (x, y) == pytest.approx(tuple(expected), abs=1e-6)
