"""Two tables compared without a workflow: the numbers of the comparisons, and what cannot be compared."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy.stats import wasserstein_distance
from tree import ROOT

from galforge.compare import morphology, photometry, power_spectrum
from galforge.compare.__main__ import main
from galforge.compare.settings import CompareSettings
from galforge.compare.tables import compare_tables
from galforge.errors import GalforgeError

FEW = {"bootstrap": 20, "halvings": 10, "permutations": 2, "directions": 16}
BLOCKED = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in {'torch', 'snakemake', 'xgboost', 'matplotlib', 'astropy'}:
            raise ModuleNotFoundError(f'{name} is blocked', name=name)
sys.meta_path.insert(0, Blocked())
"""
MODES = [f"mode_{mode:02d}" for mode in range(15)]


def table(seed: int, count: int = 60, shift: float = 0.0, **said: object) -> pd.DataFrame:
    """Measurements of everything, normal and shifted."""
    draws = np.random.default_rng(seed)
    names = [*morphology.PROPERTIES.values(), *photometry.PROPERTIES, *MODES, "half_light_radius"]
    found = pd.DataFrame({"index": np.arange(count)} | {name: draws.normal(shift, 1, count) for name in names})
    found = found.assign(segmented=True, flag=0.0)
    found.attrs = {"engine": "numba", "bands": ["r"], "side": 64, "origin": "observed"} | said
    return found


def parts(whole: pd.DataFrame) -> list[pd.DataFrame]:
    """The tables of three measures."""
    names = (
        ["index", "segmented", "flag", *morphology.PROPERTIES.values()],
        ["index", *photometry.PROPERTIES],
        ["index", *MODES],
    )
    found = [whole[list(each)].copy() for each in names]
    for each, engine in zip(found, ("numba", "", ""), strict=True):
        each.attrs = whole.attrs | {"engine": engine}
    return found


def test_rows_are_those_of_the_comparisons():
    real, made = table(1), table(2, 50, 0.5)
    found = compare_tables(real, made, **FEW)
    assert list(dict.fromkeys(found["comparison"])) == ["joint", "morphology", "photometry", "power_spectrum"]
    for module in (morphology, photometry, power_spectrum):
        name = module.__name__.rpartition(".")[2]
        expected = module.compare(real, made, CompareSettings(**FEW).of(name, "corrected", False))
        own = found[found["comparison"] == name].drop(columns=["comparison", "protocol"]).reset_index(drop=True)
        pd.testing.assert_frame_equal(own, expected.drop(columns="replicates"), check_exact=True)
    assert (found["protocol"] == "corrected").all()


def test_values_are_scipys():
    real, made = table(1), table(2, 50, 1.0)
    found = compare_tables(real, made, columns=["log_flux", "half_light_radius"], **FEW).set_index("property")
    for name in ("log_flux", "half_light_radius"):
        assert found["value"][name] == pytest.approx(wasserstein_distance(real[name], made[name]))
    assert (found["standard_error"] > 0).all()
    assert (found["value"] > found["limit"]).all()
    alike = compare_tables(real, table(3), columns=["log_flux"], **FEW)
    assert alike["value"][0] < alike["limit"][0]
    assert alike["floor"][0] > 0


def test_axes_are_the_same_after_half_a_turn():
    real, made = table(1), table(1)
    made["orientation_centroid"] = real["orientation_centroid"] + np.pi
    found = compare_tables(real, made, columns=["orientation_centroid", "gini"], **FEW)
    assert found["value"].tolist() == pytest.approx([0.0, 0.0], abs=1e-12)
    made["gini"] = real["gini"] + np.pi
    assert compare_tables(real, made, columns=["gini"], **FEW)["value"][0] == pytest.approx(np.pi)


def test_galaxies_that_cannot_be_measured_count():
    real, made = table(1), table(1)
    made.loc[:9, "log_flux"] = np.nan
    counted, left_out = (
        compare_tables(real, made, columns=["log_flux"], protocol=protocol, **FEW)["value"][0]
        for protocol in ("corrected", "published")
    )
    assert left_out < 0.3
    assert counted > left_out + 0.2


