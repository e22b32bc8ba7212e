"""What a training took, and the table of it."""

import json

import pytest
import torch

from galforge.errors import GalforgeError
from galforge.models import weights
from galforge.report.cost import costs
from galforge.training import cost as accounts
from galforge.training.cost import Spent, write_cost


def account(path, seconds, device, processes=1, threads=1):
    path.write_text(
        json.dumps({"seconds": seconds, "device": device, "processes": processes, "threads": threads}), encoding="utf-8"
    )
    return path


@pytest.fixture
def exported(tmp_path):
    tensors = {"decoder.weight": torch.zeros(3, 5), "encoder.weight": torch.zeros(7), "observation.sky": torch.zeros(1)}
    weights.write(tmp_path / "weights.safetensors", tensors, {"family": "vae", "images_seen": 640})
    return tmp_path / "weights.safetensors"


def test_hours_add_up_over_segments_and_devices_and_numbers_are_counted_from_the_weights(exported, tmp_path):
    segments = [
        account(tmp_path / "a.json", 1800.0, "cuda", processes=4),
        account(tmp_path / "b.json", 3600.0, "cuda"),
        account(tmp_path / "c.json", 7200.0, "cpu", threads=2),
    ]
    assert costs(segments, exported, ("decoder", "observation")) == {
        "parameters": 23.0,
        "generator_parameters": 16.0,
        "images_seen": 640.0,
        "gpu_hours": 3.0,
        "cpu_hours": 4.0,
    }


def test_weights_of_others_are_refused_in_one_line(tmp_path):
    (tmp_path / "weights.safetensors").write_bytes(b"no weights")
    with pytest.raises(GalforgeError, match="cannot be read as weights") as caught:
        costs([], tmp_path / "weights.safetensors", ())
    assert "\n" not in str(caught.value)


def test_a_resumed_try_adds_to_what_was_spent_before_it(tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(accounts.time, "monotonic", lambda: now[0])
    first = Spent(tmp_path, 2, 3)
    first.device = "cpu"
    now[0] = 110.0
    first.write()
    now[0] = 500.0  # lost: killed before the next checkpoint
    second = Spent(tmp_path, 2, 3)
    second.device = "cpu"
    now[0] = 504.0
    second.write()
    write_cost(tmp_path / "out.json", tmp_path)
    spent = json.loads((tmp_path / "out.json").read_text())
    assert spent == {"seconds": 14.0, "processes": 2, "threads": 3, "device": "cpu"}
    write_cost(tmp_path / "passed.json", None)
    assert json.loads((tmp_path / "passed.json").read_text())["seconds"] == 0.0
