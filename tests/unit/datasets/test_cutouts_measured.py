"""What is measured of cutouts is not changed by units, padding and missing pixels."""

import logging

import h5py
import numpy as np
import pytest

from galforge.measure.morphology import measure as morphology
from galforge.measure.morphology.settings import MeasureSettings
from galforge.measure.photometry import measure as photometry
from galforge.measure.photometry.settings import MeasureSettings as PhotometrySettings
from galforge.measure.sources import measure as sources
from galforge.measure.sources.settings import MeasureSettings as SourceSettings
from galforge.stamps.file import Stamps
from toys.cutouts import EXPOSURE, columns, disc, images, run, write


def measured(out):
    """Morphology of all stamps."""
    with Stamps(out) as stamps:
        return morphology.measure(stamps, 0, len(stamps), MeasureSettings(), 0, 0.0, 1)


def sky_of(stamps):
    """Rms and autocorrelation of the sky by photometry, and what sources say of it, of all stamps."""
    own = photometry.measure(stamps, 0, len(stamps), PhotometrySettings(), 0, 0.0, 1)
    found = sources.measure(stamps, 0, len(stamps), SourceSettings(sersic=False, psf_fwhm=[0.1]), 0, 0.0, 1)
    of_sources = [f"{name}_F814W" for name in ("background", "sky_rms", "sky_correlation")]
    return own[["sky_rms", "sky_autocorrelation"]].to_numpy(), found[of_sources].to_numpy()


@pytest.mark.parametrize("level", [0.0, 0.06])
def test_padding_does_not_change_what_a_galaxy_measures(tmp_path, caplog, level):
    """The case pedestal, cut to 48 px and padded: Sersic indices are those of the whole 64 px."""
    for i in range(16):
        whole = disc(i, 64) + np.float32(level)
        write(tmp_path / "whole" / f"g{i:02d}.fits", whole)
        write(tmp_path / "cut" / f"g{i:02d}.fits", whole[8:-8, 8:-8])
    whole, cut = (measured(run(tmp_path, tmp_path / name)[0]) for name in ("whole", "cut"))
    assert np.median(cut["sersic_n"] - whole["sersic_n"]) == pytest.approx(0, abs=0.05)
    assert (cut["flag"] == whole["flag"]).all()
    said = "the sky of 16 of 16 cutouts is not 0 but more than 3 times its rms: g00, g01"
    assert (said in caplog.text) == (level > 0)
    if level:
        assert np.median(cut["sersic_n"]) > 2, "a sky that is not subtracted is taken for light"
        cut = measured(run(tmp_path, tmp_path / "cut", sky="subtract")[0])
    assert np.median(cut["sersic_n"]) == pytest.approx(1, abs=0.1)
    assert (cut["flag"] == 0).all()


def test_measures_of_the_sky_never_read_padding(tmp_path):
    for i in range(8):
        write(tmp_path / "raw" / f"g{i:02d}.fits", disc(i, 64)[8 : 56 - i, 8:-8])
    with Stamps(run(tmp_path, tmp_path / "raw", size=41)[0]) as stamps:
        wanted, of_exact = sky_of(stamps)
    padded, _ = run(tmp_path, tmp_path / "raw", size=64)
    with h5py.File(padded, "r+") as file:
        for i, image in enumerate(file["images"]):
            height = 48 - i
            top = (64 - height) // 2
            spoilt = np.full_like(image, 1e6)
            spoilt[:, top : top + height, 8:56] = image[:, top : top + height, 8:56]
            file["images"][i] = spoilt
    with Stamps(padded) as stamps:
        found, of_sources = sky_of(stamps)
    # The last one has 41 rows: both see the same square.
    np.testing.assert_allclose(found[7], wanted[7], rtol=1e-6)
    np.testing.assert_allclose(of_sources[7], of_exact[7], rtol=1e-6)
    assert (found[:, 0] < 1).all()


