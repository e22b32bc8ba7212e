"""Downloads that need an API key, and servers that send something else than the file."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest.mock import patch

import pytest

from galforge.download.api_key import trusted
from galforge.download.fetch import fetch
from galforge.errors import GalforgeError

KEY = "a1b2c3d4e5f60718293a4b5c6d7e8f90"
VARIABLE = "TNG_API_KEY"
CONTENT = bytes(range(256)) * 400
PAGE = b"\n <!DOCTYPE html><html><body>Please log in</body></html>"


@dataclass
class Site:
    """What a server answers, and which key and range it was sent with each request."""

    content: bytes = CONTENT
    wanted: str | None = None  # the key, else 403
    kind: str | None = None  # Content-Type
    ranges: bool = True
    leads_to: str = ""  # a redirection of /first
    drop_after: list[int] = field(default_factory=list)
    dribble: int = 0  # bytes sent ahead of the rest
    asked: list[tuple[str, str | None, str | None]] = field(default_factory=list)  # path, key, range
    port: int = 0

    def url(self, path: str = "/skirt.tar", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    @property
    def keys(self) -> list[str | None]:
        return [key for _, key, _ in self.asked]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        site: Site = self.server.site
        site.asked.append((self.path, self.headers.get("API-Key"), self.headers.get("Range")))
        self.close_connection = True
        if self.path == "/first":
            return self.answer(302, b"", Location=site.leads_to)
        if site.wanted and self.headers.get("API-Key") != site.wanted:
            return self.answer(403, b'{"detail": "Forbidden"}', **{"Content-Type": "application/json"})
        wanted = self.headers.get("Range") if site.ranges else None
        start = int((wanted or "bytes=0-").removeprefix("bytes=").rstrip("-"))
        body, more = site.content[start:], {"Content-Type": site.kind} if site.kind else {}
        if start:
            more["Content-Range"] = f"bytes {start}-{len(site.content) - 1}/{len(site.content)}"
        return self.answer(206 if start else 200, body, ETag='"one"', **more)

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        site: Site = self.server.site
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if site.drop_after and status < 300:
            body = body[: site.drop_after.pop(0)]
        if site.dribble:
            self.wfile.write(body[: site.dribble])
            self.wfile.flush()
            time.sleep(0.2)
            body = body[site.dribble :]
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Say nothing: the default writes to standard error."""


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.site, site.port = site, server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def environment(monkeypatch) -> None:
    monkeypatch.setenv("TNG_API_KEY", KEY)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1,localhost")


@pytest.fixture
def target(tmp_path) -> Path:
    return tmp_path / "raw" / "skirt.tar"


def get(url: str, target: Path, key: str | None = VARIABLE, attempts: int = 3) -> None:
    with patch.multiple("galforge.download.fetch", TIMEOUT_S=5, ATTEMPTS=attempts, FIRST_WAIT_S=0.01):
        fetch(url, target, api_key_variable=key)


def test_the_key_is_sent_with_each_request_and_kept_nowhere(target, caplog):
    with caplog.at_level(logging.DEBUG), serving(Site(wanted=KEY, drop_after=[1000])) as site:
        get(site.url(), target)
    assert target.read_bytes() == CONTENT
    assert site.asked == [("/skirt.tar", KEY, None), ("/skirt.tar", KEY, "bytes=1000-")]
    assert KEY not in caplog.text
    for file in target.parent.iterdir():
        assert KEY.encode() not in file.read_bytes(), file.name


def test_no_other_download_sends_it(target):
    with serving(Site()) as site:
        get(site.url(), target, key=None)
    assert site.keys == [None]


@pytest.mark.parametrize("value", [None, "", "  \n"])
def test_a_key_that_is_not_set_is_said_before_anything_is_asked(target, monkeypatch, value):
    monkeypatch.delenv("TNG_API_KEY")
    if value is not None:
        monkeypatch.setenv("TNG_API_KEY", value)
    said = r"variable TNG_API_KEY is not set\. Register at 127\.0\.0\.1, .* source: path"
    with serving(Site()) as site, pytest.raises(GalforgeError, match=said) as error:
        get(site.url(), target)
    assert site.asked == []
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("value", [f"{KEY}\nHost: evil.example", f"my key {KEY}", f"{KEY}é"])
def test_what_cannot_be_a_key_is_refused_and_not_repeated(target, monkeypatch, value):
    monkeypatch.setenv("TNG_API_KEY", value)
    with serving(Site()) as site, pytest.raises(GalforgeError, match="other characters that no key has") as error:
        get(site.url(), target)
    assert site.asked == []
    assert KEY not in str(error.value)


def test_a_fetched_file_needs_no_key_again(target, monkeypatch):
    with serving(Site(wanted=KEY)) as site:
        get(site.url(), target)
    target.unlink()
    monkeypatch.delenv("TNG_API_KEY")
    get(site.url(), target)
    assert target.read_bytes() == CONTENT


