"""Measures without a workflow: the numbers of a job, statmorph's own with maps and a PSF, and what is refused."""

import importlib
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
import statmorph
from astropy.modeling.models import Sersic2D
from tree import ROOT

from galforge.errors import GalforgeError
from galforge.measure import alone, morphology, photometry, power_spectrum, sources
from galforge.measure.variants import measured
from galforge.provenance.digest import reachable
from galforge.stamps.file import Header, Stamps, StampsWriter

HEADER = Header(("g", "r"), 0.168, "arcsec", "nanomaggy", (22.5, 22.4), 800.0, "observed")
FAMILIES = {
    "morphology": (morphology, {"gain": 800.0}, {}),
    "power_spectrum": (power_spectrum, {}, {}),
    "photometry": (photometry, {"zero_points": (22.5, 22.4), "pixel_scale": 0.168}, {}),
    "sources": (sources, {"pixel_scale": 0.168}, {"psf_fwhm": [0.7], "detect_threshold": 2.5}),
}
PSF = np.outer(*[np.exp(-0.5 * (np.arange(11) - 5.0) ** 2 / 1.4**2)] * 2)


def scene(seed: int = 0, side: int = 96, noise: float = 0.02) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """An image of two galaxies, its segmentation map with the labels 3 and 7, and a mask with a satellite trail."""
    rows, columns = np.mgrid[:side, :side]
    draw = np.random.default_rng(seed)
    first = Sersic2D(1.0, 7.0, 1.6, 0.45 * side + draw.uniform(-1, 1), 0.5 * side, 0.3, 0.6)(columns, rows)
    second = Sersic2D(0.7, 3.0, 1.1, 0.75 * side, 0.7 * side, 0.1, 0.1)(columns, rows)
    image = first + second + draw.normal(0, noise, first.shape)
    segmap = np.where(first > 0.08, 3, 0)
    segmap[(second > 0.08) & (second > first)] = 7
    mask = np.abs(rows - 0.35 * columns - 0.2 * side) < 1.5
    image[mask] += 0.6
    return image, segmap, mask


def stack(count: int, side: int = 48) -> np.ndarray:
    """Noisy galaxies (count, 2, side, side) of two bands as float32."""
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    draws = np.random.default_rng(5)
    galaxies = [
        Sersic2D(1.0, draws.uniform(2, 6), draws.uniform(0.7, 3), 0.3, -0.2, draws.uniform(0, 0.6), 1.0)(columns, rows)
        for _ in range(count)
    ]
    images = np.stack([galaxies, 0.6 * np.array(galaxies)], axis=1)
    return (images + draws.normal(0, 0.02, images.shape)).astype(np.float32)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return stack(40)


@pytest.fixture(scope="module")
def written(images, tmp_path_factory):
    path = tmp_path_factory.mktemp("stamps") / "stamps.h5"
    with StampsWriter(path, images.shape[1:], HEADER, len(images)) as writer:
        writer.append_block(images, {"name": np.arange(len(images)).astype(str)})
    return path


def same(first: pd.DataFrame, second: pd.DataFrame) -> None:
    """Equal to the last bit, columns and types included."""
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def of_job(family: str, path, settings: dict, band: int = 1, noise: float = 0.0) -> pd.DataFrame:
    """The table that a job of the workflow makes."""
    chosen = alone.settings_of(family, settings)
    spec = {"settings": chosen.spec(), "band": band, "noise": {"sigma": noise, "seed": 4}}
    return measured(family, spec, str(path), {"who": "source"}, dict.fromkeys(("noise", "weights", "scale")))


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_numbers_are_those_of_the_workflows_job(family, images, written):
    module, about, settings = FAMILIES[family]
    job = of_job(family, written, settings)
    from_file = module.of(written, band="r", **settings)
    same(from_file, job)
    assert {name: from_file.attrs[name] for name in job.attrs} == job.attrs
    from_array = module.of(images, band=1, bands=("g", "r"), **about, **settings)
    same(from_array, job)
    assert from_array.attrs["bands"] == ["g", "r"]
    assert from_array.attrs["side"] == 48
    with Stamps(written) as stamps:
        same(module.of(stamps, band="r", **settings), job)


@pytest.mark.parametrize("protocol", ["corrected", "published"])
def test_noise_is_that_of_the_job_where_it_is_said_whose_stamps_they_are(protocol, written):
    noise = {"noise": 0.01} if protocol == "published" else {}
    job = of_job("morphology", written, {"protocol": protocol, **noise}, noise=0.01)
    given = {"band": 1, "protocol": protocol}
    same(morphology.of(written, **given, noise=0.01, seed=4, whose="source"), job)
    assert (morphology.of(written, **given)["gini"] != job["gini"]).any()


