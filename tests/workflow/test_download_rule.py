"""Rule download: from a survey's address to stamps, once, and never from a file that is not the one meant."""

import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from tree import copy_tree, planned, snakemake

from galforge.datasets.cosmos.mock import write_raw
from galforge.datasets.cosmos.settings import MockSettings
from galforge.stamps.file import Stamps

ARCHIVE = "cosmos_galaxy_postage_stamps.tar"
COUNT = 6
STAMPS = "results/fetched/stamps/cosmos.h5"


@dataclass
class Site:
    """A server that has the archive, and what it was asked for."""

    file: Path
    url: str = ""
    asked: list[str] = field(default_factory=list)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.file.read_bytes()).hexdigest()


@pytest.fixture
def site(tmp_path) -> Iterator[Site]:
    """The mock archive on a server of this machine, until the test ends."""
    found = Site(tmp_path / "site" / ARCHIVE)
    found.file.parent.mkdir()
    write_raw(MockSettings(count=COUNT, smallest_side=20, largest_side=40), found.file)

    class Handler(SimpleHTTPRequestHandler):
        def log_request(self, *_):
            found.asked.append(self.path)

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=found.file.parent)) as server:
        found.url = f"http://127.0.0.1:{server.server_port}/{ARCHIVE}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield found
        server.shutdown()
        thread.join()


@pytest.fixture
def tree(tmp_path, monkeypatch) -> Path:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")
    return copy_tree(tmp_path / "galforge")


def overlay(tree: Path, site: Site, sha256: str) -> str:
    """Write a configuration that downloads from the site; its name."""
    cosmos = {
        "source": "download",
        "url": site.url,
        "sha256": sha256,
        "size": 32,
        "min_size": 0,
        "pad": "noise",
        "measuring": {"expected_count": COUNT},
    }
    config = {
        "name": "fetched",
        "raw": "data/releases",
        "datasets": {"cosmos": cosmos},
        "run": [{"dataset": "cosmos", "model": "vae", "seeds": [0]}],
    }
    file = tree / "fetched.yaml"
    file.write_text(yaml.safe_dump(config))
    return file.name


def test_a_release_is_fetched_once_and_becomes_stamps(tree, site):
    config = overlay(tree, site, site.sha256)
    assert planned(tree, STAMPS, config=config) == {"download": 1, "stamps": 1}

    done = snakemake(tree, "--", STAMPS, config=config)
    assert done.returncode == 0, done.stdout + done.stderr
    assert site.asked == [f"/{ARCHIVE}"]
    raw = tree / "data/releases" / ARCHIVE
    assert raw.read_bytes() == site.file.read_bytes()
    record = json.loads(raw.with_name(f"{ARCHIVE}.json").read_text())
    assert record["spec"] == {"url": site.url, "sha256": site.sha256, "md5": ""}
    assert record["outputs"] == {f"data/releases/{ARCHIVE}": site.sha256}
    with Stamps(tree / STAMPS) as stamps:
        assert len(stamps) == COUNT
        assert stamps.header.origin == "observed", "what is downloaded is what the survey observed"
        assert stamps.catalog("name")[0] == "000000_mock_processed"

    again = snakemake(tree, "--", STAMPS, config=config)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "Nothing to be done" in again.stdout + again.stderr
    assert site.asked == [f"/{ARCHIVE}"], "a second run asked the server again"


def test_a_release_that_is_not_the_one_meant_is_refused(tree, site):
    wrong = "0" * 64
    done = snakemake(tree, "--", STAMPS, config=overlay(tree, site, wrong))
    said = done.stdout + done.stderr
    assert done.returncode != 0, said
    assert f"{site.file.stat().st_size} bytes were received with sha256 {site.sha256}, not {wrong}" in said
    assert "if it recurs, the address or the checksum is wrong" in said
    assert "Traceback" not in said
    assert not (tree / STAMPS).exists()
    left = {file.name for file in (tree / "data/releases").iterdir()}
    assert left <= {f"{ARCHIVE}.log"}, f"left behind: {left}"

    # With the right checksum the same folder is as good as new.
    done = snakemake(tree, "--", STAMPS, config=overlay(tree, site, site.sha256))
    assert done.returncode == 0, done.stdout + done.stderr
    with Stamps(tree / STAMPS) as stamps:
        assert len(stamps) == COUNT
