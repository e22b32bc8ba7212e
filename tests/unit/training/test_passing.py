"""A segment that diverges: an error, or the state before it by another name, said wherever one looks."""

import json
from pathlib import Path

import pytest
import torch

import toys
from galforge.training import export
from galforge.training import state as states
from galforge.training.loop import Training
from galforge.training.passing import launch_or_pass_on
from galforge.training.state import Diverged
from toys.galaxies import write_stamps
from toys.job import plain

ENDS = (40, 120, 160)


@pytest.fixture(scope="module")
def stamps(tmp_path_factory):
    return write_stamps(tmp_path_factory.mktemp("stamps") / "toy.h5")


@pytest.fixture
def poisoned(monkeypatch):
    """Trainings whose weights are spoiled at a number of images seen; returns a function that sets it."""
    real, at = Training.step, [60]

    def step(self, images):
        if self.images_seen == at[0]:
            with torch.no_grad():
                self.family.networks.observation.log_sky.fill_(float("nan"))
        real(self, images)

    monkeypatch.setattr(Training, "step", step)
    return lambda images_seen: at.__setitem__(0, images_seen)


def segments(stamps, folder, passes, count=3):
    """Run segments as their jobs do; returns what each said of a divergence."""
    said = []
    for index in range(count):
        state, before = folder / f"state_{index}.pt", folder / f"state_{index - 1}.pt"
        job = plain(stamps, state, folder / f"work-{index}", ENDS[index], cost_out=str(state.with_suffix(".cost.json")))
        job["segment"]["state_in"] = str(before) if index else None
        said.append(launch_or_pass_on(job, 1, ENDS[index - 1] if passes and index else 0))
        export.export(state, before if index else None, said[-1])
    return said


def cost(folder, index):
    return json.loads((folder / f"state_{index}.cost.json").read_text())


def test_a_late_divergence_costs_its_segment_and_later_ones_pass_the_state_on(stamps, tmp_path, poisoned):
    assert segments(stamps, tmp_path, passes=True) == [None, 80, None]
    for index in (1, 2):
        assert (tmp_path / f"state_{index}.pt").samefile(tmp_path / "state_0.pt")
        assert (tmp_path / f"weights_{index}.safetensors").samefile(tmp_path / "weights_0.safetensors")
        assert cost(tmp_path, index)["diverged"]["images_seen"] == 80
        assert "is nan after 80 images seen" in cost(tmp_path, index)["diverged"]["why"]
    assert cost(tmp_path, 1)["seconds"] > 0
    assert cost(tmp_path, 2)["seconds"] == 0
    assert "diverged" not in cost(tmp_path, 0)
    rows = [(tmp_path / f"history_{index}.csv").read_text().splitlines() for index in range(3)]
    assert rows[1] == [*rows[0], "80,nan,nan,nan"]
    assert rows[2] == rows[1]


def test_where_the_last_state_is_taken_a_divergence_is_an_error_that_names_the_setting(stamps, tmp_path, poisoned):
    with pytest.raises(Diverged, match=r"after 80 images seen.*snapshot: \{choose: best") as raised:
        segments(stamps, tmp_path, passes=False)
    assert raised.value.images_seen == 80
    assert not (tmp_path / "state_1.pt").exists()


def test_the_first_segment_has_nothing_to_pass_on(stamps, tmp_path, poisoned):
    poisoned(20)
    with pytest.raises(Diverged, match="after 40 images seen") as raised:
        segments(stamps, tmp_path, passes=True, count=1)
    assert "snapshot" not in str(raised.value)


def test_a_training_that_goes_on_under_the_old_setting_diverges_again(stamps, tmp_path, poisoned):
    """Without a choice a state that was passed on is trained on from."""
    segments(stamps, tmp_path, passes=True, count=2)
    job = plain(stamps, tmp_path / "state_2.pt", tmp_path / "work-2", ENDS[2])
    job["segment"]["state_in"] = str(tmp_path / "state_1.pt")
    with pytest.raises(Diverged):
        launch_or_pass_on(job, 1, 0)


def test_a_training_that_does_not_diverge_is_the_same_under_both_settings(stamps, tmp_path):
    found = []
    for passes in (False, True):
        folder = tmp_path / str(passes)
        folder.mkdir()
        assert segments(stamps, folder, passes) == [None] * 3
        found.append([states.content_digest(states.read(folder / f"state_{index}.pt")) for index in range(3)])
        assert "diverged" not in cost(folder, 2)
    assert found[0] == found[1]


def test_two_processes_pass_a_state_on_as_one_does(stamps, tmp_path, monkeypatch):
    """And none of them is taken for broken."""
    monkeypatch.setenv("PYTHONPATH", str(Path(toys.__file__).parents[1]))
    for index, count in ((0, 1), (1, 2)):
        state = tmp_path / f"state_{index}.pt"
        job = plain(
            stamps, state, tmp_path / f"work-{index}", ENDS[index], cost_out=str(state.with_suffix(".cost.json"))
        )
        job["segment"]["family"] = "toys.late"
        job["segment"]["state_in"] = str(tmp_path / "state_0.pt") if index else None
        job["log"] = str(tmp_path / "log")
        assert launch_or_pass_on(job, count, ENDS[0] if index else 0) == (80 if index else None)
    assert (tmp_path / "state_1.pt").samefile(tmp_path / "state_0.pt")
    assert (cost(tmp_path, 1)["processes"], cost(tmp_path, 1)["diverged"]["images_seen"]) == (2, 80)


def test_two_processes_tell_of_a_divergence_in_one_of_them():
    """One that finds a weight not finite while it saves leaves the others with a broken connection."""
    from galforge.training.launch import _raise_first

    with pytest.raises(Diverged, match="not finite") as raised:
        _raise_first([{"broken": "process 1"}, {"error": "a weight is not finite", "diverged": 80}], None)
    assert raised.value.images_seen == 80
