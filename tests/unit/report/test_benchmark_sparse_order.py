"""The script behind "Which sparse images look real?": orders and ranks of a run, from tables made up."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

spec = importlib.util.spec_from_file_location(
    "benchmark_sparse_order", Path(__file__).resolve().parents[3] / "benchmarks" / "sparse_order.py"
)
sparse_order = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sparse_order)

SCORES = {  # mean score, error over images, over trainings, printed
    "real": (1.90, 0.02, np.nan, 1.93),
    "two_stage_conditional": (1.60, 0.01, 0.03, 1.90),
    "two_stage_unconditional": (1.58, 0.01, 0.03, 1.85),
    "end_to_end_gan": (2.40, 0.01, 0.02, 0.85),
    "baseline2": (1.10, 0.01, np.nan, 0.89),
    "empty": (1.30, 0.00, np.nan, np.nan),
}
SPECTRA = {
    "two_stage_conditional": (0.08, 1),
    "two_stage_unconditional": (0.09, 1),
    "baseline2": (0.4, 3),
    "end_to_end_gan": (2.5, 4),
    "empty": (4.0, 5),
}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    scores = pd.DataFrame(
        [
            {"model": model, "value": value, "error_images": images, "error_seeds": seeds, "published": printed}
            | {"standard_error": np.hypot(images, np.nan_to_num(seeds)), "metric": "mean_score", "seeds": 3}
            for model, (value, images, seeds, printed) in SCORES.items()
        ]
    )
    spectra = pd.DataFrame(
        [
            {"model": model, "value": value, "standard_error": 0.01, "rank": rank, "floor": 0.03, "seeds": 3}
            | {"metric": "wasserstein", "property": "average", "protocol": "corrected"}
            for model, (value, rank) in SPECTRA.items()
        ]
    )
    others = spectra.assign(protocol="published", value=99.0)
    for name, table in (
        ("gantastic2020/table2", scores),
        ("holzschuh2022/power_spectrum", pd.concat([spectra, others])),
    ):
        path = tmp_path / "tables" / f"{name}.csv"
        path.parent.mkdir(parents=True)
        table.assign(dataset="sparse").to_csv(path, index=False)
    return tmp_path


def cells(told: str, model: str) -> list[str]:
    return next(line for line in told.splitlines() if line.startswith(f"| {model} |")).strip("| ").split(" | ")


def test_ranks_of_scores_have_ties_and_the_black_images_are_told(results, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["sparse_order.py", str(results)])
    sparse_order.main()
    told = capsys.readouterr().out
    # Name, score, its rank, distance from real images, its rank, printed, spectrum, floor, its rank.
    assert cells(told, "End-to-end GAN")[2:5] == ["1", "+0.50", "3"]
    assert cells(told, "Two-stage GAN, conditional")[2:5] == ["2", "-0.30", "1"]
    assert cells(told, "Two-stage GAN")[2:5] == ["2", "-0.32", "1"]
    assert cells(told, "Baseline 2")[-1] == "3"
    assert cells(told, "empty")[5] == "", "never printed"
    assert "Black images score 1.30: more than baseline2" in told
    # Of six pairs of printed models five are in the printed order and one is tied: 5 / sqrt(5 * 6).
    assert "by spectrum with the report's: +0.91" in told


def test_a_run_that_is_not_finished_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["sparse_order.py", str(tmp_path)])
    with pytest.raises(SystemExit, match="finish the run first"):
        sparse_order.main()
