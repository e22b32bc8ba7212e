"""Downloads from a server on this machine that drops connections, lacks ranges, is busy, or lies."""

import hashlib
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import patch
from urllib.parse import urlsplit

import pytest

from galforge.datasets.cosmos import mock
from galforge.datasets.cosmos.dataset import build
from galforge.datasets.cosmos.settings import DatasetSettings, MockSettings
from galforge.download.fetch import fetch
from galforge.errors import GalforgeError
from galforge.stamps.file import Stamps

CONTENT = bytes(range(256)) * 2000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Site:
    """What the server serves, how it misbehaves, and what it was asked and sent."""

    content: bytes = CONTENT
    etag: str = '"one"'
    ranges: bool = True
    drop_after: list[int] = field(default_factory=list)  # bytes of the body, one per request, then no more drops
    answers: list[int] = field(default_factory=list)  # statuses of the first requests
    asked: list[str | None] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    url: str = ""


@contextmanager
def serving(site: Site):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            site.asked.append(self.headers.get("Range"))
            site.paths.append(self.path)
            self.close_connection = True
            if site.answers and (status := site.answers.pop(0)) != 200:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            start = 0
            wanted = self.headers.get("Range")
            if wanted and site.ranges and self.headers.get("If-Range") == site.etag:
                start = int(wanted.removeprefix("bytes=").rstrip("-"))
                if start >= len(site.content):
                    self.send_response(416)
                    self.send_header("Content-Range", f"bytes */{len(site.content)}")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(site.content) - 1}/{len(site.content)}")
            else:
                self.send_response(200)
            body = site.content[start:]
            self.send_header("Content-Length", str(len(body)))
            if site.etag:
                self.send_header("ETag", site.etag)
            self.end_headers()
            if site.drop_after:
                body = body[: site.drop_after.pop(0)]
            site.sent.append(len(body))
            self.wfile.write(body)

        def log_message(self, *arguments):
            """Say nothing: the default writes to standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_port}/stamps.tar"
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def leftovers(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def target(tmp_path):
    return tmp_path / "raw" / "stamps.tar"


def get(site, target, sha256=SHA256, attempts=8):
    with patch.multiple("galforge.download.fetch", TIMEOUT_S=5, ATTEMPTS=attempts, FIRST_WAIT_S=0.01):
        fetch(site.url, target, sha256=sha256)


def test_whole_file(target):
    with serving(Site()) as site:
        get(site, target)
    assert target.read_bytes() == CONTENT
    assert leftovers(target.parent) == [".stamps.tar.kept", "stamps.tar"]
    assert site.asked == [None]


def test_a_name_behind_the_address_is_told_to_no_server(target):
    with serving(Site()) as site:
        fetch(f"{site.url}#mine.tar", target, sha256=SHA256)
    assert target.read_bytes() == CONTENT
    assert site.paths == [urlsplit(site.url).path]


def test_resumes_where_the_connection_dropped(target):
    with serving(Site(drop_after=[100_000, 200_000])) as site:
        get(site, target)
    assert target.read_bytes() == CONTENT
    assert site.asked == [None, "bytes=100000-", "bytes=300000-"]
    assert site.sent == [100_000, 200_000, len(CONTENT) - 300_000]


def test_a_later_call_resumes(target):
    with serving(Site(drop_after=[100_000])) as site:
        with pytest.raises(GalforgeError, match="100000 bytes are kept"):
            get(site, target, attempts=1)
        assert not target.exists()
        get(site, target)
    assert target.read_bytes() == CONTENT
    assert site.asked == [None, "bytes=100000-"]


def test_a_whole_part_is_only_checked(target):
    """A call that was killed between the last byte and the check leaves a part that needs no byte more."""
    with serving(Site(drop_after=[100_000])) as site:
        with pytest.raises(GalforgeError):
            get(site, target, attempts=1)
        target.with_name("stamps.tar.part").write_bytes(CONTENT)
        get(site, target)
    assert target.read_bytes() == CONTENT
    assert site.sent == [100_000]


def test_starts_anew_when_the_file_changed(target):
    with serving(Site(content=b"old" * 100_000, drop_after=[100_000])) as site:
        with pytest.raises(GalforgeError):
            get(site, target, attempts=1)
        site.content, site.etag = CONTENT, '"two"'
        get(site, target)
    assert target.read_bytes() == CONTENT
    assert site.asked == [None, "bytes=100000-"]


@pytest.mark.parametrize(
    "site", [Site(ranges=False), Site(etag=""), Site(etag='W/"weak"')], ids=["ranges", "none", "weak"]
)
def test_starts_anew_when_the_server_cannot_resume(target, site):
    site.drop_after = [100_000]
    with serving(site):
        get(site, target)
    assert target.read_bytes() == CONTENT
    assert site.sent == [100_000, len(CONTENT)]


def test_gives_up_on_a_server_that_always_drops(target):
    site = Site(ranges=False, drop_after=[50_000, 90_000] * 10)
    with serving(site), pytest.raises(GalforgeError, match="gave up after 4 failures in a row"):
        get(site, target, attempts=4)
    assert len(site.asked) == 5


def test_busy_then_well(target):
    with serving(Site(answers=[503, 429])) as site:
        get(site, target)
    assert target.read_bytes() == CONTENT
    assert len(site.asked) == 3


def test_wrong_checksum_removes_the_file(target):
    with serving(Site()) as site:
        with pytest.raises(GalforgeError, match=rf"512000 bytes were received with sha256 {SHA256}, not 0000") as error:
            get(site, target, sha256="0" * 64)
        assert "was removed" in str(error.value)
        assert leftovers(target.parent) == []
        fetch(site.url, target, md5=hashlib.md5(CONTENT, usedforsecurity=False).hexdigest().upper())
    assert target.read_bytes() == CONTENT


def test_missing_file_is_not_asked_for_twice(target):
    site = Site(answers=[404])
    with serving(site), pytest.raises(GalforgeError, match="404 Not Found; check the address"):
        get(site, target)
    assert site.asked == [None]


def test_no_server(target):
    with serving(Site()) as site:
        pass
    with pytest.raises(GalforgeError, match=r"gave up after 2 failures.*no connection"):
        get(site, target, attempts=2)


def test_too_little_disk_space(target, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 1000})())
    said = r"512000 bytes are still to come, but .* has room for 1000 only"
    with serving(Site()) as site, pytest.raises(GalforgeError, match=said):
        get(site, target)
    assert site.asked == [None]


@pytest.mark.parametrize("url", ["file:///etc/hosts", "ftp://example.org/a.tar"])
def test_only_http(target, url):
    with pytest.raises(GalforgeError, match="only http and https"):
        fetch(url, target, sha256=SHA256)


def test_without_a_published_checksum_the_first_download_is_the_measure(target):
    site = Site()
    with serving(site):
        fetch(site.url, target)
        assert target.with_name(f"{target.name}.sha256").read_text() == f"{SHA256}  {target.name}\n"
        target.unlink()
        fetch(site.url, target)
        assert len(site.asked) == 1, "the second time it is handed out again"
        target.unlink()
        target.with_name(f".{target.name}.kept").unlink()
        site.content, site.etag = CONTENT[::-1], '"two"'
        with pytest.raises(GalforgeError, match=f"not {SHA256}"):
            fetch(site.url, target)
    assert not target.exists()


def test_an_archive_of_the_true_format(tmp_path, target):
    """Archive, transfer with a drop, and ingestion, end to end."""
    mock.write_raw(MockSettings(count=6, smallest_side=32, largest_side=64), tmp_path / "served.tar")
    content = (tmp_path / "served.tar").read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    with serving(Site(content=content, drop_after=[len(content) // 2])) as site:
        get(site, target, sha256=sha256)
    settings = DatasetSettings(source="download", url=site.url, sha256=sha256, size=32, min_size=32)
    build(settings, [target], tmp_path / "stamps.h5", tmp_path / "rejected.csv")
    with Stamps(tmp_path / "stamps.h5") as stamps:
        assert len(stamps) == 6


def test_what_was_fetched_survives_its_removal(target):
    site = Site()
    with serving(site):
        fetch(site.url, target, sha256=SHA256)
        target.unlink()
    fetch(site.url, target, sha256=SHA256)
    assert target.read_bytes() == CONTENT
    kept = target.with_name(f".{target.name}.kept")
    target.unlink()
    kept.write_bytes(CONTENT[:-1])
    with serving(site):
        fetch(site.url, target, sha256=SHA256)
    assert target.read_bytes() == CONTENT, "a damaged one is fetched anew"
