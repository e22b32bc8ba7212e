"""The script behind "Does it follow the redshift?": what it prints of a run, from tables and measurements made up."""

import importlib.util
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from galforge.compare import galaxy_kl
from galforge.compare.settings import CompareSettings
from toys.galaxies_of_redshift import measured

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"
spec = importlib.util.spec_from_file_location("benchmark_redshift", BENCHMARKS / "redshift.py")
redshift = importlib.util.module_from_spec(spec)
sys.path.insert(0, str(BENCHMARKS))
try:
    spec.loader.exec_module(redshift)
finally:
    sys.path.remove(str(BENCHMARKS))
EDGES = np.array([0.01, 0.5, 1.0, 4.0])
WRONG = {"good-seed0": 0.0, "good-seed1": 0.0, "bad-seed0": 1.0, "bad-seed1": 0.9}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    for who, wrong in {"source": 0.0, **WRONG}.items():
        path = folder / "measurements" / "hsc" / who / "sources.parquet"
        path.parent.mkdir(parents=True)
        measured(who, 6000 if who == "source" else 900, wrong).to_parquet(path)
    tables = {
        "li2024/successors": [
            ("good", "generated_over_real", f"isophotal_area@{low:g}-{high:g}", 0.98, 0.02)
            for low, high in pairwise(EDGES)
        ]
        + [("good", "generated_over_real", "sky_rms_g", 1.01, 0.003)],
        "li2024/table1": [("good", "redshift_outliers", "all", 0.061, 0.004)],
        "holzschuh2022/colour_grain": [
            ("good", "median_ratio", "colour_grain", 1.25, 0.04),
            ("good", "wasserstein", "colour_grain", 0.012, 0.002),
        ],
    }
    for name, rows in tables.items():
        path = folder / "tables" / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        columns = ["model", "metric", "property", "value", "standard_error"]
        frame = pd.DataFrame(rows, columns=columns).assign(dataset="hsc", protocol="corrected", seeds=2)
        printed = frame.assign(model="printed", seeds=np.nan)
        pd.concat([frame, printed, frame.assign(protocol="published")]).to_csv(path, index=False)
    return folder


def test_losses_are_those_of_the_comparison_bin_by_bin(results):
    rows = redshift.divergences(results, "hsc", EDGES, 0.5).set_index(["model", "property", "where"])
    assert len(rows) == 2 * 2 * 2
    settings = CompareSettings().of("galaxy_kl", "corrected", False)
    expected = []
    for who in ("bad-seed0", "bad-seed1"):
        for low, high in ((0.5, 1.0), (1.0, 4.0)):
            sides = [
                measured(name, count, wrong) for name, count, wrong in (("source", 6000, 0), (who, 900, WRONG[who]))
            ]
            inside = [side[(side["redshift"] >= low) & (side["redshift"] < high)] for side in sides]
            table = galaxy_kl.compare(*inside, settings).set_index(["metric", "property"])
            expected.append(table.loc[("galaxy_kl", "ellipticity"), "value"])
    found = rows.loc[("bad", "ellipticity", "above")]
    assert found["value"] == pytest.approx(np.mean(expected))
    per_seed = np.mean(np.reshape(expected, (2, 2)), axis=1)
    assert found["error_seeds"] == pytest.approx(np.std(per_seed, ddof=1) / np.sqrt(2))


def test_the_better_model_is_named_and_only_beyond_twice_the_error(results):
    rows = redshift.divergences(results, "hsc", EDGES, 0.5)
    lines = list(redshift.compared(rows, "good", "bad"))
    assert len(lines) == 4
    assert all(line.endswith("| good |") for line in lines if "area, above" in line.replace("isophotal_", ""))
    alike = rows[rows["model"] == "good"]
    assert all(
        line.endswith("| neither |")
        for line in redshift.compared(pd.concat([alike, alike.assign(model="same")]), "good", "same")
    )


def test_the_tables_of_the_docs_are_printed(results, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["redshift.py", str(results), "--dataset", "hsc"])
    redshift.main()
    told = capsys.readouterr().out
    assert "| good | 0.98 ± 0.02 | 0.98 ± 0.02 | 0.98 ± 0.02 |" in told
    assert "| good | 1.010 ± 0.003 |" in told
    assert "| good | 6.1 ± 0.4 |" in told
    assert "| good | 1.250 ± 0.040 |" in told
    assert "printed" not in told


def test_a_run_that_is_not_finished_and_a_limit_within_a_bin_are_refused(results, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["redshift.py", str(tmp_path)])
    with pytest.raises(SystemExit, match="finish the run first"):
        redshift.main()
    monkeypatch.setattr(sys, "argv", ["redshift.py", str(results), "--dataset", "hsc", "--limit", "0.7"])
    with pytest.raises(SystemExit, match="no edge of a bin"):
        redshift.main()
