"""What those who watch a training see while it runs."""

import sys

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from galforge.errors import GalforgeError
from galforge.training.loop import Training
from toys.galaxies import write_stamps
from toys.job import train

STOP = 120


@pytest.fixture(scope="module")
def stamps(tmp_path_factory):
    return write_stamps(tmp_path_factory.mktemp("stamps") / "toy.h5")


def test_history_grows_while_the_training_runs(stamps, tmp_path, monkeypatch):
    seen, real = {}, Training.step

    def step(self, images):
        path = tmp_path / "work" / "history.csv"
        seen[self.images_seen] = path.read_text().splitlines() if path.exists() else []
        real(self, images)

    monkeypatch.setattr(Training, "step", step)
    monkeypatch.setattr("galforge.training.keep.SHOW_SECONDS", 0.0)
    train(stamps, tmp_path / "state.pt", tmp_path / "work", STOP)
    assert [len(seen[images]) for images in (0, 40, 76, 80, 116)] == [0, 2, 2, 3, 3]
    assert seen[40][0] == "images_seen,divergence,loss,reconstruction"
    assert seen[40][1].startswith("40,")


def test_tensorboard_shows_the_rows_of_the_history(stamps, tmp_path):
    train(stamps, tmp_path / "state.pt", tmp_path / "work", STOP, tensorboard=tmp_path / "board")
    events = EventAccumulator(str(tmp_path / "board")).Reload()
    rows = [line.split(",") for line in (tmp_path / "work" / "history.csv").read_text().splitlines()[1:]]
    assert sorted(events.Tags()["scalars"]) == ["divergence", "loss", "reconstruction"]
    shown = [(event.step, event.value) for event in events.Scalars("loss")]
    assert shown == [(int(float(row[0])), pytest.approx(float(row[2]), rel=1e-6)) for row in rows]


def test_missing_tensorboard_is_said_before_the_first_step(stamps, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    monkeypatch.setattr(Training, "step", lambda *_: pytest.fail("a step was made"))
    with pytest.raises(GalforgeError, match=r"GALFORGE_TENSORBOARD.*pip install tensorboard"):
        train(stamps, tmp_path / "state.pt", tmp_path / "work", STOP, tensorboard=tmp_path / "board")
