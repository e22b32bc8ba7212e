"""The scripts in examples/ run as their docstrings say, and say what they should."""

import json
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from tree import ROOT

from galforge.measure import power_spectrum

PLANNED = """
import json, sys
sys.path[:0] = ["workflow"]
import yaml
from galforge.config import files
from galforge.config.parse import parse
from galforge.config.problems import merged
from galforge.papers import assembly, printed_files
from galforge.plan.stages import Stages
demo = yaml.safe_load(open("config/demo.yaml").read())
planned = Stages(parse(merged(yaml.safe_load(files.CONFIG.read_text()), demo))).tables.planned
job = planned.jobs["yours2027_shapes"]
values = assembly.read_published(printed_files.planned(job.printed))
print(json.dumps([job.inputs["distances"], values["value"].tolist()]))
"""


def example(name: str, *words: object, tree=ROOT) -> str:
    command = [sys.executable, f"examples/{name}.py", *map(str, words)]
    done = subprocess.run(
        command, cwd=tree, env={**os.environ, "PYTHONPATH": "workflow"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_stamps_are_measured(tmp_path):
    random = np.random.default_rng(1)
    radius = np.hypot(*(np.mgrid[:48, :48] - 23.5))
    images = np.exp(-radius / random.uniform(2, 5, (4, 1, 1))) + random.normal(0, 0.005, (4, 48, 48))
    np.save(tmp_path / "cutouts.npy", images)
    said = example("measure_stamps", tmp_path / "cutouts.npy", tmp_path / "measured.csv", "--gain", 500)
    table = pd.read_csv(tmp_path / "measured.csv")
    assert said.startswith(f"4 galaxies, {len(table.columns)} columns")
    assert not table.columns.duplicated().any()
    spectra = power_spectrum.of(images)
    own = spectra.columns.difference(["index"])
    # The file has the digits of single precision.
    np.testing.assert_allclose(table[own], spectra[own], rtol=1e-6)
    # Exponential profiles: Gini's coefficient is known roughly, and the sizes are in the order of the scales.
    assert table["gini"].between(0.4, 0.7).all()
    assert (table["rhalf_circ"].rank() == pd.Series(images.sum(axis=(1, 2))).rank()).all()


def test_a_generator_is_scored():
    lines = example("score_generator").splitlines()
    assert lines[0].split() == ["metric", "property", "value", "standard_error", "floor", "limit"]
    rows = {tuple(line.split()[:2]): [float(cell) for cell in line.split()[2:]] for line in lines[1:]}
    value, error, floor, limit = rows["wasserstein", "concentration"]
    assert value > limit > floor > 0, "the generator's galaxies are less concentrated"
    assert error > 0


def test_the_stamps_that_the_demo_scores_are_drawn_again(tmp_path):
    example("draw_stamps", tmp_path / "again.npz")
    again = np.load(tmp_path / "again.npz")["images"]
    there = np.load(ROOT / "examples/discs_and_bulges.npz")["images"]
    assert there.shape == again.shape == (120, 64, 64)
    # Fourier transforms of another machine may round a pixel the other way.
    assert np.abs(there - again).max() <= 1
    assert (there != again).mean() < 1e-3


@pytest.fixture
def tree(tmp_path):
    """A copy of what planning reads."""
    for name in ("workflow", "config", "envs", "examples"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_a_paper_is_added(tree):
    page = (ROOT / "docs/adding-a-paper.md").read_text(encoding="utf-8")
    values = re.search(r"```csv\n(.*?)```", page, re.DOTALL)[1]
    (tree / "values.csv").write_text(values.replace("paper,table,", "").replace("yours2027,shapes,", ""))
    said = example("add_paper", "yours2027", "values.csv", "Yours et al. 2027, arXiv:2701.00000", tree=tree)
    assert said == "workflow/galforge/papers/yours2027 and config/published/yours2027.csv\n"
    assert (tree / "config/published/yours2027.csv").read_text() == values
    done = subprocess.run([sys.executable, "-c", PLANNED], cwd=tree, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    distances, printed = json.loads(done.stdout)
    assert printed == [0.21, 0.35]
    assert "results/demo/distances/cosmos/edm/seed0/properties.csv" in distances
