"""Denoising the test galaxies: the same images and noise for all, in every test."""

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from galforge.measure.morphology.compared import PROPERTIES
from galforge.measure.morphology.settings import MeasureSettings
from galforge.studies.denoising.evaluation import Measuring, evaluate, examples, observe, write_examples
from galforge.studies.denoising.galaxies import Galaxies
from galforge.studies.denoising.methods import references
from galforge.studies.denoising.settings import CaseSettings, DenoisingSettings
from galforge.studies.denoising.trials import CASE, trials_of
from toys.native import write_galaxies

PSF, NOISE = 1.0, 2.0
SETTINGS = DenoisingSettings(
    psf_sigma=PSF,
    noise_sigma=NOISE,
    cases={"in_domain": CaseSettings(), "both": CaseSettings(pixel_size=2.0, noise=3.0)},
    noise_curve=[0.0, 2.0],
    pixel_curve=[1.5],
    curve_images=2,
    examples=2,
    tuning={
        "images": 3,
        "wiener": [0.01, 0.1, 1.0],
        "richardson_lucy": [1, 4, 9],
        "non_local_means": [0.5, 1.0, 1.5],
    },
)
SPEC = SETTINGS.spec()


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_galaxies(tmp_path_factory.mktemp("stamps") / "real.h5", 24, "mock", 1, (24, 30))


def identity(test: object, pair: object) -> tuple[np.ndarray, float]:
    return pair.image, np.nan


def test_tests_come_in_the_papers_order():
    spec = {**SPEC, "cases": dict(sorted(DenoisingSettings().spec()["cases"].items()))}
    names = [trial.name for trial in trials_of(spec) if trial.kind == CASE]
    shifts = ["pixel_size_shift", "noise_shift", "noise_shift_code", "both_shifts", "both_shifts_code"]
    assert names == ["in_domain", *shifts]


def test_every_method_has_a_row_per_test_and_galaxy(real: Path):
    with Galaxies(real) as galaxies:
        methods = references(galaxies, SPEC)
        table = evaluate(galaxies, SPEC, methods, None, "truth")
    counts = table.groupby(["kind", "case", "method"]).size().unstack()
    assert set(counts.columns) == {"truth", "identity", "wiener", "richardson_lucy", "non_local_means"}
    assert (counts.loc["case"] == 6).all(axis=None)
    assert (counts.loc[["noise_curve", "pixel_curve"]] == 2).all(axis=None)
    assert list(counts.loc["noise_curve"].index) == ["noise-0", "noise-2"]
    assert set(table["index"]) == {3, 7, 11, 15, 19, 23}
    # Tuned for each test apart, out of the grid.
    wiener = table[table["method"] == "wiener"]
    assert set(wiener["setting"]) <= {0.01, 0.1, 1.0}
    assert (wiener.groupby("case")["setting"].nunique() == 1).all()
    best = table[table["case"] == "in_domain"].groupby("method")["mse"].mean()
    assert best["wiener"] < best["identity"]
    assert best["richardson_lucy"] < best["identity"]


def test_the_observation_is_blurred_noisy_and_the_same_for_all(real: Path):
    with Galaxies(real) as galaxies:
        plain = evaluate(galaxies, SPEC, {"network": identity}, None, "a network")
        again = evaluate(galaxies, SPEC, {"network": identity, "other": identity}, None, "another")
        for test in trials_of(SPEC):
            pair = observe(galaxies, 7, SPEC, test)
            own = plain[(plain["case"] == test.name) & (plain["index"] == 7)]
            if len(own):
                assert own["mse"].item() == pytest.approx(np.mean((pair.image - pair.truth) ** 2))
                assert own["side"].item() == pair.truth.shape[-1]
        blurred = [ndimage.gaussian_filter(galaxies[i][0], PSF, mode="constant", truncate=10) for i in (3, 7, 11)]
        expected = [np.mean((image - galaxies[i][0]) ** 2) for image, i in zip(blurred, (3, 7, 11), strict=True)]
    same = again[again["method"] == "network"]["mse"].to_numpy()
    np.testing.assert_array_equal(same, plain["mse"])
    np.testing.assert_array_equal(same, again[again["method"] == "other"]["mse"])
    # Without noise only the blur is left: two bands, the second with half of the light.
    noiseless = plain[plain["case"] == "noise-0"]
    for index, error in zip((3, 7, 11), expected, strict=True):
        row = noiseless[noiseless["index"] == index]
        if len(row):
            assert row["mse"].item() == pytest.approx(error * 1.25 / 2, rel=1e-5)


def test_morphology_is_measured_in_noise_of_its_own(real: Path):
    measuring = Measuring(0, 0.5, 0, MeasureSettings())
    one_case = {**SPEC, "cases": {"in_domain": SPEC["cases"]["in_domain"]}}
    with Galaxies(real) as galaxies:
        methods = {"truth": identity, "network": lambda test, pair: (pair.truth, np.nan)}
        table = evaluate(galaxies, one_case, methods, measuring, "x")
        other = evaluate(galaxies, one_case, methods, measuring, "y")
    cases, curves = table[table["kind"] == "case"], table[table["kind"] != "case"]
    assert cases["segmented"].all()
    assert cases[list(PROPERTIES.values())].notna().mean(axis=None) > 0.9
    assert not curves["segmented"].any()
    assert curves[list(PROPERTIES.values())].isna().all(axis=None)
    truth, network = (cases[cases["method"] == name]["gini"].to_numpy() for name in ("truth", "network"))
    # The same galaxies in another draw of the noise.
    assert not np.array_equal(truth, network)
    np.testing.assert_allclose(truth, network, atol=0.1)
    assert not np.array_equal(cases["gini"], other[other["kind"] == "case"]["gini"])


def test_examples_are_of_the_first_galaxies(real: Path, tmp_path: Path):
    out = tmp_path / "examples.npz"
    with Galaxies(real) as galaxies:
        write_examples(out, examples(galaxies, SPEC, {"network": identity, "truth": identity}, with_pair=True))
        first = out.read_bytes()
        write_examples(out, examples(galaxies, SPEC, {"network": identity, "truth": identity}, with_pair=True))
    assert out.read_bytes() == first
    found = np.load(out, allow_pickle=False)
    assert set(found) == {f"{case}/{k}/{what}" for case in SPEC["cases"] for k in (0, 1) for what in
                          ("input", "truth", "output")}  # fmt: skip
    np.testing.assert_array_equal(found["both/1/input"], found["both/1/output"])
    assert found["both/0/truth"].shape[-1] == found["in_domain/0/truth"].shape[-1] // 2
