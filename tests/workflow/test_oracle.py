"""Tests of a generator beside an oracle, from stamps to the table, with few galaxies to train on."""

import pandas as pd
import pytest
import yaml
from tree import copy_tree, planned, snakemake

from galforge.stamps.file import Stamps

CONFIG = "own.yaml"
RESULTS = "results/own"
TABLE = f"{RESULTS}/tables/holzschuh2022/denoising_tests"
FEW, SEEDS, REPLICATES = 8, [0, 1], 2


def mock(seed):
    made = {"family": "cosmos", "source": "mock", "size": 32, "min_size": 0, "pad": "noise"}
    made |= {"mock": {"count": 30, "seed": seed, "largest_side": 128}}
    shares = {"train": 0.6, "validation": 0.2, "test": 0.2}
    return {**made, "splits": shares, "measuring": {"expected_count": 30, "noise_sigma": 0.0}}


def configuration():
    denoiser = {"protocol": "published", "network": {"width": 4, "blocks": 1, "kernel": 3, "bottleneck": 2}}
    denoiser |= {"batch": 2, "steps_per_epoch": 4, "epochs": 2, "validation_images": 2, "precision": "float32"}
    run = {"dataset": "few", "denoise": ["denoiser"]}
    return {
        "name": "own",
        "scale": "demo",
        "datasets": {"hst": mock(814), "few": {"subset_of": "hst", "train_images": FEW}, "fresh": mock(7)},
        "models": {
            "gaussian": {"training": {"images_total": 16, "segment_images": 16, "batch": 8, "history_images": 8}},
            "oracle": {"family": "taken", "sources": [{"dataset": "fresh"}], "count": 20},
        },
        "sampling": {"count": 20, "chunk": 20},
        "denoisers": {"denoiser": denoiser, "denoiser-long": {**denoiser, "steps_per_epoch": 8, "alphas": [0.0]}},
        "denoising": {
            "oracle": "oracle",
            "alphas": [0.0, 0.5],
            "replicates": REPLICATES,
            "noise_sigma": 0.1,
            "morphology": False,
            "cases": dict.fromkeys(("noise_shift", "noise_shift_code", "both_shifts", "both_shifts_code")),
            "noise_curve": [],
            "pixel_curve": [],
        },
        "run": [
            {**run, "model": "oracle", "denoise": ["denoiser", "denoiser-long"]},
            {**run, "model": "gaussian", "seeds": SEEDS, "denoise_seeds": "all"},
        ],
    }


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    tree = copy_tree(tmp_path_factory.mktemp("own") / "galforge")
    (tree / CONFIG).write_text(yaml.safe_dump(configuration()))
    return tree


def test_networks_without_generated_galaxies_are_trained_once(tree):
    found = planned(tree, f"{TABLE}.csv", config=CONFIG)
    assert found["subset"] == found["take_sources"] == found["judge_denoising"] == 1
    assert found["stamps_mock"] == 2
    # Without, for longer, with the oracle's galaxies, and with those of each seed.
    assert found["train_denoiser"] == found["evaluate_denoiser"] == REPLICATES * (3 + len(SEEDS))
    assert found["train_segment"] == found["sample"] == len(SEEDS)
    assert "summarise_denoising" not in found


@pytest.mark.slow
def test_from_stamps_to_the_table(tree):
    """One run of the workflow, because its jobs take longer to start than to work."""
    done = snakemake(tree, "--quiet", "rules", "--", f"{TABLE}.csv", config=CONFIG)
    assert done.returncode == 0, done.stdout + done.stderr
    with Stamps(tree / f"{RESULTS}/stamps/hst.h5") as whole, Stamps(tree / f"{RESULTS}/stamps/few.h5") as few:
        assert len(few.split("train")) == FEW
        assert set(few.split("train")) < set(whole.split("train"))
        assert (few.split("test") == whole.split("test")).all()
        tests = len(few.split("test"))
    table = pd.read_csv(tree / f"{TABLE}.csv")
    assert list(table["metric"].value_counts().sort_index().items()) == [("gain", 2), ("longer", 2), ("oracle", 2)]
    assert (table["n_source"] == tests).all()
    assert set(table.loc[table["metric"] == "gain", "seeds"]) == {len(SEEDS)}
    assert table["verdict"].notna().all()
    assert "2 tests; up to 2 seeds and 2 networks" in (tree / f"{TABLE}.md").read_text()
    assert planned(tree, f"{TABLE}.csv", config=CONFIG) == {}
