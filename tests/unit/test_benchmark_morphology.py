"""The benchmarks of morphology: what counts as agreement, that stamps are the same each time, and that they run."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def load(name: str):
    sys.path.insert(0, str(BENCHMARKS))
    try:
        spec = importlib.util.spec_from_file_location(f"benchmark_{name}", BENCHMARKS / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(BENCHMARKS))
    return module


@pytest.fixture(scope="module")
def agreement():
    return load("morphology_agreement")


def table(**columns) -> pd.DataFrame:
    return pd.DataFrame({"flag": 0.0, "flag_sersic": 0.0, "error": "", **columns})


def test_differences_are_relative_to_statmorphs_value(agreement):
    found = agreement.differences(np.array([10.0, -2.0, 0.0, 0.0]), np.array([10.1, -2.0, 0.0, 1e-9]), "gini")
    assert found.tolist() == [pytest.approx(0.01), 0.0, 0.0, np.inf]


def test_differences_of_what_passes_through_zero_are_relative_to_the_median(agreement):
    found = agreement.differences(np.array([0.0, 2.0, -4.0]), np.array([0.2, 2.2, -3.8]), "asymmetry")
    assert found == pytest.approx([0.1, 0.1, 0.05])


def test_angles_half_a_turn_apart_are_the_same(agreement):
    found = agreement.differences(np.array([0.01, 1.0]), np.array([0.01 + np.pi - 1e-3, 1.5]), "sersic_theta")
    assert found == pytest.approx([1e-3, 0.5])


def test_a_value_that_one_engine_lacks_is_an_outlier_and_one_that_both_lack_is_none(agreement):
    found = agreement.differences(np.array([np.nan, 1.0, np.nan]), np.array([1.0, np.nan, np.nan]), "gini")
    assert found[:2].tolist() == [np.inf, np.inf]
    assert np.isnan(found[2])


def test_flagged_stamps_do_not_count_but_their_outliers_are_listed(agreement):
    expected = table(gini=np.array([0.5, 0.5, 0.5, 0.6]), sersic_n=np.array([1.0, 1.0, 2.0, 3.0]))
    expected["flag"], expected["flag_sersic"] = [0, 1, 2, 0], [0, 1, 0, 0]
    found = expected.assign(gini=[0.5, 0.5 + 1e-8, 0.7, 0.6 + 1e-5], sersic_n=[1.0, 5.0, 2.0, 3.0])
    rows, outliers = agreement.compared(expected, found, ["gini", "sersic_n"])
    gini, sersic_n = rows.to_dict("records")
    assert (gini["stamps"], gini["close"], gini["outliers"]) == (3, pytest.approx(2 / 3), 0)
    assert gini["largest"] == pytest.approx(1e-5 / 0.6)
    assert (gini["all_stamps"], gini["all_close"], gini["all_outliers"]) == (4, 0.5, 1)
    assert (sersic_n["stamps"], sersic_n["close"]) == (2, 1.0)
    # The mean over the three stamps of the difference of sorted values, over their sd.
    assert gini["w1"] == pytest.approx((1e-8 + 1e-5) / 3 / np.std([0.5, 0.5, 0.6]))
    listed = [tuple(row) for row in outliers[["row", "property", "counts", "statmorph", "galforge"]].to_numpy()]
    assert listed == [(2, "gini", False, 0.5, 0.7), (1, "sersic_n", False, 1.0, 5.0)]


def test_flags_agree_where_they_are_equal_or_both_engines_raised(agreement):
    expected = table(gini=np.zeros(4)).assign(error=["", "", "AssertionError", "AssertionError"])
    found = expected.assign(flag_sersic=[0, 2, 0, 0], error=["", "", "AssertionError", ""])
    assert agreement.same_flags(expected, found) == 0.5


def test_what_statmorph_found_is_kept_for_the_same_stamps_only(agreement, tmp_path, monkeypatch):
    stamps = agreement.stamp_set("noisy", 2)
    maps = [np.ones(stamp.image.shape, dtype=bool) for stamp in stamps]
    taken = []
    monkeypatch.setattr(agreement, "measured", lambda engine, stamp, galaxy: taken.append(stamp.name) or {"gini": 0.5})
    for _ in range(2):
        assert agreement.oracle(stamps, maps, tmp_path, "noisy")["gini"].tolist() == [0.5, 0.5]
    assert taken == ["noisy 0", "noisy 1"]
    maps[1] = maps[1].copy()
    maps[1][0, 0] = False
    agreement.oracle(stamps, maps, tmp_path, "noisy")
    assert len(taken) == 4


@pytest.mark.parametrize("name", ["noiseless", "noisy", "clumpy", "mocks"])
def test_stamps_follow_from_their_index(agreement, name):
    first, again = agreement.stamp_set(name, 5), agreement.stamp_set(name, 4)
    for one, other in zip(first, again, strict=False):
        assert one.name == other.name
        np.testing.assert_array_equal(one.image, other.image)
    assert first[0].psf is None
    assert first[3].psf.sum() == pytest.approx(1)
    assert all(64 <= stamp.image.shape[0] == stamp.image.shape[1] <= 256 for stamp in first)


@pytest.mark.slow
def test_agreement_runs_and_both_engines_agree_on_a_few_stamps(agreement, tmp_path, capsys):
    agreement.main(["--sets", "noisy", "--count", "4", "--outliers", str(tmp_path / "outliers.csv")])
    text = capsys.readouterr().out
    assert re.search(r"^\| noisy \| 4 \| 4 \| 4 \| 100.0 % \| 0, 0, 0 \| met \|$", text, re.MULTILINE)
    # How many of the properties are close is the full run's to say; so few stamps say that most are.
    shares = [float(share) for share in re.findall(r"^\| \w+ \| ([\d.]+) %,", text, re.MULTILINE)]
    assert len(shares) == len(agreement.by_numba.QUANTITIES) - len(agreement.FLAGS)
    assert np.mean(shares) > 95
    assert "differences beyond 0.001" in text


@pytest.mark.slow
def test_speed_runs_and_prints_its_table():
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "morphology.py", "--quick"], capture_output=True, text=True, timeout=600
    )
    assert done.returncode in (0, 1), done.stderr
    line = r"^\| (\w+) \| 64 \| (\S+) \| (\S+) \| (\S+) \| (\S+) \| ([\d.]+) .* \| (met|NOT met) \|$"
    rows = re.findall(line, done.stdout, re.MULTILINE)
    assert [kind for kind, *_ in rows] == ["noiseless", "noisy", "clumpy"], done.stdout + done.stderr
    for _, *times, over, _ in rows:
        whole, same, trimmed, ours = map(float, times)
        assert min(whole, same, trimmed) > ours > 0
        assert float(over) > 1
    assert re.search(r"with a warm cache \(lowest of 1; aim below 1 s: (met|NOT met)\)$", done.stdout, re.MULTILINE)
    assert re.search(r"^8 stamps of 64 px: .* times as fast \(CPU time", done.stdout, re.MULTILINE)
    assert re.search(r"ms by engine numba, .* ms by engine statmorph: [\d.]+ times as fast$", done.stdout, re.MULTILINE)
