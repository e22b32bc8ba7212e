"""A denoiser that was trained elsewhere: which jobs it adds, which run again without it, and its evaluation."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from expected_reruns import TOLD
from tree import ROOT, SMALLEST, copy_tree, planned, snakemake

from galforge.studies.denoising.evaluation import observe
from galforge.studies.denoising.galaxies import Galaxies
from galforge.studies.denoising.trials import trials_of
from toys import keras

OVERLAY, WEIGHTS = "brought.yaml", "data/released.h5"
NETWORK = {"width": 6, "blocks": 1, "kernel": 3, "bottleneck": 2}
BROUGHT = ("--configfile", SMALLEST, OVERLAY)
TABLE = "results/smallest/studies/denoising/skirt/released/brought.parquet"


def network(bands: int = 4) -> keras.Weights:
    return keras.drawn(bands, **NETWORK)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = copy_tree(tmp_path_factory.mktemp("brought") / "galforge")
    run = yaml.safe_load((ROOT / SMALLEST).read_text())["run"]
    for entry in run:
        if "denoise" in entry:
            entry["denoise"].append("released")
    over = {"denoisers": {"released": {"weights": WEIGHTS, "network": NETWORK}}, "run": run}
    (tree / OVERLAY).write_text(yaml.safe_dump(over))
    return tree


@pytest.fixture
def weights(tree: Path) -> Path:
    path = tree / WEIGHTS
    path.parent.mkdir(exist_ok=True)
    return path if path.exists() else keras.write(path, keras.layers(network(), NETWORK["blocks"]))


def pretend(tree: Path, *words: str) -> None:
    """Leave the tree as a finished run would, with empty files."""
    listed = snakemake(tree, "-n", "--summary", *words, config=None)
    assert listed.returncode == 0, listed.stderr
    for line in listed.stdout.splitlines()[1:]:
        path = tree / line.split("\t")[0]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    done = snakemake(tree, "--touch", *words, config=None)
    assert done.returncode == 0, done.stdout + done.stderr
    assert planned(tree, *words, config=None) == {}


def test_a_missing_file_is_said_before_anything_runs(tree: Path) -> None:
    (tree / WEIGHTS).unlink(missing_ok=True)
    done = snakemake(tree, "-n", *BROUGHT, config=None)
    assert done.returncode != 0
    assert f"denoisers.released.weights: {WEIGHTS} is no file" in done.stdout + done.stderr


def test_it_adds_one_job(tree: Path, weights: Path) -> None:
    without, with_it = planned(tree), planned(tree, *BROUGHT, config=None)
    assert with_it == {**without, "evaluate_brought": 1}


@pytest.mark.slow
def test_added_to_a_finished_run_it_trains_nothing_and_so_does_its_removal(tree: Path, weights: Path) -> None:
    pretend(tree, "--configfile", SMALLEST)
    assert planned(tree, *BROUGHT, config=None) == {"evaluate_brought": 1, **TOLD}
    pretend(tree, *BROUGHT)
    assert planned(tree) == TOLD
    weights.touch()
    keras.write(weights, keras.layers(keras.drawn(4, **NETWORK, seed=1), NETWORK["blocks"]))
    assert planned(tree, *BROUGHT, config=None) == {"evaluate_brought": 1, **TOLD}


@pytest.mark.slow
def test_it_is_tested_on_real_galaxies_without_any_training(tmp_path: Path) -> None:
    tree = copy_tree(tmp_path / "galforge")
    (tree / "data").mkdir()
    keras.write(tree / WEIGHTS, keras.layers(network(), NETWORK["blocks"]), with_config=False)
    run = [{"dataset": "skirt", "model": "stylegan", "seeds": [0], "denoise": ["denoiser", "released"]}]
    over = {"denoisers": {"released": {"weights": WEIGHTS, "network": NETWORK, "input_scale": 5.0}}, "run": run}
    (tree / OVERLAY).write_text(yaml.safe_dump(over))
    done = snakemake(tree, *BROUGHT, "--cores", "1", "--", TABLE, config=None)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (tree / "results/smallest/models").exists()
    table = pd.read_parquet(tree / TABLE)
    assert set(table["method"]) == {"network"}
    spec = json.loads((tree / TABLE).with_suffix(".json").read_text())["spec"]
    with Galaxies(tree / "results/smallest/stamps/skirt.native.h5") as galaxies:
        for test in trials_of(spec):
            row = table[table["case"] == test.name].iloc[0]
            pair = observe(galaxies, int(row["index"]), spec, test)
            expected = 5 * keras.restored(pair.image / 5, network(), NETWORK["blocks"])
            assert row["mse"] == pytest.approx(np.mean((expected - pair.truth) ** 2), rel=1e-4), test
