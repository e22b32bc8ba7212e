"""Drivers in one directory keep their own locks."""

from pathlib import Path

import pytest
from snakemake.persistence.file import FilePersistence

from galforge.operate.locks import keep_to_own_locks


@pytest.fixture
def driver(tmp_path, monkeypatch):
    for name in ("_write_locks", "_read_locks", "_delete_locks", "cleanup_locks"):
        monkeypatch.setattr(FilePersistence, name, getattr(FilePersistence, name))
    keep_to_own_locks()

    def make(*outputs: str) -> FilePersistence:
        driver = FilePersistence(path=tmp_path / ".snakemake")
        driver.all_inputfiles = lambda: ["raw"]
        driver.all_outputfiles = lambda: list(outputs)
        return driver

    return make


def test_the_first_that_ends_leaves_the_locks_of_the_other(driver):
    one, other = driver("one"), driver("other")
    with other.lock():
        with one.lock():
            assert driver("one").locked
        assert not driver("one").locked
        assert driver("other").locked
        # What another reads cannot be made meanwhile.
        assert driver("raw").locked
    assert not driver("other").locked


def test_one_that_starts_while_another_ends_has_a_folder_for_its_locks(driver):
    late = driver("late")
    Path(late._lockdir).rmdir()
    with late.lock():
        assert driver("late").locked


def test_locks_of_the_dead_are_taken_away(driver):
    driver("dead")._write_locks("output", ["dead"])
    assert driver("dead").locked
    driver("dead").cleanup_locks()
    assert not driver("dead").locked
