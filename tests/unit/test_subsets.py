"""Data sets that are another one with fewer galaxies to train on."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import yaml

from galforge.config import files
from galforge.config.parse import ConfigError, parse
from galforge.config.problems import merged
from galforge.errors import GalforgeError
from galforge.plan.stages import Stages
from galforge.stamps.file import Header, Stamps, StampsWriter
from galforge.stamps.native_file import NativeWriter
from galforge.stamps.subset import kept, write_subset

SPLIT = np.array(["train", "test", "train", "validation", "train", "train", "none", "train"])
HEADER = Header(("g", "r"), 0.4, "kpc", "count", (), 1.0, "mock")
SKIRT = {"family": "skirt", "source": "mock", "size": 64, "mock": {"count": 50}, "seed": 7}


def pixels(row: int, side: int) -> np.ndarray:
    return np.arange(2 * side * side, dtype=np.float32).reshape(2, side, side) + 1000 * row


@pytest.fixture
def stamps(tmp_path: Path) -> Path:
    with StampsWriter(tmp_path / "whole.h5", (2, 4, 4), HEADER, len(SPLIT)) as writer:
        for row, split in enumerate(SPLIT):
            writer.append(pixels(row, 4), name=f"galaxy {row}", split=split, redshift=0.1 * row)
    return tmp_path / "whole.h5"


@pytest.fixture
def native(tmp_path: Path) -> Path:
    with NativeWriter(tmp_path / "whole.native.h5", HEADER) as writer:
        for row, split in enumerate(SPLIT):
            writer.append(pixels(row, 3 + row), name=f"galaxy {row}", split=split)
    return tmp_path / "whole.native.h5"


def test_training_galaxies_leave_and_no_other_moves():
    few = kept(SPLIT, 2, seed=0)
    assert (few == "train").sum() == 2
    assert set(SPLIT[few == "train"]) == {"train"}
    assert (few[SPLIT != "train"] == SPLIT[SPLIT != "train"]).all()
    assert set(few[(SPLIT == "train") & (few != "train")]) == {"none"}


def test_a_smaller_part_is_a_part_of_a_larger_one_and_another_seed_takes_others():
    split = np.array(["train"] * 200)
    sizes = [set(np.flatnonzero(kept(split, count, seed=3) == "train")) for count in (20, 60, 200)]
    assert list(map(len, sizes)) == [20, 60, 200]
    assert sizes[0] < sizes[1] < sizes[2]
    assert set(np.flatnonzero(kept(split, 20, seed=4) == "train")) != sizes[0]


def test_which_galaxies_stay_does_not_depend_on_those_of_other_splits():
    moved = np.where(np.arange(len(SPLIT)) % 2 == 0, SPLIT, "test")
    rows = np.flatnonzero(moved == "train")
    longer = kept(np.append(moved, ["test"] * 5), 2, seed=0)[: len(moved)]
    assert (longer == kept(moved, 2, seed=0)).all()
    assert len(rows) == 3


def test_images_and_other_columns_are_those_of_the_whole(stamps, native, tmp_path):
    for whole, name in ((stamps, "part.h5"), (native, "part.native.h5")):
        write_subset(whole, tmp_path / name, 2, 7)
        with Stamps(whole) as old, Stamps(tmp_path / name) as new:
            assert (new.header, new.columns, len(new)) == (old.header, old.columns, len(old))
            for row in range(len(old)):
                assert (new.stamp(row) == old.stamp(row)).all()
            for column in old.columns:
                if column != "split":
                    assert (new.catalog(column) == old.catalog(column)).all()
            assert len(new.split("train")) == 2
            assert (new.split("test") == old.split("test")).all()
            assert (new.split("validation") == old.split("validation")).all()
            assert new.digest != old.digest, "what is made from the part must not pass for what the whole gives"
    with Stamps(tmp_path / "part.h5") as new, Stamps(tmp_path / "part.native.h5") as own:
        assert (new.split("train") == own.split("train")).all(), "generators and denoisers see the same galaxies"


def test_more_than_there_are_is_refused(stamps, tmp_path):
    with pytest.raises(GalforgeError, match=r"whole\.h5: train_images is 6, but only 5 galaxies"):
        write_subset(stamps, tmp_path / "part.h5", 6, 7)
    assert not (tmp_path / "part.h5").exists()


def tree(**part) -> dict:
    paper = yaml.safe_load(files.CONFIG.read_text(encoding="utf-8"))
    over = {"datasets": {"skirt": SKIRT, "few": {"subset_of": "skirt", "train_images": 20, **part}}}
    run = [{"dataset": name, "model": "vae", "seeds": [0]} for name in ("skirt", "few")]
    return merged(paper, {**over, "run": run})


def test_a_part_has_the_settings_of_the_whole_and_a_rule_of_its_own():
    raw = tree(measuring={"band": 3})
    jsonschema.validate(raw, json.loads(files.SCHEMA.read_text()))
    config = parse(raw)
    assert config.datasets["few"].settings == config.datasets["skirt"].settings
    assert (config.datasets["few"].measuring.band, config.datasets["skirt"].measuring.band) == (3, 2)
    stages = Stages(config)
    assert stages.facts.stamps_rule("few") == "subset_native"
    stage = stages.stage("subset_native", {"dataset": "few"})
    assert (stage.spec, stage.script) == ({"train_images": 20, "seed": 7}, "subset.py")
    assert stages.stage("stamps_native_mock", {"dataset": "skirt"}).script == "stamps.py"


def test_a_part_of_a_folded_data_set_takes_its_splits_from_the_whole():
    raw = tree(subset_of="folds")
    cosmos = raw["datasets"]["cosmos"]
    raw["datasets"]["folds"] = merged(cosmos, {"folds": {"of": 3, "fold": 1}})
    raw["run"] = [{"dataset": name, "model": "vae", "seeds": [0]} for name in ("folds", "few")]
    facts = Stages(parse(raw)).facts
    assert [facts.is_folded(name) for name in ("folds", "few")] == [True, False]
    assert facts.stamps_rule("few") == "subset"


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"subset_of": "skrit"}, "datasets.few.subset_of: 'skrit' is no data set that is whole; there are"),
        ({"subset_of": "few"}, "datasets.few.subset_of: 'few' is no data set that is whole"),
        ({"size": 32}, "datasets.few.size: a part of skirt has its settings"),
        ({"train_images": 0}, "datasets.few.train_images: 0"),
        ({"subset_of": "sparse"}, "datasets.few.subset_of: sparse has images with scores"),
    ],
)
def test_what_is_no_part_is_refused(part, words):
    with pytest.raises(ConfigError) as error:
        parse(tree(**part))
    assert words in str(error.value)


def test_a_number_without_a_whole_is_refused():
    raw = tree()
    raw["datasets"]["skirt"]["train_images"] = 20
    with pytest.raises(ConfigError, match=r"datasets.skirt.train_images: unknown key"):
        parse(raw)
