"""Fidelity against cost: what is read of scores, and that it is drawn, the same each time."""

import json
from pathlib import Path

import numpy as np
import pytest

from galforge.drawing import style
from galforge.papers.holzschuh2022.figures import fidelity


@pytest.fixture
def scores(tmp_path):
    """Two seeds of a model and one of another; the first passed a state on, the last was scored by another distance."""
    found = {
        ("stylegan", 0): [(40, 0.4, 1.0), (80, 0.2, 2.0), (80, 0.2, 3.0)],
        ("stylegan", 1): [(40, 0.5, 1.0), (80, 0.3, 2.0)],
        ("vae", 0): [(40, None, 0.0), (80, 3.0, 0.5)],
    }
    files, costs = [], []
    for (model, seed), rows in found.items():
        for index, (seen, value, hours) in enumerate(rows):
            before = rows[index - 1][2] if index else 0.0
            account = {"seconds": 3600 * (hours - before), "processes": 1, "threads": 1, "device": "cpu"}
            costs.append(str(tmp_path / f"{model}-{seed}-{index}.cost.json"))
            Path(costs[-1]).write_text(json.dumps(account))
            path = tmp_path / f"{model}-{seed}-{index}.json"
            by, metric = ("features", "fid") if model == "vae" else ("power_spectrum", "wasserstein")
            row = {"by": by, "metric": metric, "value": value, "floor": 0.05, "images_seen": seen}
            path.write_text(json.dumps(row))
            files.append(str(path))
    return files, costs, [[model, seed, len(rows)] for (model, seed), rows in found.items()]


def test_a_state_that_was_passed_on_is_one_snapshot_at_its_own_cost(scores):
    frame = fidelity.read(*scores)
    own = frame[(frame["model"] == "stylegan") & (frame["seed"] == 0)]
    assert own[["images_seen", "hours"]].to_numpy().tolist() == [[40, 1.0], [80, 2.0]]
    assert len(frame) == 6
    assert np.isnan(frame["value"]).sum() == 1


def test_lines_are_where_the_scores_are(scores, tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr(style, "save", lambda figure, png, pdf: made.append(figure))
    fidelity.plot(fidelity.read(*scores), tmp_path / "f.png", tmp_path / "f.pdf")
    axes = made[0].axes
    assert [axis.get_ylabel() for axis in axes] == ["Power spectrum [dex]", "", "FID", ""]
    lines = [line.get_xydata().tolist() for line in axes[1].lines]
    # Hours: the mean of the seeds at each segment, and the floor.
    assert [[1.0, 0.45], [2.0, 0.25]] in [np.round(line, 12).tolist() for line in lines]
    assert any(np.ravel(line.get_ydata()).tolist() == [0.05, 0.05] for line in axes[1].lines)
    # The snapshot without a value is left out.
    assert [[0.5, 3.0]] in [line.get_xydata().tolist() for line in axes[3].lines]


def test_a_single_snapshot_is_a_level_to_beat(scores, tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr(style, "save", lambda figure, png, pdf: made.append(figure))
    frame = fidelity.read(*scores)
    line = {"model": "gaussian", "seed": 0, "segment": 0, "images_seen": 40, "hours": 0.1, "value": 0.8, "floor": 0.05}
    frame.loc[len(frame)] = line | {"by": "power_spectrum", "metric": "wasserstein"}
    fidelity.plot(frame, tmp_path / "f.png", tmp_path / "f.pdf")
    levels = [line.get_ydata() for line in made[0].axes[1].lines if list(line.get_xdata()) == [0, 1]]
    assert sorted(np.ravel(levels).tolist()) == [0.05, 0.05, 0.8, 0.8]


def test_it_renders_the_same_each_time(scores, tmp_path, monkeypatch):
    monkeypatch.setattr(style, "DPI", 40)
    files = dict(zip(("scores", "costs"), scores, strict=False))
    for name in ("one", "two"):
        out = {kind: str(tmp_path / f"{name}.{kind}") for kind in ("png", "pdf")}
        fidelity.draw(files, {"trainings": scores[2]}, out)
    for kind in ("png", "pdf"):
        assert (tmp_path / f"one.{kind}").read_bytes() == (tmp_path / f"two.{kind}").read_bytes()
