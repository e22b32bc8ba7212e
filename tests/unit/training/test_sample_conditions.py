"""Conditions of generated stamps: which they are, and that the model is told them or not."""

import logging

import numpy as np
import pytest

from galforge.errors import GalforgeError
from galforge.models.settings import NormalisationSettings
from galforge.sampling.conditions import conditions_for, divided
from galforge.sampling.sample import sample
from galforge.stamps.file import Stamps
from galforge.training import export
from galforge.training.segment import Segment, run_segment
from galforge.training.settings import StepSettings
from toys.galaxies import write_stamps

TEST = {"columns": ["brightness"], "told": True, "source": "test", "seed": 0}
UNIFORM = {"columns": ["brightness"], "told": True, "source": "uniform", "low": 0.001, "high": 4.0, "seed": 0}


@pytest.fixture(scope="module")
def stamps(tmp_path_factory):
    return write_stamps(tmp_path_factory.mktemp("stamps") / "toy.h5")


def trained(stamps, folder, conditions, variant="corrected"):
    from galforge.models.cvae.settings import ModelSettings

    network = ModelSettings(conditions=conditions, latent=4, width=4, hidden=16, variant=variant)
    step = StepSettings(batch=8, history_images=16, device="cpu", precision="float32")
    kind = {"kind": "linear", "scale": 1.0} if variant == "published" else {}
    made_from = Segment(stamps, "cvae", network, NormalisationSettings(**kind), step, 0, 64, None, "key")
    run_segment(made_from, folder / "state.pt", folder / "work")
    export.export_weights(folder / "state.pt", folder / "weights.safetensors")
    return folder / "weights.safetensors"


@pytest.fixture(scope="module")
def conditional(stamps, tmp_path_factory):
    return trained(stamps, tmp_path_factory.mktemp("conditional"), ["brightness"])


def test_conditions_of_the_test_split_come_in_turns_and_more_images_change_none(stamps, conditional):
    found = conditions_for(TEST, 20, conditional, stamps)["brightness"]
    with Stamps(stamps) as source:
        there = source.catalog("brightness")[source.split("test")].astype(np.float32)
    inside = [value for value in there if value in found]
    assert len(inside) >= 4
    assert set(found) == set(inside)
    assert sorted(found[: len(inside)]) == sorted(inside)
    assert np.array_equal(conditions_for(TEST, 50, conditional, stamps)["brightness"][:20], found)
    assert not np.array_equal(conditions_for(TEST | {"seed": 1}, 20, conditional, stamps)["brightness"], found)


def test_conditions_that_repeat_are_said_where_a_model_is_told_them(stamps, conditional, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("galforge"), "propagate", True)
    there = len(set(conditions_for(TEST, 50, conditional, stamps)["brightness"]))
    for count, told, said in ((there, True, False), (there + 1, True, True), (there + 1, False, False)):
        caplog.clear()
        with caplog.at_level(logging.WARNING, "galforge"):
            conditions_for(TEST | {"told": told}, count, conditional, stamps)
        assert (f"{count} images are drawn for the conditions of {there} test galaxies" in caplog.text) == said


def test_uniform_ones_follow_from_their_index(conditional):
    found = conditions_for(UNIFORM, 400, conditional, None)["brightness"]
    assert np.array_equal(conditions_for(UNIFORM, 30, conditional, None)["brightness"], found[:30])
    assert found.min() >= 0.001
    assert found.max() <= 4.0
    assert np.histogram(found, 4, (0, 4))[0].min() > 70


def test_beyond_the_range_is_refused_by_the_corrected_variant(conditional, tmp_path):
    given = {"brightness": np.full(4, 1e6, dtype=np.float32)}
    with pytest.raises(GalforgeError, match="outside of the range of the training"):
        sample(conditional, tmp_path / "out.h5", 0, 4, 0, 4, device="cpu", conditions=given)


