"""The page docs/measuring-alone.md: its examples run, and give what it says."""

import re
import shlex

import numpy as np
import pandas as pd
import pytest
from tree import ROOT

from galforge import logs
from galforge.compare.__main__ import main as compare
from galforge.measure.__main__ import main as measure

PAGE = (ROOT / "docs" / "measuring-alone.md").read_text(encoding="utf-8")
COMMANDS = {"galforge.measure": measure, "galforge.compare": compare}


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """What the examples of the page define, run one after the other, shell commands where they stand."""
    folder = tmp_path_factory.mktemp("page")
    defined: dict = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in ("handlers", "level", "propagate"):
            patch.setattr(logs.log, name, getattr(logs.log, name))
        for kind, text in re.findall(r"^```(python|sh)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
            if kind == "python":
                exec(compile(text, "docs/measuring-alone.md", "exec"), defined)
                defined.setdefault("every_gini", []).append(defined.get("gini"))
                continue
            for line in text.splitlines():
                _, _, module, *words = shlex.split(line)
                assert COMMANDS[module](words) == 0, line
        defined["files"] = {path.name: path for path in folder.iterdir()}
    return defined


def test_two_changed_lines_give_statmorphs_numbers(names):
    assert names["table"]["label"].tolist() == [1, 2]
    statmorphs = next(each for each in names["every_gini"] if each is not None)
    assert names["gini"].tolist() == pytest.approx(statmorphs, rel=1e-6)
    for each, row in zip(names["found"], names["table"].itertuples(), strict=True):
        assert row.asymmetry == pytest.approx(each.asymmetry, rel=1e-6)
        assert row.flag == each.flag <= 1


def test_every_function_measures(names):
    for table in ("shapes", "light", "spectra", "extracted"):
        assert len(names[table]) == 30, table
    assert (names["shapes"]["flag"] <= 1).mean() > 0.8
    colour = names["light"]["magnitude_g"] - names["light"]["magnitude_r"]
    assert colour.mean() == pytest.approx(2.5 * np.log10(0.7), abs=0.02)
    assert names["extracted"]["sersic_index"].notna().mean() > 0.8


def test_the_shell_gives_the_notebooks_tables(names):
    shapes = names["shapes"]
    pd.testing.assert_frame_equal(pd.read_parquet(names["files"]["real.parquet"]), shapes[:20], check_exact=True)
    written = pd.read_csv(names["files"]["distances.csv"])
    pd.testing.assert_frame_equal(written, names["distances"], check_exact=True)


def test_distances_have_errors_and_floors(names):
    assert names["radii"]["property"].tolist() == ["half_light_radius", "sersic_index"]
    assert {"morphology", "photometry", "joint"} == set(names["everything"]["comparison"])
    known = names["distances"].query("metric == 'wasserstein'")
    assert (known[["value", "standard_error", "floor", "limit"]] > 0).all(axis=None)


def test_the_speed_is_the_benchmarks():
    told = re.search(r"take ([\d.]+) ms each, (\d+) ms by\nstatmorph: (\d+) times as fast", PAGE).groups()
    said = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    line = r"of 16 noisy stamps of 64 px: ([\d.]+) ms by engine numba, (\d+) ms by engine statmorph: (\d+)\."
    assert re.search(line, said).groups() == told


def test_the_page_is_linked_and_its_sh_block_is_there():
    assert "docs/measuring-alone.md" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(blocks("sh")) == 1
    assert len(blocks("python")) == 6
