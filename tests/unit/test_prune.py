"""Pruning removes what other settings left, and nothing that stands or is unfinished."""

import json
import os

import pytest

from galforge.prune import main, passed, prune, unused


@pytest.fixture(autouse=True)
def _folder_of_the_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_only_replaced_work_is_removed(tmp_path, capsys):
    seed = tmp_path / "models" / "cosmos" / "vae" / "seed0"
    current, replaced, unfinished = (
        seed / "work" / name for name in (f"state_0-{'a' * 16}", f"state_0-{'b' * 16}", f"state_1-{'c' * 16}")
    )
    for folder in (current, replaced, unfinished):
        folder.mkdir(parents=True)
        (folder / "finished.pt").write_bytes(b"x" * 1000)
    (seed / "state_0.json").write_text(json.dumps({"key": "a" * 64}))
    assert unused(tmp_path) == [replaced]
    main([str(tmp_path)])
    assert current.is_dir()
    assert unfinished.is_dir()
    assert not replaced.exists()
    assert f"removed {replaced}" in capsys.readouterr().out


def training(results, exported, states):
    """A training with ``states`` finished states, of which the weights of number ``exported`` were made."""
    seed = results / "models" / "cosmos" / "vae" / "seed0"
    for index in range(states):
        work = seed / "work" / f"state_{index}-{str(index) * 16}"
        work.mkdir(parents=True)
        (work / "finished.pt").write_bytes(b"x" * 1000)
        os.link(work / "finished.pt", seed / f"state_{index}.pt")
        (seed / f"state_{index}.json").write_text(json.dumps({"key": str(index) * 64}))
    if exported is not None:
        record = {"inputs": {f"results/demo/models/cosmos/vae/seed0/state_{exported}.pt": "0"}}
        (seed / "weights.json").write_text(json.dumps(record))
    return seed


def test_states_before_the_exported_one_are_removed_with_their_other_names(tmp_path):
    seed = training(tmp_path, exported=2, states=4)
    removed, freed = prune([tmp_path])
    assert (removed, freed) == (4, 2000)
    left = sorted(path.name for path in seed.rglob("*.pt"))
    assert left == ["finished.pt", "finished.pt", "state_2.pt", "state_3.pt"]
    assert len(list(seed.glob("state_*.json"))) == 4


def test_a_training_that_goes_on_keeps_everything(tmp_path):
    training(tmp_path, exported=None, states=2)
    assert passed(tmp_path) == []


def test_a_file_that_has_yet_another_name_frees_nothing(tmp_path):
    seed = training(tmp_path, exported=1, states=2)
    os.link(seed / "state_0.pt", tmp_path / "kept.pt")
    assert prune([tmp_path]) == (2, 0)


def test_a_locked_folder_is_left_alone_with_a_message(tmp_path):
    seed = training(tmp_path, exported=1, states=2)
    lock = tmp_path / ".snakemake" / "locks" / "0.input.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    with pytest.raises(SystemExit, match="Snakemake runs here, or was killed"):
        main([str(tmp_path)])
    assert (seed / "state_0.pt").exists()
