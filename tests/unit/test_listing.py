"""Raw folders by content."""

import os
from types import SimpleNamespace

import pytest
import yaml

from galforge import atomic
from galforge.config import files
from galforge.config.problems import merged
from galforge.plan.driver import Driver
from galforge.provenance.folders import contents_digest
from galforge.raw.walk import walked


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    raw = tmp_path / "raw"
    raw.mkdir()
    for name in ("a", "b"):
        (raw / name).write_text(name * 10)
    return raw


def listed(folder):
    return contents_digest(folder.parent, list(folder.iterdir()))


def test_touching_and_order_do_not_count(folder):
    before = listed(folder)
    for path in folder.iterdir():
        os.utime(path, (1, 1))
    assert listed(folder) == before
    assert contents_digest(folder.parent, sorted(folder.iterdir(), reverse=True)) == before


def test_files_behind_links_are_walked_once_and_loops_end(folder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "c").write_text("c")
    os.symlink(elsewhere, folder / "link")
    os.symlink(elsewhere, folder / "other link")
    os.symlink(folder, elsewhere / "loop")
    found = [path.relative_to(folder).as_posix() for path in walked(folder)]
    assert found == ["a", "b", "link/c"]
    before = contents_digest(folder, list(walked(folder)))
    (elsewhere / "c").write_text("cc")
    assert contents_digest(folder, list(walked(folder))) != before


def test_another_content_of_the_same_size_counts(folder):
    before = listed(folder)
    (folder / "a").write_text("c" * 10)
    os.utime(folder / "a", (2, 2))
    assert listed(folder) != before


def test_names_and_new_files_count(folder):
    before = listed(folder)
    (folder / "c").write_text("c")
    with_new = listed(folder)
    (folder / "c").unlink()
    (folder / "a").rename(folder / "z")
    assert len({before, with_new, listed(folder)}) == 3


def test_a_file_is_read_again_only_when_its_size_or_date_changed(folder, monkeypatch):
    listed(folder)
    read = []

    def noting(file, algorithm):
        read.append(file.name)
        raise AssertionError("no file needed reading")

    monkeypatch.setattr("galforge.provenance.folders.hashlib.file_digest", noting)
    listed(folder)
    assert read == []


def test_a_killed_writers_file_is_removed_by_the_next(tmp_path):
    (tmp_path / ".out.1.part.csv").write_text("half")
    (tmp_path / ".other.1.part.csv").write_text("somebody else's")
    atomic.write_text(tmp_path / "out.csv", "whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".other.1.part.csv", "out.csv"]


def test_a_failed_write_leaves_what_was_there(tmp_path):
    atomic.write_text(tmp_path / "out.csv", "before")

    def failing():
        with atomic.replacing(tmp_path / "out.csv") as temporary:
            temporary.write_text("half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        failing()
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    assert (tmp_path / "out.csv").read_text() == "before"


@pytest.mark.parametrize("where", ["raw", "../elsewhere/raw", ".hidden/raw"])
def test_a_raw_folder_counts_by_content_wherever_it_lies(tmp_path, monkeypatch, where):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    folder = here / where
    folder.mkdir(parents=True)
    tree = merged(
        yaml.safe_load(files.CONFIG.read_text(encoding="utf-8")),
        {"datasets": {"cosmos": {"source": "path", "path": where}}},
    )

    def listing():
        return Driver(SimpleNamespace(is_main_process=False), tree).listing("cosmos")

    empty = listing()
    (folder / "a.fits").write_text("a")
    with_one = listing()
    (folder / ".DS_Store").write_text("x")
    assert listing() == with_one != empty
    folder.rename(here / "moved")
    (here / "moved").rename(folder)
    assert listing() == with_one