def test_several_measures_are_joined_and_files_read(tmp_path):
    real, made = table(1), table(2, 50, 0.5)
    expected = compare_tables(real, made, **FEW)
    pd.testing.assert_frame_equal(compare_tables(parts(real), parts(made), **FEW), expected, check_exact=True)
    paths = {}
    for side, whole in (("real", real), ("made", made)):
        paths[side] = [tmp_path / f"{side}{i}.{ending}" for i, ending in enumerate(("parquet", "csv", "parquet"))]
        for part, path in zip(parts(whole), paths[side], strict=True):
            (part.to_csv if path.suffix == ".csv" else part.to_parquet)(path, index=False)
    pd.testing.assert_frame_equal(compare_tables(paths["real"], paths["made"], **FEW), expected, check_exact=True)
    assert "protocol" not in real.attrs


def test_the_command_writes_value_error_and_floor(tmp_path, capsys):
    real, made = table(1), table(2, 50, 0.5)
    for side, whole in (("real", real), ("made", made)):
        for name, part in zip("mps", parts(whole), strict=True):
            part.to_parquet(tmp_path / f"{side}-{name}.parquet", index=False)
    out = tmp_path / "new" / "distances.csv"
    sides = [",".join(str(tmp_path / f"{side}-{name}.parquet") for name in "ms") for side in ("real", "made")]
    assert main([*sides, "-o", str(out), "--set", "bootstrap=20", "--set", "halvings=10"]) == 0
    expected = compare_tables(*([parts(each)[0], parts(each)[2]] for each in (real, made)), bootstrap=20, halvings=10)
    pd.testing.assert_frame_equal(pd.read_csv(out), expected, check_exact=True)
    said = capsys.readouterr().out.splitlines()
    assert said[0].split() == ["comparison", "metric", "property", "value", "standard_error", "floor"]
    assert len(said) == 1 + expected["value"].notna().sum()
    assert main([*sides, "-o", str(out), "--columns", "gini,mode_03", "--set", "bootstrap=20"]) == 0
    assert pd.read_csv(out)["property"].tolist() == ["gini", "mode_03"]
    assert main([*sides, "-o", str(tmp_path / "x.txt")]) == 1
    assert "x.txt: a table ends in .csv" in capsys.readouterr().err
    assert main([*sides, "-o", str(out), "--set", "bootstrap"]) == 1
    assert "KEY=NUMBER is needed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("real", "made", "given", "says"),
    [
        ([table(1)], [table(2, engine="statmorph")], {}, "measured by engine numba, the generated stamps by statmorph"),
        ([table(1)], [table(2, side=32)], {}, r"side \[px\] 64, the generated ones 32"),
        ([table(1)], [table(2, bands=["g"])], {}, "have bands"),
        ([table(1, protocol="published")], [table(2, protocol="corrected")], {}, "by another protocol"),
        ([table(1, protocol="published"), table(1, protocol="corrected")], [table(2)], {}, "tables of both protocols"),
        ([table(1)], [], {}, "the generated side has no table"),
        ([table(1)[:0]], [table(2)], {}, "the real side has a table without rows"),
        ([table(1)[["index", "gini"]]], [table(2)], {}, "no comparison knows these tables"),
        ([table(1), table(3, 50)], [table(2)], {}, "of different stamps"),
        ([table(1)], [table(2)], {"comparisons": ["fid"]}, "there is no comparison 'fid': choose of band_scores"),
        ([table(1)], [table(2)], {"columns": ["radius"]}, "real measurements lack the columns radius"),
        ([table(1)], [table(2)], {"bootstraps": 3}, "settings of comparisons"),
        ([table(1)], [table(2)], {"protocol": "corected"}, "no protocol 'corected': choose of corrected, published"),
        (
            [table(1)],
            [table(2)],
            {"comparisons": ["joint"], "protocol": "published"},
            "joint has no protocol published",
        ),
        ([table(1).assign(error="x")], [table(2).assign(error="")], {"columns": ["error"]}, "real .* text in error"),
        ("missing.parquet", [table(2)], {}, "missing.parquet: no table can be read"),
        ("table.txt", [table(2)], {}, "table.txt: a table ends in"),
    ],
)
def test_what_cannot_be_compared_is_refused(real, made, given, says):
    with pytest.raises(GalforgeError, match=says):
        compare_tables(real, made, **given)


def test_it_runs_without_torch_and_snakemake():
    code = BLOCKED + "from galforge.compare import __main__, colour_bulge, features, joint, morphology, photometry"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "workflow", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