@pytest.mark.parametrize("kind", ["zeros", "nan", "saturated edge"])
def test_missing_pixels_are_known_as_missing(tmp_path, caplog, kind):
    """The case zero_edges: ten of forty galaxies lie at the edge of a mosaic."""
    caplog.set_level(logging.INFO, logger="galforge")
    value = {"zeros": 0, "nan": np.nan, "saturated edge": 7.5}[kind]
    whole = tmp_path / "whole"
    for i in range(40):
        image = disc(i)
        write(whole / f"g{i:02d}.fits", image)
        if i < 10:
            image[:, : 8 + i] = value
        write(tmp_path / "raw" / f"g{i:02d}.fits", image)
    out, rejected = run(tmp_path, tmp_path / "raw")
    assert sorted(rejected) == [f"g{i:02d}" for i in range(10)]
    assert rejected["g00"].startswith("missing pixels: 12.5% of F814W, more than max_missing_share 0.1 allows")
    out, rejected = run(tmp_path, tmp_path / "raw", max_missing_share=0.3)
    assert rejected == {}
    assert "10 of them with missing pixels that were filled" in caplog.text
    (share,) = columns(out, "missing_share")
    np.testing.assert_allclose(share[:10], (8 + np.arange(10)) / 64)
    assert not share[10:].any()
    filled = measured(out)
    truth = measured(run(tmp_path, whole)[0])
    for column, limit in (("asymmetry", 0.05), ("outer_asymmetry", 0.15)):
        difference = np.median(filled[column][:10]) - np.median(truth[column][:10])
        assert abs(difference) < limit, column


FACTOR = 10 ** (-0.4 * (25.94 + 21.94))
UNITS = {
    "erg/s/cm2/Angstrom": (FACTOR, {"zero_points": [-21.94], "gains": [EXPOSURE / FACTOR]}),
    "nJy": (10 ** (0.4 * (31.4 - 25.94)), {"gains": [EXPOSURE / 10 ** (0.4 * (31.4 - 25.94))]}),
    "MJy/sr": (1.0, {"gains": [EXPOSURE]}),
    "adu": (0.5, {"zero_points": [25.94 - 2.5 * np.log10(2)], "gains": [2 * EXPOSURE]}),
    "nanomaggy": (10 ** (0.4 * (22.5 - 25.94)), {"gains": [EXPOSURE / 10 ** (0.4 * (22.5 - 25.94))]}),
}


@pytest.mark.parametrize("unit", UNITS)
def test_any_linear_unit_gives_the_same_galaxies_and_measures(tmp_path, unit):
    """The case flux_units: 1e-19 erg/s/cm2/Angstrom per pixel has squares that single precision does not hold."""
    factor, given = UNITS[unit]
    for i in range(12):
        write(tmp_path / "rates" / f"g{i:02d}.fits", disc(i).astype(float))
        write(tmp_path / "raw" / f"g{i:02d}.fits", disc(i).astype(float) * factor, BUNIT=unit)
    out, rejected = run(tmp_path, tmp_path / "raw", **{"unit": "", "zero_points": [], "exposure_times_s": [], **given})
    assert rejected == {}
    found, pixels = measured(out), images(out)
    with Stamps(out) as stamps:
        assert stamps.header.unit == ("adu" if unit == "adu" else "nJy")
        zero_point = stamps.header.zero_points[0]
    assert 1e-3 < pixels.max() < 1e5
    out, _ = run(tmp_path, tmp_path / "rates")
    if unit != "MJy/sr":
        np.testing.assert_allclose(pixels * 10 ** (-0.4 * (zero_point - 25.94)), images(out), rtol=2e-4)
    truth = measured(out)
    for column in ("sersic_n", "gini", "m20", "asymmetry", "concentration", "sn_per_pixel", "rhalf_circ"):
        np.testing.assert_allclose(found[column], truth[column], rtol=2e-3, atol=1e-4, err_msg=column)