def test_two_samples_never_share_their_noise(images):
    first, second = images[:3, 1], images[:3, 1] + np.float32(1e-6)
    one, again, other = (morphology.of(each, gain=800.0, noise=0.02)["sky_sigma"] for each in (first, first, second))
    assert (one == again).all()
    assert (np.abs(one - other) > 1e-4).all()


@pytest.mark.parametrize("family", ["morphology", "photometry"])
def test_processes_change_nothing(family, images, monkeypatch):
    monkeypatch.setattr(alone, "BATCH", 16)
    module, about, settings = FAMILIES[family]
    one, two = (module.of(images, **about, **settings, processes=n) for n in (1, 2))
    same(one, two)
    assert one["index"].tolist() == list(range(40))


def test_processes_change_nothing_with_maps(monkeypatch):
    monkeypatch.setattr(alone, "BATCH", 2)
    scenes = [scene(seed, 64) for seed in range(3)]
    image, segmap, mask = (np.stack(each) for each in zip(*scenes, strict=True))
    one, two = (morphology.of(image, gain=50.0, segmentation=segmap, mask=mask, processes=n) for n in (1, 2))
    same(one, two)
    assert one["index"].tolist() == [0, 0, 1, 1, 2, 2]
    assert one["label"].tolist() == [3, 7] * 3


