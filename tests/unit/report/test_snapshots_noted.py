"""What tables say of a snapshot that was chosen: which, by what, of how many, and that a training diverged."""

import json

import pandas as pd
import pytest

from galforge.papers import registry
from galforge.report import cost
from galforge.report.captions import remarks
from galforge.report.formats import markdown
from galforge.report.snapshots import with_snapshots

CHOICE = {"images_seen": 40_000, "images_total": 80_000, "segment": 1, "of": 4, "by": "power_spectrum"}


@pytest.fixture
def choices(tmp_path):
    """Choices of two seeds of one model; the second training diverged."""
    paths = []
    for seed, more in enumerate(({"value": 0.1234, "floor": 0.05}, {"value": 0.2, "floor": None})):
        said = {"images_seen": 60_120, "why": "the loss is nan"} if seed else None
        choice = {"dataset": "sersic", "model": "vae", "seed": seed, "diverged": said, **CHOICE, **more}
        paths.append(tmp_path / f"snapshot-{seed}.json")
        paths[-1].write_text(json.dumps(choice))
    return paths


def costs():
    found = {"parameters": 23.0, "images_seen": 80_000.0, "gpu_hours": 0.0, "cpu_hours": 4.0}
    rows = [
        {"dataset": "sersic", "origin": "analytic", "model": model, "seed": 0, "property": name, "value": value}
        for model in ("vae", "stylegan")
        for name, value in found.items()
    ]
    return cost.assemble(registry.table("holzschuh2022/cost"), pd.DataFrame(rows))


def note(frame, metric="wasserstein"):
    table = registry.table("holzschuh2022/cost")
    found = [said for said in remarks(table, frame.assign(metric=metric), "1") if "validation split" in said]
    return found[0] if found else ""


def test_nothing_is_said_and_no_column_made_where_nothing_was_chosen(choices):
    frame = costs()
    assert with_snapshots(frame, []) is frame
    assert note(frame) == ""
    assert note(with_snapshots(frame[frame["model"] == "stylegan"], choices)) == ""


def test_the_note_names_segment_images_measure_value_and_divergence_of_each_seed(choices, tmp_path):
    frame = with_snapshots(costs(), choices)
    said = note(frame)
    assert (
        "VAE (sersic): seed 0 after 40,000 of 80,000 images seen (weights_1, the best of 4 by power_spectrum: " in said
    )
    assert "0.123, floor 0.05); seed 1 after 40,000 of 80,000 images seen" in said
    assert "power_spectrum: 0.2), diverged after 60,120." in said
    assert "StyleGAN" not in said
    assert said.endswith("the validation galaxies that chose are among it.")
    # The page reads tables back from their files.
    frame.to_csv(tmp_path / "table.csv", index=False)
    assert note(pd.read_csv(tmp_path / "table.csv")) == said
    assert said in markdown(registry.table("holzschuh2022/cost"), frame.assign(metric="wasserstein"), "demo", "1")


def test_a_table_of_costs_compares_with_nothing(choices):
    assert "among it" not in note(with_snapshots(costs(), choices), "cost")


def test_the_cost_is_of_all_segments_and_says_where_the_snapshot_stood(choices, tmp_path, monkeypatch):
    account = {"seconds": 3600.0, "processes": 1, "threads": 2, "device": "cpu"}
    segments = [tmp_path / f"state_{index}.cost.json" for index in range(2)]
    for path in segments:
        path.write_text(json.dumps(account))
    import torch

    from galforge.models import weights
    from toys.galaxies import header

    last = tmp_path / "weights_1.safetensors"
    about = {"family": "vae", "images_seen": 80_000, "header": header(1).to_json()}
    weights.write(last, {"decoder.weight": torch.zeros(3)}, about)
    spec = {"trainings": [["sersic", "vae", 0, 2, []]]}
    inputs = {"segments": [str(path) for path in segments], "weights": [str(last)]}
    table = registry.table("holzschuh2022/cost")
    plain, chosen = (cost.make(table, {**inputs, **more}, None, spec) for more in ({}, {"choices": choices}))
    assert "snapshot_images" not in set(plain["property"])
    values = chosen.set_index("property")["value"]
    assert (values["cpu_hours"], values["images_seen"], values["snapshot_images"]) == (4.0, 80_000, 40_000)
    assert "of these before the chosen snapshot" in markdown(table, chosen, "demo", "1")
