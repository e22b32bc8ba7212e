"""State files: any damage is noticed, equal content gives equal bytes, and without the lease nothing is replaced."""

import errno
import os

import pytest
import torch

from galforge.seeds import generator
from galforge.training import state as states
from galforge.training.lease import Lease, LeaseLost


@pytest.fixture
def lease(tmp_path):
    with Lease(tmp_path / "lease") as lease:
        yield lease


def example(images_seen=8, key="key"):
    weights = torch.arange(400, dtype=torch.float32).reshape(20, 20)
    return {
        "key": key,
        "images_seen": images_seen,
        "networks": {"b": weights.t(), "a": torch.tensor(3), "half": weights.bfloat16()},
        "optimisers": {
            "adam": {"state": {0: {"step": torch.tensor(2.0)}}, "groups": [{"betas": (0.9, 0.99), "x": None}]}
        },
        "history": {"loss": [0.1, 1 / 3]},
    }


def test_what_is_written_is_read(tmp_path, lease):
    states.write(tmp_path / "s.pt", example(), lease)
    read = states.read(tmp_path / "s.pt")
    assert read.pop("format") == states.FORMAT
    assert states.content_digest(read) == states.content_digest(example())
    assert read["optimisers"]["adam"]["groups"] == [{"betas": (0.9, 0.99), "x": None}]
    assert torch.equal(read["networks"]["b"], example()["networks"]["b"])


def test_equal_content_is_equal_bytes_whatever_its_layout_and_order(tmp_path, lease):
    other = example()
    other["networks"] = dict(reversed(other["networks"].items()))
    other["networks"]["b"] = other["networks"]["b"].contiguous()
    other["".join(["k", "ey"])] = "".join(["ke", "y"])
    states.write(tmp_path / "one.pt", example(), lease)
    states.write(tmp_path / "two.pt", other, lease)
    states.write(tmp_path / "three.pt", states.read(tmp_path / "one.pt"), lease)
    assert (tmp_path / "one.pt").read_bytes() == (tmp_path / "two.pt").read_bytes()
    assert (tmp_path / "one.pt").read_bytes() == (tmp_path / "three.pt").read_bytes()


@pytest.mark.parametrize(
    "change",
    [
        {"key": "other"},
        {"images_seen": 9},
        {"history": {"loss": [0.1, 0.3]}},
        {"networks": {"b": torch.zeros(20, 20)}},
    ],
)
def test_digest_sees_every_part(change):
    assert states.content_digest(example() | change) != states.content_digest(example())


def test_every_truncation_is_noticed(tmp_path, lease):
    path = tmp_path / "s.pt"
    states.write(path, example(), lease)
    whole = path.read_bytes()
    for length in [0, 1, 100, *range(200, len(whole), 400), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(states.StateError, match=r"s\.pt"):
            states.read(path)


def test_flipped_bit_never_passes_for_another_state(tmp_path, lease):
    """A flipped bit is an error, or, in padding and names of the container, changes nothing that is read."""
    path = tmp_path / "s.pt"
    states.write(path, example(), lease)
    whole, good = path.read_bytes(), states.content_digest(states.read(path))
    draw, refused = generator("flip"), 0
    for place in draw.choice(len(whole), size=200, replace=False):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(draw.integers(8))
        path.write_bytes(damaged)
        try:
            assert states.content_digest(states.read(path)) == good
        except states.StateError:
            refused += 1
    assert refused > 50


def test_flipped_bit_in_a_weight_is_refused(tmp_path, lease):
    path = tmp_path / "s.pt"
    states.write(path, example(), lease)
    damaged = bytearray(path.read_bytes())
    # The bytes of 399.0, the last weight.
    place = bytes(damaged).rindex(torch.tensor([399.0]).numpy().tobytes())
    damaged[place + 2] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(states.StateError):
        states.read(path)


def test_missing_foreign_and_newer_files_are_refused(tmp_path, lease):
    with pytest.raises(states.StateError, match="no such state"):
        states.read(tmp_path / "none.pt")
    torch.save({"weights": torch.zeros(2)}, tmp_path / "foreign.pt")
    with pytest.raises(states.StateError, match="no training state"):
        states.read(tmp_path / "foreign.pt")
    newer = states._plain(example() | {"format": 99})
    torch.save(newer | {"digest": states.content_digest(newer)}, tmp_path / "newer.pt")
    with pytest.raises(states.StateError, match="format 99"):
        states.read(tmp_path / "newer.pt")


def test_objects_other_than_plain_data_are_refused(tmp_path, lease):
    with pytest.raises(TypeError, match="Path"):
        states.write(tmp_path / "s.pt", example() | {"where": tmp_path}, lease)
    assert not (tmp_path / "s.pt").exists()


def test_loser_of_the_lease_replaces_nothing(tmp_path, lease):
    path = tmp_path / "s.pt"
    states.write(path, example(), lease)
    before = path.read_bytes()
    (tmp_path / "lease" / "lease-00000099").touch()
    with pytest.raises(LeaseLost):
        states.write(path, example(images_seen=16), lease)
    with pytest.raises(LeaseLost):
        states.link(path, tmp_path / "out.pt", lease)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir() if entry.is_file()] == ["s.pt"]
    (tmp_path / "lease" / "lease-00000099").unlink()


def test_link_is_a_hard_link_or_a_copy(tmp_path, lease, monkeypatch):
    states.write(tmp_path / "s.pt", example(), lease)
    for _ in range(2):
        states.link(tmp_path / "s.pt", tmp_path / "out" / "linked.pt", lease)
        assert (tmp_path / "out" / "linked.pt").samefile(tmp_path / "s.pt")

    def refuse(source, target):
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    states.link(tmp_path / "s.pt", tmp_path / "out" / "copied.pt", lease)
    assert not (tmp_path / "out" / "copied.pt").samefile(tmp_path / "s.pt")
    assert (tmp_path / "out" / "copied.pt").read_bytes() == (tmp_path / "s.pt").read_bytes()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["copied.pt", "linked.pt"]


def test_last_two_checkpoints_are_kept_and_damaged_ones_passed_over(tmp_path, lease, caplog):
    checkpoints = states.Checkpoints(tmp_path / "lease", "key", lease)
    for seen in (8, 16, 24):
        checkpoints.save(example(seen))
    names = sorted(path.name for path in (tmp_path / "lease").glob("*.pt"))
    assert names == ["checkpoint-000000000016.pt", "checkpoint-000000000024.pt"]
    assert checkpoints.latest()["images_seen"] == 24
    with open(tmp_path / "lease" / names[1], "r+b") as file:
        file.truncate(500)
    with caplog.at_level("WARNING", logger="galforge"):
        assert checkpoints.latest()["images_seen"] == 16
    assert names[1] in caplog.text
    assert "set aside" in caplog.text


def test_checkpoints_of_another_training_are_not_used(tmp_path, lease):
    checkpoints = states.Checkpoints(tmp_path / "lease", "key", lease)
    checkpoints.save(example(key="another"))
    assert checkpoints.latest() is None


def test_a_fault_of_the_machine_costs_no_state(tmp_path, lease, monkeypatch):
    checkpoints = states.Checkpoints(tmp_path / "lease", "key", lease)
    checkpoints.finish(example(8))
    for fault in (OSError(errno.ESTALE, "stale file handle"), RuntimeError("can't allocate memory"), MemoryError()):
        with monkeypatch.context() as patch:

            def failing(*args, fault=fault, **more):
                raise fault

            patch.setattr(states.torch, "load", failing)
            with pytest.raises(type(fault)):
                checkpoints.is_finished()
        assert checkpoints.is_finished(), "the sound file is still there"
