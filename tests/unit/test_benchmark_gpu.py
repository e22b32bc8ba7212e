"""Counted steps as tables, and the report of a GPU: what they say of given numbers."""

import importlib.util
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from galforge.estimate.rates import ROOFLINE_UNIT, Rate, Rates, read_table
from galforge.estimate.roofline import Gpu, read_steps
from galforge.estimate.rows import columns

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
GPU = Gpu("NVIDIA X, 40 GB", 400.0, 200.0, 50.0, 2000.0, True)


def load(name: str):
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", BENCHMARKS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path[:] = before
    return module


@pytest.fixture(scope="module")
def counting():
    return load("gpu_steps")


@pytest.fixture(scope="module")
def reporting():
    return load("gpu_report")


def test_the_page_shows_what_the_table_of_steps_has(counting):
    steps = read_steps()
    assert steps
    page = counting.PAGE.read_text(encoding="utf-8")
    assert counting.in_page(page, counting.table_of(steps)) == page
    assert counting.text_of(steps) == counting.TABLE.read_text(encoding="utf-8")
    assert sorted(steps, key=counting.place) == steps


def test_a_page_without_its_marks_is_left_alone(counting):
    with pytest.raises(SystemExit, match="no lines"):
        counting.in_page("text", "table")


def test_a_step_that_fails_is_named_and_nothing_is_written(counting, monkeypatch, tmp_path):
    script = tmp_path / "tests" / "gpu" / "measure.py"
    script.parent.mkdir(parents=True)
    script.write_text('print(\'{"what": "train", "name": "a/b", "error": "two devices"}\')\n')
    monkeypatch.setattr(counting, "ROOT", tmp_path)
    with pytest.raises(SystemExit, match="nothing was written:\ntrain a/b: two devices"):
        counting.main(["--write"])


def test_times_are_held_against_rooflines_and_become_rates_of_plans(reporting, tmp_path):
    step = next(step for step in read_steps() if step.scale == "paper" and step.what == "train" and step.operations)
    best = step.images * step.seconds(GPU)
    row = {**asdict(step), "seconds": 2 * best}
    new = {**row, "name": "sky/new"}
    lines, ratios = reporting.against_rooflines([row, new], GPU)
    assert ratios == {("train", step.family): pytest.approx(2)}
    assert f"| train {step.name} " in lines[2]
    assert "| 2.00 |" in lines[2]
    assert "not counted" in lines[3]
    table = tmp_path / "rates.csv"
    table.write_text(reporting.text_of(reporting.rates_of(GPU, ratios)))
    rates = read_table(table)
    assert Rates(tmp_path, rates, {}, []).gpu == Gpu("NVIDIA X 40 GB", 400.0, 200.0, 50.0, 2000.0, True)
    assert [rate.value for rate in rates if rate.unit == ROOFLINE_UNIT] == [2.0]
    assert table.read_text().splitlines()[0] == ",".join(columns(Rate))


def test_the_report_says_what_is_other_than_the_lock(reporting, monkeypatch):
    real = reporting.importlib.metadata.version
    monkeypatch.setattr(
        reporting.importlib.metadata, "version", lambda name: "2.4.0+cu121" if name == "torch" else real(name)
    )
    lines = reporting.versions()
    assert any(line.startswith("| torch | 2.4.0+cu121 | 2.") for line in lines)
    assert lines[-1] == "Other than the lock: torch."


def test_without_a_gpu_the_report_says_so_and_fails(reporting, monkeypatch, tmp_path):
    monkeypatch.setattr(reporting.Report, "run", lambda self, words, share=1.0: ('{"device": "cpu"}', ""))
    assert reporting.main(["--out", str(tmp_path / "out")]) == 1
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "torch sees no GPU here" in text
    assert not (tmp_path / "out" / "rates.csv").exists()


def test_a_part_that_takes_too_long_is_stopped_and_keeps_what_it_said(reporting, tmp_path, monkeypatch):
    monkeypatch.setattr(reporting, "LEAST_SECONDS", 2.0)
    script = tmp_path / "slow.py"
    script.write_text("import time\nprint('begun', flush=True)\ntime.sleep(60)\n")
    said, fault = reporting.Report(0.0).run([str(script)])
    assert said.strip() == "begun"
    assert fault == "stopped after 2 s"