def test_a_refused_key_is_said_at_once(target, caplog):
    said = r"refused the key in TNG_API_KEY \(403 Forbidden\)\. Copy it again from your profile at 127\.0\.0\.1"
    caplog.set_level(logging.DEBUG)
    with serving(Site(wanted="another")) as site, pytest.raises(GalforgeError, match=said) as error:
        get(site.url(), target)
    assert len(site.asked) == 1
    assert KEY not in str(error.value) + caplog.text
    assert not target.exists()
    with serving(Site(wanted="another")) as site, pytest.raises(GalforgeError, match="whether it wants a login"):
        get(site.url(), target, key=None)


def test_the_key_follows_on_the_same_host(target):
    with serving(Site(wanted=KEY, leads_to="/skirt.tar")) as site:
        get(site.url("/first"), target)
    assert target.read_bytes() == CONTENT
    assert site.keys == [KEY, KEY]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_key_does_not_follow_to_another_host(target, host):
    with serving(Site()) as other, serving(Site(leads_to=other.url(host=host))) as site:
        get(site.url("/first"), target)
    assert target.read_bytes() == CONTENT
    assert site.keys == [KEY]
    assert other.keys == [None], "another server was given the key"


def test_another_host_that_wants_the_key_is_named(target):
    said = r"leads to localhost, which answered 403 Forbidden; keys are not sent to other sites"
    with (
        serving(Site(wanted=KEY)) as other,
        serving(Site(leads_to=other.url(host="localhost"))) as site,
        pytest.raises(GalforgeError, match=said),
    ):
        get(site.url("/first"), target)
    assert other.keys == [None]


@pytest.mark.parametrize(
    ("asked", "target", "sent"),
    [
        ("http://www.tng-project.org/api/a.tar", "https://www.tng-project.org/api/a.tar", True),
        ("https://www.tng-project.org/api/a.tar", "https://data.tng-project.org/a.tar", True),
        ("https://www.tng-project.org/api/a.tar", "https://tng-project.org/a.tar", True),
        ("https://www.tng-project.org/api/a.tar", "https://WWW.TNG-PROJECT.ORG/b.tar", True),
        ("http://www.tng-project.org/api/a.tar", "http://www.tng-project.org/b.tar", True),
        ("http://www.tng-project.org/api/a.tar", "http://data.tng-project.org/a.tar", False),
        ("http://www.tng-project.org/api/a.tar", "http://www.tng-project.org:8080/a.tar", False),
        ("https://www.tng-project.org/api/a.tar", "http://www.tng-project.org/a.tar", False),
        ("https://www.tng-project.org/api/a.tar", "https://www.eviltng-project.org/a.tar", False),
        ("https://www.tng-project.org/api/a.tar", "https://tng-project.org.evil.example/a.tar", False),
        ("https://www.tng-project.org/api/a.tar", "https://evil.example/www.tng-project.org/a.tar", False),
        ("https://www.tng-project.org/api/a.tar", "https://www.tng-project.org@evil.example/a.tar", False),
        ("https://data.example.org/a.tar", "https://other.example.org/a.tar", False),
        ("https://www.org/a.tar", "https://evil.org/a.tar", False),
        ("https://www.tng-project.org/a.tar", "ftp://www.tng-project.org/a.tar", False),
        ("https://www.tng-project.org/a.tar", "https:///a.tar", False),
    ],
)
def test_who_may_be_sent_the_key(asked, target, sent):
    assert trusted(asked, target) is sent


@pytest.mark.parametrize(
    ("site", "said"),
    [
        (Site(content=PAGE, kind="text/html; charset=utf-8"), "sent text/html instead of the file"),
        (Site(content=b'{"detail": "busy"}', kind="application/json"), "sent application/json instead"),
        (Site(content=PAGE, kind="application/x-tar"), "sent HTML instead"),
        (Site(content=b"\xef\xbb\xbf<HTML>"), "sent HTML instead"),
        (Site(content=b'<?xml version="1.0"?>\n<!-- x --><html>'), "sent HTML instead"),
        (Site(content=PAGE, dribble=3), "sent HTML instead"),
    ],
)
@pytest.mark.parametrize("key", [VARIABLE, None], ids=["key", "no key"])
def test_a_page_instead_of_the_file_is_refused(target, site, said, key):
    """Without a checksum it would be taken for the first download, and later the true file for a wrong one."""
    site.asked.clear()
    with serving(site), pytest.raises(GalforgeError, match=rf"{said}.*Open the address in a browser") as error:
        get(site.url(), target, key=key)
    assert len(site.asked) == 1
    assert "\n" not in str(error.value)
    left = {path.name for path in target.parent.iterdir()}
    assert not {target.name, f"{target.name}.sha256"} & left


@pytest.mark.parametrize("kind", ["text/html", None])
def test_a_page_does_not_cost_what_has_come(target, kind):
    with serving(Site(drop_after=[50_000])) as site:
        with pytest.raises(GalforgeError, match="50000 bytes are kept"):
            get(site.url(), target, attempts=1)
        site.content, site.kind, site.ranges = PAGE, kind, False
        with pytest.raises(GalforgeError, match="instead of the file"):
            get(site.url(), target)
        assert target.with_name("skirt.tar.part").read_bytes() == CONTENT[:50_000]
        site.content, site.kind, site.ranges = CONTENT, None, True
        get(site.url(), target)
    assert target.read_bytes() == CONTENT
    assert [wanted for _, _, wanted in site.asked] == [None, "bytes=50000-", "bytes=50000-"]