@pytest.mark.parametrize("with_psf", [False, True])
@pytest.mark.parametrize("with_mask", [False, True])
@pytest.mark.parametrize("with_sds", [False, True])
def test_maps_and_psf_give_statmorphs_own_numbers(with_psf, with_mask, with_sds):
    image, segmap, mask = scene(3)
    given = {"mask": mask if with_mask else None, "psf": PSF if with_psf else None}
    sds = np.sqrt(np.abs(image) / 90.0 + 0.03**2)
    sds[40, 40] = np.nan
    given |= {"weightmap": sds} if with_sds else {"gain": 60.0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = statmorph.source_morphology(image, segmap, **given)
    found = morphology.of(image, segmentation=segmap, **given)
    assert found["label"].tolist() == [each.label for each in expected] == [3, 7]
    assert (found["error"] == "").all()
    for row, each in zip(found.to_dict("records"), expected, strict=True):
        assert row["segment_area"] == (segmap == each.label).sum()
        for name in found.columns.drop(["index", "label", "segmented", "segment_area", "error"]):
            value = np.nan if each[name] == -99 else each[name]
            # Fits end where a step no longer matters: docs/benchmarks.md, "Agreement with statmorph".
            far = 1e-4 if name.startswith("sersic_") else 1e-6
            assert row[name] == pytest.approx(value, rel=far, abs=1e-9, nan_ok=True), (each.label, name)


def test_what_is_brought_moves_the_numbers():
    """Otherwise the test against statmorph could hold with maps that nobody looks at."""
    image, segmap, mask = scene(3)
    plain, masked, sharp = (
        morphology.of(image, gain=60.0, segmentation=segmap, **given) for given in ({}, {"mask": mask}, {"psf": PSF})
    )
    assert abs(plain["asymmetry"] - masked["asymmetry"])[0] > 0.01
    assert abs(plain["sersic_n"] - sharp["sersic_n"])[0] > 0.05
    assert (plain["gini"] == sharp["gini"]).all()


def test_maps_without_any_effect_give_the_numbers_of_a_job(images):
    plain = morphology.of(images[:6, 1], gain=800.0)
    same(morphology.of(images[:6, 1], gain=800.0, mask=np.zeros((48, 48), dtype=bool)), plain)
    noisy = {"gain": 800.0, "noise": 0.01, "seed": 2}
    same(
        morphology.of(images[:6, 1], mask=np.zeros((6, 48, 48), dtype=bool), **noisy),
        morphology.of(images[:6, 1], **noisy),
    )


def test_a_field_image_is_measured_label_by_label():
    """Galaxies far apart on a large image: what is cut out for each must not show."""
    field, segmap = np.random.default_rng(1).normal(0, 0.02, (260, 200)), np.zeros((260, 200), dtype=np.int64)
    for label, (y, x) in {10**12: (40, 50), 5: (200, 150), 77: (130, 95)}.items():
        image, own, _ = scene(label % 100, 80)
        place = slice(y - 30, y + 30), slice(x - 30, x + 30)
        field[place] += image[10:70, 6:66]
        segmap[place] = np.where(own[10:70, 6:66] == 3, label, segmap[place])
    found = morphology.of(field, gain=60.0, segmentation=segmap)
    assert found["label"].tolist() == [5, 77, 10**12]
    for label, name in ((5, "xc_asymmetry"), (77, "gini"), (10**12, "ymax_stamp")):
        expected = statmorph.SourceMorphology(field, np.where(segmap == label, 1, 2 * (segmap > 0)), 1, gain=60.0)
        assert found.set_index("label").loc[label, name] == pytest.approx(expected[name], rel=1e-6)
    assert morphology.of(field, gain=60.0, segmentation=segmap, labels=[77])["label"].tolist() == [77]


def test_masked_pixels_are_no_source():
    image, _, _ = scene(3)
    blot = np.zeros(image.shape, dtype=bool)
    blot[2:40, 60:94] = True
    image[blot] = 50.0
    found = morphology.of(image, gain=60.0, mask=blot).iloc[0]
    assert abs(found["xc_centroid"] - 43) < 8
    assert morphology.of(image, gain=60.0).iloc[0]["xc_centroid"] > 60


def test_a_galaxy_that_is_masked_altogether_is_flagged_as_by_statmorph():
    image, segmap, _ = scene(3)
    mask = segmap == 3
    found = morphology.of(image, gain=60.0, segmentation=segmap, mask=mask).iloc[0]
    with pytest.warns(UserWarning, match="nonpositive"):
        expected = statmorph.SourceMorphology(image, segmap, 3, mask=mask, gain=60.0)
    assert found["flag"] == found["flag_sersic"] == expected.flag == 4
    assert np.isnan(found["gini"])
    assert found["segment_area"] == (segmap == 3).sum()


def test_a_stamp_without_a_label_keeps_its_row(images):
    segmap = np.zeros((2, 48, 48), dtype=int)
    segmap[1, 18:30, 18:30] = 4
    found = morphology.of(images[:2, 1], gain=800.0, segmentation=segmap)
    assert found["index"].tolist() == [0, 1]
    assert found["label"].tolist() == [0, 4]
    assert found["segmented"].tolist() == [False, True]
    assert np.isnan(found["gini"][0])


def test_stamps_of_several_sizes_are_measured_each_as_alone(images):
    several = [images[0, 1], images[1, 1, 4:-4, 4:-4]]
    found = morphology.of(several, gain=800.0)
    for index, image in enumerate(several):
        alone_ = morphology.of(image, gain=800.0).drop(columns="index")
        same(found.iloc[[index]].drop(columns="index").reset_index(drop=True), alone_)
    assert photometry.of(several)["log_flux"].notna().all()


def test_double_precision_is_kept(images):
    exact = images[:1, 1].astype(np.float64) + 1e-9
    assert power_spectrum.of(exact)["mode_00"][0] != power_spectrum.of(exact.astype(np.float32))["mode_00"][0]


GAIN = {"gain": 800.0}


@pytest.mark.parametrize(
    ("module", "change", "given", "says"),
    [
        (morphology, None, {}, "give the gain"),
        (morphology, None, {"gain": -1.0}, "gain -1.0 must be positive"),
        (morphology, None, {"gain": np.ones(3)}, r"gains of shape \(3,\) for 2 stamps"),
        (morphology, None, GAIN | {"weightmap": np.ones((48, 48))}, "both say what the noise is"),
        (morphology, None, {"weightmap": -np.ones((48, 48))}, "weightmap: stamp 0 has negative values"),
        (morphology, None, GAIN | {"mask": np.zeros((48, 48))}, "mask: type float64"),
        (morphology, None, GAIN | {"mask": np.zeros((40, 48), dtype=bool)}, r"map of stamp 0 has shape \(40, 48\)"),
        (morphology, None, GAIN | {"mask": np.zeros((3, 48, 48), dtype=bool)}, "3 maps for 2 stamps"),
        (morphology, None, GAIN | {"mask": True}, r"mask: shape \(\) is neither"),
        (morphology, None, GAIN | {"segmentation": np.zeros((48, 48))}, "segmentation: type float64"),
        (morphology, None, GAIN | {"segmentation": -np.ones((48, 48), dtype=int)}, "has negative labels"),
        (morphology, None, GAIN | {"labels": [1, 1]}, "beside a segmentation"),
        (
            morphology,
            None,
            GAIN | {"segmentation": np.ones((48, 48), dtype=int), "labels": [1, 2]},
            "stamp 1 has no label 2",
        ),
        (morphology, None, GAIN | {"psf": np.zeros((3, 3))}, "of a positive sum"),
        (morphology, None, GAIN | {"psf": np.full((3, 3), np.nan)}, "finite values"),
        (morphology, None, GAIN | {"psf": np.ones((3, 3)), "engine": "statmorph"}, "call statmorph.source_morphology"),
        (morphology, None, GAIN | {"psf": np.ones((3, 3)), "psf_fwhm": 2.0}, "convolve the images first"),
        (morphology, None, GAIN | {"engin": "numba"}, "settings of morphology: engin: .*There are engine"),
        (morphology, None, GAIN | {"noise": -0.1}, "noise -0.1 must not be negative"),
        (morphology, None, GAIN | {"processes": 0}, "0 processes"),
        (morphology, None, GAIN | {"band": 1}, "no band 1"),
        (morphology, None, GAIN | {"band": "i"}, "no band 'i': choose one of band0"),
        (morphology, None, GAIN | {"bands": ("g", "r")}, "2 bands .* for images of 1 channels"),
        (morphology, lambda x: x[:, :40], GAIN, "must be square"),
        (morphology, lambda x: (255 * x).astype(np.uint8), GAIN, "8-bit pixels"),
        (morphology, lambda x: x > 0, GAIN, "pixels of type bool"),
        (morphology, lambda x: x.astype(complex), GAIN, "pixels of type complex"),
        (morphology, lambda x: np.ma.masked_less(x, 0), GAIN, "a masked array"),
        (morphology, lambda x: np.moveaxis(np.stack([x] * 3), 0, -1), GAIN, "moveaxis"),
        (morphology, lambda x: x[0, 0], GAIN, r"shape \(48,\) is none of"),
        (morphology, lambda x: x[:0], GAIN, "is none of"),
        (photometry, lambda x: np.where(x == x.max(), np.nan, x), {}, "stamp . has pixels that are not finite"),
        (photometry, None, {"zero_points": (25.0,)}, "give pixel_scale"),
        (photometry, None, {"zero_points": (25.0, 24.0), "pixel_scale": 0.1}, "2 zero points for 1 bands"),
        (photometry, None, {"zero_points": np.inf, "pixel_scale": 0.1}, "must be finite"),
        (sources, None, {"pixel_scale": 0.2}, "give psf_fwhm"),
        (sources, None, {"psf_fwhm": [0.7]}, "give pixel_scale"),
        (power_spectrum, lambda x: x[:, :20, :20], {}, "too small for 15 modes"),
    ],
)
def test_bad_input_is_refused_with_the_remedy(module, change, given, says, images):
    with pytest.raises(GalforgeError, match=says):
        module.of((change or np.asarray)(images[:2, 1]), **given)


def test_no_stamps_are_said(tmp_path):
    with StampsWriter(tmp_path / "empty.h5", (2, 48, 48), HEADER, 1):
        pass
    with pytest.raises(GalforgeError, match="there are no stamps"):
        photometry.of(tmp_path / "empty.h5")


def test_what_a_stamps_file_says_is_not_said_again(written):
    with pytest.raises(GalforgeError, match=r"stamps\.h5: a stamps file says its gain itself"):
        morphology.of(written, gain=3.0)


def test_nothing_of_it_is_in_the_digest_of_a_job():
    """Adding or changing what is used without a workflow measures nothing again."""
    script = ROOT / "workflow" / "scripts" / "measure.py"
    named = tuple(f"galforge.measure.{family}.measure" for family in FAMILIES)
    counted = set(reachable(script, (*named, "galforge.measure.morphology.by_numba")))
    assert "galforge.measure.photometry.measure" in counted
    assert not {f"galforge.measure.{family}" for family in FAMILIES} & counted
    ours = ("alone", "arrays", "reading", "__main__", "morphology.alone", "morphology.given")
    assert not {f"galforge.measure.{name}" for name in ours} & counted
    for name in ours[:2]:
        importlib.import_module(f"galforge.measure.{name}")


def test_families_stay_light_to_import():
    wanted = "from galforge.measure import morphology, photometry, power_spectrum, sources"
    code = f"import sys\n{wanted}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "workflow", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not set(done.stdout.split()) & {"numpy", "pandas", "torch", "scipy", "numba", "joblib"}


@pytest.mark.parametrize("side", [1, 3])
def test_images_without_a_border_are_refused(side):
    with pytest.raises(GalforgeError, match=f"an image is {side} px wide"):
        photometry.of(np.ones((3, side, side)))