def test_beyond_the_range_is_drawn_by_the_published_variant(stamps, tmp_path):
    weights = trained(stamps, tmp_path, ["brightness"], "published")
    given = {"brightness": np.full(4, 50.0, dtype=np.float32)}
    sample(weights, tmp_path / "out.h5", 0, 4, 0, 4, device="cpu", conditions=given)
    with Stamps(tmp_path / "out.h5") as drawn:
        assert drawn.catalog("brightness").tolist() == [50.0] * 4


def test_a_model_that_is_told_nothing_has_them_beside_its_images(stamps, tmp_path):
    weights = trained(stamps, tmp_path, [])
    found = conditions_for(TEST, 6, weights, stamps)
    for name, beside in (("with", found), ("without", None)):
        sample(weights, tmp_path / f"{name}.h5", 2, 6, 0, 4, device="cpu", beside=beside)
    with Stamps(tmp_path / "with.h5") as first, Stamps(tmp_path / "without.h5") as second:
        assert np.array_equal(first.catalog("brightness"), found["brightness"][2:6])
        assert np.array_equal(first.images[:], second.images[:])


@pytest.fixture(scope="module")
def with_redshifts(stamps, tmp_path_factory):
    """The same stamps with redshifts that follow from the brightness."""
    import h5py

    changed = tmp_path_factory.mktemp("redshifts") / "toy.h5"
    changed.write_bytes(stamps.read_bytes())
    with h5py.File(changed, "r+") as file:
        file["catalog/redshift"] = 3 - 2 * file["catalog/brightness"][:]
    return changed


def test_a_model_of_something_else_has_the_redshift_of_the_same_galaxy_beside_its_images(
    conditional, with_redshifts, tmp_path
):
    asked = {"columns": ["brightness", "redshift"], "told": True, "beside": ["redshift"], "source": "test", "seed": 0}
    told, beside = divided(asked, conditions_for(asked, 12, conditional, with_redshifts))
    assert (list(told), list(beside)) == (["brightness"], ["redshift"])
    sample(conditional, tmp_path / "out.h5", 0, 12, 0, 4, device="cpu", conditions=told, beside=beside)
    with Stamps(tmp_path / "out.h5") as drawn:
        assert np.allclose(drawn.catalog("redshift"), 3 - 2 * drawn.catalog("brightness"))
        assert len(set(drawn.catalog("redshift"))) > 3


@pytest.mark.parametrize(("told", "expected"), [(True, (["a"], [])), (False, ([], ["a"]))])
def test_all_columns_are_told_or_none_where_nothing_else_is_said(told, expected):
    given = divided({"columns": ["a"], "told": told}, {"a": np.ones(3)})
    assert tuple(map(list, given)) == expected


@pytest.mark.parametrize(("columns", "uniform"), [(["brightness"], True), (["brightness", "redshift"], False)])
def test_without_a_test_split_only_what_can_be_said_is_proposed(
    conditional, with_redshifts, tmp_path, columns, uniform
):
    import h5py

    changed = tmp_path / "changed.h5"
    changed.write_bytes(with_redshifts.read_bytes())
    with h5py.File(changed, "r+") as file:
        file["catalog/split"][...] = "train"
    with pytest.raises(GalforgeError, match=r"no stamps in its test split .* give that split a share") as refused:
        conditions_for(TEST | {"columns": columns}, 5, conditional, changed)
    assert ("uniform" in str(refused.value)) == uniform


def test_no_test_split_and_no_number_are_refused(conditional, stamps, tmp_path):
    import h5py

    changed = tmp_path / "changed.h5"
    changed.write_bytes(stamps.read_bytes())
    with Stamps(stamps) as source:
        row = int(source.split("test")[0])
    with h5py.File(changed, "r+") as file:
        file["catalog/brightness"][row] = np.nan
    with pytest.raises(GalforgeError, match=f"stamp {row} has no brightness"):
        conditions_for(TEST, 5, conditional, changed)
