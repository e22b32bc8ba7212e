"""A release of three files, from the mock, from a server and from a folder, through Snakemake to stamps."""

import hashlib
import json
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml
from tree import copy_tree, planned, snakemake

from galforge.datasets.galaxiesml.mock import write_raw
from galforge.datasets.galaxiesml.settings import MockSettings
from galforge.stamps.file import Stamps

COUNT, SIZE, BIN = 28, 32, 2
NAMES = [f"5x64x64_{part}_with_morphology.hdf5" for part in ("training", "validation", "testing")]
STAMPS = "results/hsc/stamps/galaxies.h5"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_tree(tmp_path_factory.mktemp("galaxiesml") / "galforge")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the three files of a mock."""
    folder = tmp_path_factory.mktemp("release")
    write_raw(MockSettings(count=COUNT), folder / "raw.tar")
    with tarfile.open(folder / "raw.tar") as archive:
        archive.extractall(folder / "files", filter="data")
    return folder / "files"


@pytest.fixture
def site(files: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[str]]]:
    """A server of this machine that has the files: its address, and what it was asked for."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_request(self, *_):
            asked.append(self.path)

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=files)) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def configured(tree: Path, name: str, **given) -> str:
    """Write a configuration in which `galaxies` comes from where ``given`` says; its file's name."""
    entry = {"family": "galaxiesml", "size": SIZE, "bin": BIN, "measuring": {"expected_count": COUNT}, **given}
    run = [{"dataset": "galaxies", "model": "vae", "seeds": [0]}]
    # The survey's own is not there: files of one name are one file.
    datasets = {"galaxies": entry, "galaxiesml": None}
    (tree / f"{name}.yaml").write_text(yaml.safe_dump({"name": name, "datasets": datasets, "run": run}))
    return f"{name}.yaml"


def made(tree: Path, name: str) -> tuple[np.ndarray, list[str], str]:
    """Images, splits and origin of a configuration's stamps."""
    with Stamps(tree / STAMPS.replace("hsc", name)) as stamps:
        return stamps.images[:], list(stamps.catalog("split")), stamps.header.origin


def test_the_mock_becomes_stamps(tree):
    config = configured(tree, "hsc", source="mock", mock={"count": COUNT})
    assert planned(tree, STAMPS, config=config) == {"stamps_mock": 1}
    done = snakemake(tree, "--", STAMPS, config=config)
    assert done.returncode == 0, done.stdout + done.stderr
    images, splits, origin = made(tree, "hsc")
    assert images.shape == (COUNT, 5, SIZE, SIZE)
    assert [splits.count(name) for name in ("train", "validation", "test")] == [20, 4, 4]
    assert origin == "mock"
    assert (tree / STAMPS.replace(".h5", ".rejected.csv")).read_text() == "name,reason\n"


def test_three_files_are_fetched_each_once_and_each_against_its_checksum(tree, files, site):
    address, asked = site
    md5 = [hashlib.md5((files / name).read_bytes(), usedforsecurity=False).hexdigest() for name in NAMES]
    given = {"source": "download", "url": [f"{address}/{name}?download=1" for name in NAMES]}
    wrong = configured(tree, "fetched", **given, md5=[md5[0], "0" * 32, md5[2]])
    target = STAMPS.replace("hsc", "fetched")
    assert planned(tree, target, config=wrong) == {"download": 3, "stamps": 1}
    done = snakemake(tree, "--", target, config=wrong)
    assert done.returncode != 0
    assert f"md5 {md5[1]}, not {'0' * 32}" in done.stdout + done.stderr
    assert not (tree / "data/raw" / NAMES[1]).exists()

    config = configured(tree, "fetched", **given, md5=md5)
    done = snakemake(tree, "--", target, config=config)
    assert done.returncode == 0, done.stdout + done.stderr
    for name, checksum in zip(NAMES, md5, strict=True):
        assert (tree / "data/raw" / name).read_bytes() == (files / name).read_bytes()
        record = json.loads((tree / "data/raw" / f"{name}.json").read_text())
        assert record["spec"] == {"url": f"{address}/{name}?download=1", "sha256": "", "md5": checksum}
    # The wrong one came twice, the others were whole before or are handed out again.
    assert sorted(asked) == sorted(f"/{name}?download=1" for name in [*NAMES, NAMES[1]])
    assert made(tree, "fetched")[2] == "observed"
    again = snakemake(tree, "--", target, config=config)
    assert "Nothing to be done" in again.stdout + again.stderr


def test_a_folder_gives_stamps(tree, files):
    config = configured(tree, "given", source="path", path=str(files))
    target = STAMPS.replace("hsc", "given")
    assert planned(tree, target, config=config) == {"stamps": 1}
    done = snakemake(tree, "--", target, config=config)
    assert done.returncode == 0, done.stdout + done.stderr
    images, splits, origin = made(tree, "given")
    with h5py.File(files / NAMES[2]) as testing:
        pixels = testing["image"][:]
    test = [row for row, split in enumerate(splits) if split == "test"]
    summed = pixels.reshape(len(test), 5, SIZE, BIN, SIZE, BIN).sum(axis=(3, 5))
    np.testing.assert_allclose(images[test], summed, rtol=1e-5, atol=1e-5)
    assert origin == "observed"
