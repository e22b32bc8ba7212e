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
    for exported in files(seed, index):
        exported.write_bytes(b"x" * 100)
    inputs = {"results/demo/stamps/cosmos.h5": "stamps"} | (digests(index - 1, before or letter) if index else {})
    record = {"key": letter * 64, "inputs": inputs, "outputs": digests(index, letter)}
    state.with_suffix(".json").write_text(json.dumps(record))


def files(seed, index):
    """Weights and history of a segment."""
    return [seed / f"weights_{index}.safetensors", seed / f"history_{index}.csv"]


def digests(index, letter):
    return {f"results/demo/models/cosmos/vae/seed0/state_{index}.pt": f"{letter}{index}"}


def training(results, exported, states):
    """A training with ``states`` finished states, of which samples were drawn with the weights number ``exported``."""
    seed = results / "models" / "cosmos" / "vae" / "seed0"
    for index in range(states):
        segment(seed, index, "a")
    if exported is not None:
        use(results, exported)
    return seed


def use(results, index, name="seed0"):
    """A result that was made from the weights of a segment."""
    record = results / f"samples/cosmos/vae/{name}.json"
    record.parent.mkdir(parents=True, exist_ok=True)
    weights = f"results/demo/models/cosmos/vae/seed0/weights_{index}.safetensors"
    record.write_text(json.dumps({"inputs": {weights: "a"}, "outputs": {}}))


def test_states_before_the_one_in_use_are_removed_with_their_other_names(tmp_path):
    seed = training(tmp_path, exported=2, states=4)
    removed, freed = prune([tmp_path])
    assert (removed, freed) == (8, 2400)
    assert [path.exists() for index in range(4) for path in files(seed, index)] == 4 * [False] + 4 * [True]
    left = sorted(path.name for path in seed.rglob("*.pt"))
    assert left == ["finished.pt", "finished.pt", "state_2.pt", "state_3.pt"]
    assert len(list(seed.glob("state_*.json"))) == 4


def half_trained_again(results):
    """Finished with four segments and exported; a key edited, segment 0 trained again, stopped within segment 1."""
    seed = training(results, exported=3, states=4)
    segment(seed, 0, "b")
    for path in (seed / "state_1.pt", seed / "state_1.json", *files(seed, 1)):
        path.unlink()
    live = seed / "work" / f"state_1-{'b' * 16}"
    live.mkdir()
    (live / "checkpoint-000020.pt").write_bytes(b"x")
    return seed


def test_a_training_that_is_being_trained_again_keeps_what_is_new(tmp_path):
    seed = half_trained_again(tmp_path)
    assert set(passed(tmp_path)) == {
        *files(seed, 2),
        *(seed / name for name in ("state_2.pt", f"work/state_2-{'a' * 16}")),
    }
    prune([tmp_path])
    assert {path.name for path in seed.glob("*.pt")} == {"state_0.pt", "state_3.pt"}
    assert (seed / "work" / f"state_0-{'b' * 16}" / "finished.pt").exists()
    assert (seed / "work" / f"state_1-{'b' * 16}" / "checkpoint-000020.pt").exists()


def test_a_state_that_the_next_one_was_not_made_from_stays(tmp_path):
    seed = training(tmp_path, exported=2, states=3)
    segment(seed, 0, "b")
    segment(seed, 1, "b")
    assert passed(tmp_path) == []


def test_what_any_result_was_made_from_stays(tmp_path):
    """A training was shortened, and not all results were made again."""
    seed = training(tmp_path, exported=1, states=4)
    use(tmp_path, 3, "latents")
    gone = {path.name for path in passed(tmp_path)}
    assert gone == {f"state_{i}{end}" for i in (0, 2) for end in (".pt", f"-{'a' * 16}")} | {
        path.name for i in (0, 2) for path in files(seed, i)
    }


def test_weights_that_were_scored_stay_without_their_states(tmp_path):
    """A longer training chooses among them."""
    seed = training(tmp_path, exported=2, states=3)
    weights = "results/demo/models/cosmos/vae/seed0/weights_{}.safetensors"
    for index in (0, 2):
        scored = {"rule": "score_snapshot", "inputs": {weights.format(index): "a"}, "outputs": {}}
        (seed / f"score_{index}.record.json").write_text(json.dumps(scored))
    prune([tmp_path])
    assert sorted(path.name for path in seed.glob("weights_*")) == ["weights_0.safetensors", "weights_2.safetensors"]
    assert [path.name for path in seed.glob("state_*.pt")] == ["state_2.pt"]


def test_only_the_work_of_the_state_that_goes_is_taken(tmp_path):
    seed = training(tmp_path, exported=1, states=2)
    other = seed / "work" / f"state_0-{'c' * 16}"
    other.mkdir()
    assert passed(tmp_path) == [seed / "state_0.pt", *files(seed, 0), seed / "work" / f"state_0-{'a' * 16}"]


def test_a_training_that_goes_on_keeps_everything(tmp_path):
    training(tmp_path, exported=None, states=2)
    assert passed(tmp_path) == []


def test_a_file_that_has_yet_another_name_frees_nothing(tmp_path):
    seed = training(tmp_path, exported=1, states=2)
    os.link(seed / "state_0.pt", tmp_path / "kept.pt")
    assert prune([tmp_path]) == (4, 200)


def test_a_locked_folder_is_left_alone_with_a_message(tmp_path):
    seed = training(tmp_path, exported=1, states=2)
    lock = tmp_path / ".snakemake" / "locks" / "0.input.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    with pytest.raises(SystemExit, match="Snakemake runs here, or was killed"):
        main([str(tmp_path)])
    assert (seed / "state_0.pt").exists()
