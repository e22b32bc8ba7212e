"""The card of a model's weights: its numbers are those of the files, and its lines of Python draw galaxies."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from galforge.export.model_card import model_card
from galforge.models.cvae.settings import ModelSettings
from galforge.models.settings import NormalisationSettings
from galforge.sampling.sample import sample
from galforge.stamps.file import Stamps
from galforge.training import export
from galforge.training.segment import Segment, run_segment
from galforge.training.settings import StepSettings
from toys.galaxies import write_stamps

SHARES = {"share_source": np.nan, "share_generated": np.nan, "share_error": np.nan, "share_limit": np.nan}
ROW = {"n_source": 150, "n_generated": 120, "conditional": np.nan, "conditional_limit": np.nan, **SHARES}


def distance(comparison: str, metric: str, name: str, value: float, floor: float, limit: float, **more) -> dict:
    own = {"comparison": comparison, "metric": metric, "property": name, "value": value, "standard_error": 0.1}
    return {**ROW, **own, "floor": floor, "limit": limit, "protocol": "corrected", **more}


@pytest.fixture(scope="module")
def stamps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_stamps(tmp_path_factory.mktemp("stamps") / "toy.h5")


def run(stamps: Path, folder: Path, conditions: list[str]) -> tuple[dict, dict]:
    """Files of a short training, and the spec of its card."""
    network = ModelSettings(conditions=conditions, latent=4, width=4, hidden=16)
    step = StepSettings(batch=8, history_images=16, device="cpu", precision="float32")
    made_from = Segment(stamps, "cvae", network, NormalisationSettings(), step, 0, 64, None, "key")
    run_segment(made_from, folder / "state.pt", folder / "work")
    weights = folder / "model.safetensors"
    export.export_weights(folder / "state.pt", weights)
    given = {name: np.full(4, 0.5) for name in conditions}
    sample(weights, folder / "drawn0.h5", 0, 4, 0, 4, "cpu", 1, given)
    said = {
        "record": {"code": {"digest": "c0de" * 16}, "commit": "abc", "dirty": False},
        "drawing": {"seconds": 12.3, "images": 64, "device": "cpu", "threads": 2},
        "segment": {"seconds": 7200.0, "processes": 1, "threads": 2, "device": "cpu"},
    }
    for name, content in said.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    rows = [
        distance("morphology", "wasserstein", "average", 0.35, 0.2, 0.3),
        distance("morphology", "wasserstein", "gini", 0.4711, 0.2, 0.3),
        distance("morphology", "wasserstein", "average", 0.4712, 0.2, 0.3, protocol="published"),
        distance("features", "fid", "efficientnet-lite0", 7.5, 6.5, 7.8),
        distance("features", "precision", "efficientnet-lite0", 0.4713, 0.9, 0.1),
        # Near where it is measured, but seldom measured.
        distance("power_spectrum", "wasserstein", "average", 0.05, 0.03, 0.06)
        | {"share_source": 1.0, "share_generated": 0.5, "share_limit": 0.1},
    ]
    pd.DataFrame(rows).to_csv(folder / "properties.csv", index=False)
    files = {
        "weights": weights,
        "trained_on": stamps,
        "drawn": folder / "drawn0.h5",
        "drawing": folder / "drawing.json",
        "segments": [folder / "segment.json"],
        "record": folder / "record.json",
        "distances": [folder / "properties.csv"],
    }
    spec = {
        **{"dataset": "toys", "dataset_family": "sersic", "model": "cvae", "family": "cvae", "seed": 0},
        "generator": ["decoder"],
        "training": {"splits": ["train"]},
        "scale": "test",
        "licence": "cc-by-4.0",
    }
    return files, spec


def code_of(card: str) -> str:
    return re.search(r"```python\n(.*?)```", card, re.DOTALL)[1]


@pytest.mark.parametrize("conditions", [[], ["brightness"]])
def test_its_lines_draw_galaxies_from_the_weights_beside_it(
    stamps: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, conditions: list[str]
) -> None:
    files, spec = run(stamps, tmp_path, conditions)
    code = code_of(model_card(spec, files))
    assert len(code.splitlines()) == 5 + len(conditions)
    monkeypatch.chdir(tmp_path)
    done: dict = {}
    exec(code, done)
    with Stamps(stamps) as source, Stamps(tmp_path / "drawn.h5") as drawn:
        assert done["images"].shape == (16, *source.shape)
        assert drawn.header.origin == "generated"
        assert np.isfinite(done["images"]).all()
        if conditions:
            trained = source.catalog("brightness")[source.split("train")]
            assert drawn.catalog("brightness") == pytest.approx(np.full(16, np.median(trained)), rel=1e-3)
    assert f"`images` is {done['images'].shape}" in model_card(spec, files)


def test_its_numbers_are_those_of_the_run(stamps: Path, tmp_path: Path) -> None:
    files, spec = run(stamps, tmp_path, ["brightness"])
    card = model_card(spec, files)
    head = yaml.safe_load(card.split("---")[1])
    assert head["license"] == "cc-by-4.0"
    assert set(head) == {"license", "library_name", "pipeline_tag", "tags"}
    assert "galaxies" in head["tags"]
    with Stamps(stamps) as source:
        count, digest, header = len(source.split("train")), source.digest, source.header
        trained = source.catalog("brightness")[source.split("train")]
    for said in (
        f"{count} images of its split train; stamps {digest[:16]}",
        f"{header.pixel_scale:g} {header.pixel_unit}, in {header.unit}",
        f"which was {trained.min():.4g} to {trained.max():.4g} in training",
        "64 images seen, seed 0, test scale",
        "0 GPU-hours, 4 CPU-hours; 1,000 images are drawn in 12.3 s (cpu, 2 threads)",
        "digest c0dec0dec0dec0de, commit abc |",
        "| Morphology, Wasserstein [sd of the source] | 0.35 ± 0.10 | 0.20 | 150 v 120 |",
        "| EfficientNet-Lite0, FID | 7.50 ± 0.10 (at floor) | 6.50 | 150 v 120 |",
        "| Power spectrum, Wasserstein [dex] | 0.05 ± 0.10 | 0.03 | 150 v 120 |",
        "cc-by-4.0.",
    ):
        assert said in card, said
    assert "0.471" not in card, "single properties, the published protocol and other metrics are no headline"
    assert "of them to draw" in card


def test_what_is_not_known_is_said(stamps: Path, tmp_path: Path) -> None:
    files, spec = run(stamps, tmp_path, [])
    (tmp_path / "record.json").write_text(json.dumps({"code": {"digest": "0"}, "commit": None, "dirty": True}))
    card = model_card(spec | {"licence": "unknown", "generator": []}, files | {"distances": []})
    assert "Nothing was compared." in card
    assert "None is stated." in card
    assert "commit unknown, with changes that are in no commit" in card
    assert "to draw |" not in card
