"""Pruning removes what other settings left, and nothing that stands or is unfinished."""

import json
import os

import pytest

from galforge.operate.prune import main, passed, prune, unused


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


def test_replaced_denoisers_are_removed(tmp_path):
    folder = tmp_path / "studies/denoising/skirt/denoiser/vae-seed0"
    current, replaced = (folder / "work" / f"alpha0.50-1-{letter * 16}" for letter in "ab")
    for work in (current, replaced):
        work.mkdir(parents=True)
    (folder / "alpha0.50-1.json").write_text(json.dumps({"key": "a" * 64}))
    assert unused(tmp_path) == [replaced]


def segment(seed, index, letter, before=None):
    """A finished segment; ``letter`` stands for its settings, ``before`` for those of the segment before."""
    work = seed / "work" / f"state_{index}-{letter * 16}"
    work.mkdir(parents=True)
    (work / "finished.pt").write_bytes(b"x" * 1000)
    state = seed / f"state_{index}.pt"
    state.unlink(missing_ok=True)
    os.link(work / "finished.pt", state)
    inputs = {"results/demo/stamps/cosmos.h5": "stamps"} | (digests(index - 1, before or letter) if index else {})
    record = {"key": letter * 64, "inputs": inputs, "outputs": digests(index, letter)}
    state.with_suffix(".json").write_text(json.dumps(record))


def digests(index, letter):
    return {f"results/demo/models/cosmos/vae/seed0/state_{index}.pt": f"{letter}{index}"}


def training(results, exported, states):
    """A training with ``states`` finished states, of which the weights of number ``exported`` were made."""
    seed = results / "models" / "cosmos" / "vae" / "seed0"
    for index in range(states):
        segment(seed, index, "a")
    if exported is not None:
        (seed / "weights.json").write_text(json.dumps({"inputs": digests(exported, "a"), "outputs": {}}))
    return seed


def test_states_before_the_exported_one_are_removed_with_their_other_names(tmp_path):
    seed = training(tmp_path, exported=2, states=4)
    removed, freed = prune([tmp_path])
    assert (removed, freed) == (4, 2000)
    left = sorted(path.name for path in seed.rglob("*.pt"))
    assert left == ["finished.pt", "finished.pt", "state_2.pt", "state_3.pt"]
    assert len(list(seed.glob("state_*.json"))) == 4


def half_trained_again(results):
    """Finished with four segments and exported; a key edited, segment 0 trained again, stopped within segment 1."""
    seed = training(results, exported=3, states=4)
    segment(seed, 0, "b")
    (seed / "state_1.pt").unlink()
    (seed / "state_1.json").unlink()
    live = seed / "work" / f"state_1-{'b' * 16}"
    live.mkdir()
    (live / "checkpoint-000020.pt").write_bytes(b"x")
    return seed


def test_a_training_that_is_being_trained_again_keeps_what_is_new(tmp_path):
    seed = half_trained_again(tmp_path)
    assert {path.name for path in passed(tmp_path)} == {"state_2.pt", f"state_2-{'a' * 16}"}
    prune([tmp_path])
    assert {path.name for path in seed.glob("*.pt")} == {"state_0.pt", "state_3.pt"}
    assert (seed / "work" / f"state_0-{'b' * 16}" / "finished.pt").exists()
    assert (seed / "work" / f"state_1-{'b' * 16}" / "checkpoint-000020.pt").exists()


def test_a_state_that_the_next_one_was_not_made_from_stays(tmp_path):
    seed = training(tmp_path, exported=2, states=3)
    segment(seed, 0, "b")
    segment(seed, 1, "b")
    assert passed(tmp_path) == []


def test_another_state_than_the_exported_one_keeps_what_it_was_made_from(tmp_path):
    seed = training(tmp_path, exported=1, states=2)
    segment(seed, 1, "b", before="a")
    assert passed(tmp_path) == []


def test_only_the_work_of_the_state_that_goes_is_taken(tmp_path):
    seed = training(tmp_path, exported=1, states=2)
    other = seed / "work" / f"state_0-{'c' * 16}"
    other.mkdir()
    assert passed(tmp_path) == [seed / "state_0.pt", seed / "work" / f"state_0-{'a' * 16}"]


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
