"""Images of the configuration itself as a model's, from stamps to a table: a perfect generator, and joined folds."""

import numpy as np
import pandas as pd
import pytest
import yaml
from tree import copy_tree, planned, snakemake

from galforge.stamps.file import Stamps

CONFIG = "own.yaml"
RESULTS = "results/own"
COUNT, DRAWN = 25, 20


def mock(seed=814, **folds):
    made = {"family": "cosmos", "source": "mock", "size": 32, "min_size": 0, "pad": "noise"}
    made |= {"mock": {"count": COUNT, "seed": seed, "largest_side": 128}}
    return {**made, "measuring": {"expected_count": COUNT, "noise_sigma": 0.0}, **({"folds": folds} if folds else {})}


def configuration(**changes):
    """A perfect generator and two models of half the galaxies each, judged by all of them."""
    joined = [{"dataset": f"hst{fold}", "model": "gaussian"} for fold in range(2)]
    datasets = {"hst": mock(of=1), "fresh": mock(seed=7), **{f"hst{k}": mock(of=2, fold=k) for k in range(2)}}
    others = ("morphology", "power_spectrum", "photometry")
    removed = [*others, "features-inception", "morphology-published", "power_spectrum-published", "features-published"]
    return {
        "name": "own",
        "scale": "demo",
        "datasets": datasets,
        "models": {
            "gaussian": {"training": {"images_total": 16, "segment_images": 16, "batch": 8, "history_images": 8}},
            "oracle": {"family": "taken", "sources": [{"dataset": "fresh"}], "count": DRAWN},
            "joined": {"family": "taken", "sources": joined, "count": DRAWN // 2},
        },
        "measures": dict.fromkeys([*removed, "features-inception-published"]),
        "sampling": {"count": DRAWN, "chunk": DRAWN},
        "compare": {"bootstrap": 20, "halvings": 5, "fid_bootstrap": 5, "fid_halvings": 2},
        "run": [
            {"dataset": "hst", "model": "oracle"},
            {"dataset": "hst", "model": "joined"},
            *({"dataset": f"hst{fold}", "model": "gaussian"} for fold in range(2)),
        ],
        **changes,
    }


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    tree = copy_tree(tmp_path_factory.mktemp("own") / "galforge")
    (tree / CONFIG).write_text(yaml.safe_dump(configuration()))
    return tree


def test_both_uses_are_planned_and_what_is_only_a_source_is_made_and_not_measured(tree):
    found = planned(tree, config=CONFIG)
    assert found["take_sources"] == 2
    assert found["stamps_mock_folded"] == found["fold_stamps"] == 3
    assert found["stamps_mock"] == 1
    assert found["measure_features_source"] == 3
    assert found["measure_features"] == 4
    assert found["train_segment"] == found["sample"] == 2
    assert found["distances"] == 4


def test_denoisers_train_on_galaxies_of_another_seed(tree):
    (tree / "denoised.yaml").write_text(
        yaml.safe_dump(
            {
                "name": "denoised",
                "datasets": {"cosmos": mock(), "fresh": mock(seed=7)},
                "models": {"oracle": {"family": "taken", "sources": [{"dataset": "fresh"}], "count": 25}},
                "denoising": {"alphas": [0.0, 0.5], "replicates": 1},
                "run": [{"dataset": "cosmos", "model": "oracle", "denoise": ["denoiser"]}],
            }
        )
    )
    target = "results/denoised/studies/denoising/summaries/cosmos-oracle-seed0-denoiser.csv"
    found = planned(tree, target, config="denoised.yaml")
    assert found["take_sources"] == 1
    assert found["stamps_mock"] == found["train_denoiser"] == 2
    assert not {"train_segment", "sample"} & set(found)


@pytest.mark.slow
def test_from_stamps_to_the_table_and_the_page(tree):
    """One run of the workflow, because its jobs take longer to start than to work."""
    folder = f"{RESULTS}/tables/holzschuh2022"
    wanted = (f"{folder}/coverage.csv", f"{RESULTS}/report/index.html")
    done = snakemake(tree, "--quiet", "rules", "--", *wanted, config=CONFIG)
    assert done.returncode == 0, done.stdout + done.stderr
    # No model was trained on the data set that the folds are judged by.
    assert "## hst (no training)" in (tree / f"{folder}/cost.md").read_text()
    splits = {}
    for name in ("hst", "hst0", "hst1"):
        with Stamps(tree / f"{RESULTS}/stamps/{name}.h5") as stamps:
            splits[name] = dict(zip(stamps.catalog("name"), stamps.catalog("split"), strict=True))
    assert set(splits["hst"].values()) == {"test"}
    assert {name for name, split in splits["hst0"].items() if split == "test"} == {
        name for name, split in splits["hst1"].items() if split != "test"
    }
    with Stamps(tree / f"{RESULTS}/samples/hst/joined/seed0.h5") as joined:
        assert (joined.header.origin, len(joined)) == ("generated", DRAWN)
        for fold in range(2):
            with Stamps(tree / f"{RESULTS}/samples/hst{fold}/gaussian/seed0.h5") as drawn:
                half = slice(fold * DRAWN // 2, (fold + 1) * DRAWN // 2)
                assert np.array_equal(joined.images[half], drawn.images[: DRAWN // 2])
    with (
        Stamps(tree / f"{RESULTS}/samples/hst/oracle/seed0.h5") as oracle,
        Stamps(tree / f"{RESULTS}/stamps/fresh.h5") as fresh,
    ):
        assert np.array_equal(oracle.images[:], fresh.images[:DRAWN])
    fid = pd.read_csv(tree / f"{folder}/fid.csv")
    whole = fid[(fid["dataset"] == "hst") & (fid["metric"] == "fid")].set_index("model")
    assert set(whole.index) == {"oracle", "joined"}
    # A perfect generator; one that knows mean, components and noise of 12 galaxies is none.
    assert whole.loc["oracle", "at_floor"]
    assert whole.loc["oracle", "value"] < whole.loc["joined", "value"]
    copying = pd.read_csv(tree / f"{folder}/coverage.csv").query("metric == 'memorisation'").set_index("dataset")
    # There are no training galaxies among those that both are judged by.
    assert copying.loc["hst", "value"].isna().all()
    assert copying.loc[["hst0", "hst1"], "value"].notna().all()
    notes = (tree / f"{folder}/coverage.md").read_text()
    assert "taken within this configuration, the first 20 stamps of fresh" in notes
    assert "the first 10 images each of gaussian on hst0, gaussian on hst1" in notes
