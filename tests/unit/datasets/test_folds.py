"""Folds of a data set: equal parts, each galaxy held out once, and nothing else changed."""

import hashlib

import numpy as np
import pytest

from galforge.datasets.folds import refold, splits_of
from galforge.errors import GalforgeError
from galforge.stamps.file import Header, Stamps, StampsWriter

NAMES = [f"galaxy{index}" for index in range(100)]


def folded(names, of, seed=5, train=0.9, validation=0.1):
    return [splits_of(names, seed, of, fold, train, validation) for fold in range(of)]


def ranked(names, seed):
    """The names in the order of the hash, taken without the function that is tested."""
    digests = {name: hashlib.sha256(f"int:{seed}\x1fstr:fold\x1fstr:{name}".encode()).digest()[:16] for name in names}
    return sorted(names, key=digests.get)


@pytest.mark.parametrize("of", [1, 2, 3, 7])
def test_every_galaxy_is_held_out_once_and_folds_are_equal_to_one_galaxy(of):
    held_out = np.array([splits == "test" for splits in folded(NAMES, of)])
    assert (held_out.sum(axis=0) == 1).all()
    assert np.ptp(held_out.sum(axis=1)) <= 1


def test_a_fold_is_a_run_of_the_galaxies_in_the_order_of_their_hashes():
    order = ranked(NAMES, 5)
    for fold, (first, last) in enumerate([(0, 34), (34, 67), (67, 100)]):
        assert {NAMES[i] for i in np.flatnonzero(folded(NAMES, 3)[fold] == "test")} == set(order[first:last])


def test_the_order_of_the_files_has_no_part_in_it_and_the_seed_has():
    there = dict(zip(NAMES, folded(NAMES, 3)[1], strict=True))
    back = dict(zip(NAMES[::-1], folded(NAMES[::-1], 3)[1], strict=True))
    assert there == back
    assert there != dict(zip(NAMES, folded(NAMES, 3, seed=6)[1], strict=True))


def test_others_are_divided_by_the_shares_and_a_galaxy_keeps_its_side_in_every_fold():
    names = [f"galaxy{index}" for index in range(3000)]
    splits = folded(names, 3, train=0.6, validation=0.15)
    assert set(splits[0]) == {"train", "validation", "test"}
    assert np.mean(splits[0][splits[0] != "test"] == "validation") == pytest.approx(0.2, abs=0.03)
    both = (splits[0] != "test") & (splits[1] != "test")
    assert (splits[0][both] == splits[1][both]).all()
    assert set(folded(NAMES, 3, train=1.0, validation=0.0)[0]) == {"train", "test"}


def test_one_galaxy_more_moves_few_of_the_others():
    before, after = folded(NAMES, 3)[0], folded([*NAMES, "another"], 3)[0][:-1]
    assert np.count_nonzero(before != after) <= 1


def toy(path, count=7):
    pixels = np.random.default_rng(0).normal(size=(count, 1, 8, 8)).astype(np.float32)
    header = Header(("i",), 0.1, "arcsec", "electron", (), 1.0, "observed")
    with StampsWriter(path, (1, 8, 8), header, count) as writer:
        for index, image in enumerate(pixels):
            writer.append(image, name=f"g{index}", split="train", padded=bool(index % 2), gain=float(index))
    return path


def test_a_stamps_file_keeps_all_but_its_splits(tmp_path):
    path = toy(tmp_path / "toy.h5")
    with Stamps(path) as stamps:
        before = stamps.images[:], stamps.header, {name: stamps.catalog(name) for name in stamps.columns}, stamps.digest
    refold(path, tmp_path / "folded.h5", 5, 3, 1, 0.8, 0.1)
    with Stamps(tmp_path / "folded.h5") as stamps:
        after = stamps.images[:], stamps.header, {name: stamps.catalog(name) for name in stamps.columns}, stamps.digest
    assert np.array_equal(before[0], after[0])
    assert before[1] == after[1]
    assert before[3] != after[3]
    assert after[2].keys() == before[2].keys()
    for name in before[2].keys() - {"split"}:
        assert np.array_equal(before[2][name], after[2][name])
    assert after[2]["split"].tolist() == splits_of([f"g{index}" for index in range(7)], 5, 3, 1, 0.8, 0.1).tolist()


def test_fewer_galaxies_than_folds_are_refused(tmp_path):
    with pytest.raises(GalforgeError, match="2 galaxies for 3 folds"):
        refold(toy(tmp_path / "toy.h5", count=2), tmp_path / "folded.h5", 5, 3, 0, 0.8, 0.1)
    assert not (tmp_path / "folded.h5").exists()
