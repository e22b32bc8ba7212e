"""Downloads of survey releases: resumed where they broke off, and checked before they get their final name."""

import contextlib
import hashlib
import http.client
import json
import os
import shutil
import ssl
import time
import urllib.error
from pathlib import Path
from urllib.parse import urlsplit

from galforge.atomic import write_text
from galforge.download.api_key import open_url, trusted
from galforge.errors import GalforgeError
from galforge.logs import duration, log

BLOCK_BYTES = 2**20
SAY_EVERY_SECONDS = 20.0
BUSY = (408, 425, 429, 500, 502, 503, 504)
TIMEOUT_S = 60.0  # that the server may be silent
ATTEMPTS = 8
"""Failures in a row, without a byte of progress, after which a download is given up. Dropped connections and busy
servers count as failures."""
FIRST_WAIT_S, LONGEST_WAIT_S = 2.0, 300.0
"""The wait after the first failure, which doubles with each further one, and the longest."""
PAGES = ("text/html", "application/xhtml+xml", "application/json")
"""Content types that servers send instead of a file: a login or maintenance page, or an error in words."""
_HEAD_BYTES = 512


class _Again(Exception):
    """The transfer failed in a way that may pass; ``wait_s`` is the wait that the server asks for, or 0 [s]."""

    def __init__(self, why: str, wait_s: float = 0.0):
        super().__init__(why)
        self.wait_s = wait_s


class _Part:
    """The unfinished download, and beside it a note of what the server called the file when the download began."""

    def __init__(self, destination: Path):
        self.file = destination.with_name(f"{destination.name}.part")
        self.note = destination.with_name(f"{destination.name}.part.json")

    def size(self) -> int:
        """Bytes that have come."""
        return self.file.stat().st_size if self.file.exists() else 0

    def validator(self, url: str) -> str:
        """The strong ETag or date of the file that the part belongs to; empty where it cannot be resumed."""
        try:
            note = json.loads(self.note.read_text(encoding="utf-8"))
            return str(note["validator"]) if note["url"] == url and self.file.exists() else ""
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def begin(self, url: str, validator: str) -> None:
        self.file.unlink(missing_ok=True)
        write_text(self.note, json.dumps({"url": url, "validator": validator}))

    def remove(self) -> None:
        self.file.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)


def fetch(
    url: str,
    destination: Path,
    sha256: str | None = None,
    md5: str | None = None,
    api_key_variable: str | None = None,
) -> None:
    """Fetch ``url`` to ``destination``, which appears only when it is whole and has the right checksum.

    What has come stays in ``<destination>.part``. It is resumed, also by a later call, as long as the server says (by
    ETag or Last-Modified) that the file is the same.

    The fetched file also gets a second, hidden name, ``.<destination>.kept``, from which a later call takes it. Where
    no checksum is given, that of the first download is kept in ``<destination>.sha256``, and every later download must
    have it.

    Args:
        url: of the file, http or https.
        destination: where the file goes; its folder is made.
        sha256, md5: checksums that the file must have; either, both or none.
        api_key_variable: environment variable with the key that the server asks for, if it does.

    Raises:
        GalforgeError: another scheme than http(s), no key where one is needed (no request is made then), refused by the
            server, a web page instead of the file, too little disk space, no progress after ATTEMPTS, or a wrong
            checksum (the file is then removed).
    """
    first = destination.with_name(f"{destination.name}.sha256")
    kept = destination.with_name(f".{destination.name}.kept")
    if not (sha256 or md5) and first.exists():
        sha256 = first.read_text(encoding="utf-8").split()[0]
    if urlsplit(url).scheme not in ("http", "https"):
        raise GalforgeError(f"{url}: only http and https can be fetched; give a local file as the data set's path")
    destination.parent.mkdir(parents=True, exist_ok=True)
    if kept.exists() and (sha256 or md5):
        if not _differing(kept, sha256, md5):
            log.info("%s: was fetched before and is taken from %s", url, kept)
            destination.unlink(missing_ok=True)
            os.link(kept, destination)
            return
        kept.unlink()
    part = _Part(destination)
    _transfer_all(url, part, api_key_variable)
    _refuse_saved_page(url, part)
    if not (sha256 or md5):
        sha256 = _digest(part.file, "sha256")
        write_text(first, f"{sha256}  {destination.name}\n")
        log.warning(
            "%s: no checksum was given. This first download has sha256 %s, kept in %s; later ones must have it too. "
            "Compare it with somebody else's copy, and put it into the configuration",
            url, sha256, first,
        )  # fmt: skip
    elif wrong := _differing(part.file, sha256, md5):
        size = part.size()
        part.remove()
        raise GalforgeError(
            f"{url}: {size} bytes were received with {wrong}. "
            "The file was removed. Run again; if it recurs, the address or the checksum is wrong"
        )
    with open(part.file, "rb") as whole:
        os.fsync(whole.fileno())
    os.replace(part.file, destination)
    part.note.unlink(missing_ok=True)
    # A second name, because Snakemake removes outputs before it makes them again, and hosts go away.
    with contextlib.suppress(OSError):
        os.link(destination, kept)


def _transfer_all(url: str, part: _Part, variable: str | None) -> None:
    # Progress counts against the most that ever came: a server that cannot resume would be asked forever otherwise.
    failures, wait, most = 0, FIRST_WAIT_S, part.size()
    while True:
        try:
            return _transfer(url, part, variable)
        except _Again as trouble:
            failures, wait = (1, FIRST_WAIT_S) if part.size() > most else (failures + 1, wait)
            most = max(most, part.size())
            if failures >= ATTEMPTS:
                raise GalforgeError(
                    f"{url}: gave up after {failures} failures in a row ({trouble}). {part.size()} "
                    f"bytes are kept in {part.file} and will be resumed by the next run"
                ) from trouble
            pause = min(max(wait, trouble.wait_s), LONGEST_WAIT_S)
            log.warning("%s: %s; trying again in %s", url, trouble, duration(pause))
            time.sleep(pause)
            wait *= 2


def _transfer(url: str, part: _Part, variable: str | None) -> None:
    """Make one request, for the whole file or the rest of it. Raises _Again where another one may help."""
    validator, have = part.validator(url), part.size()
    # Byte ranges count what is sent, so the server must not compress on the fly.
    headers = {"User-Agent": "galforge", "Accept-Encoding": "identity"}
    resuming = bool(validator and have)
    if resuming:
        headers |= {"Range": f"bytes={have}-", "If-Range": validator}
    try:
        with open_url(url, headers, variable, TIMEOUT_S) as response:
            # Checked before the part is touched: a maintenance page must not replace what has come.
            if (kind := response.headers.get_content_type()) in PAGES:
                raise _page(url, kind)
            if response.status == 200 and _is_page(response.peek(_HEAD_BYTES)):
                raise _page(url, "HTML")
            sent = response.headers.get("Content-Range", "").removeprefix("bytes ").split("-")[0]
            start = have
            if not (resuming and response.status == 206 and sent == str(have)):
                if have:
                    log.info("%s: cannot be resumed (the file changed, or the server cannot); starting anew", url)
                start = 0
                part.begin(url, _validator_of(response))
                if response.status == 206:
                    raise _Again("the server sent another range than asked for")
            _receive(url, response, part, start)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416:
            # The part is as long as the file, or longer. If as long, the checksum decides later.
            if error.headers.get("Content-Range", "").rsplit("/", 1)[-1] == str(have):
                return
            part.remove()
            raise _Again("the server's file is shorter than what had come; starting anew") from error
        if error.code in BUSY:
            wait = error.headers.get("Retry-After", "")
            wait_s = float(wait) if wait.isdigit() else 0.0
            raise _Again(f"the server answered {error.code} {error.reason}", wait_s) from error
        raise _refused(url, error, variable) from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            raise GalforgeError(f"{url}: the server's certificate is not valid ({error.reason})") from error
        raise _Again(f"no connection ({error.reason})") from error
    except (http.client.HTTPException, ConnectionError, TimeoutError, ssl.SSLError) as error:
        raise _Again(f"the connection broke ({type(error).__name__}: {error})") from error


def _refused(url: str, error: urllib.error.HTTPError, variable: str | None) -> GalforgeError:
    answer = f"{error.code} {error.reason}"
    if error.code not in (401, 403):
        return GalforgeError(f"{url}: the server answered {answer}; check the address")
    if variable is None:
        return GalforgeError(f"{url}: the server answered {answer}; check the address, and whether it wants a login")
    if not trusted(url, error.url):
        host = urlsplit(error.url).hostname
        return GalforgeError(
            f"{url}: leads to {host}, which answered {answer}; keys are not sent to other sites. If that is where the "
            "file now is, give its address as url"
        )
    return GalforgeError(
        f"{url}: the server refused the key in {variable} ({answer}). Copy it again from your profile at "
        f"{urlsplit(url).hostname}, and see that your account may have the file"
    )


def _page(url: str, kind: str) -> GalforgeError:
    return GalforgeError(
        f"{url}: the server sent {kind} instead of the file: the address is wrong, the site is being maintained, or it "
        "wants you to log in. Open the address in a browser to see, and run again"
    )


def _is_page(head: bytes) -> bool:
    """Whether these are the first bytes of a web page."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return text.startswith((b"<!doctype html", b"<html")) or (text.startswith(b"<?xml") and b"<html" in text)


def _refuse_saved_page(url: str, part: _Part) -> None:
    # While they came, the first bytes may have been too few to tell.
    with open(part.file, "rb") as file:
        if not _is_page(file.read(_HEAD_BYTES)):
            return
    part.remove()
    raise _page(url, "HTML")


def _receive(url: str, response: http.client.HTTPResponse, part: _Part, start: int) -> None:
    length = response.headers.get("Content-Length")
    left = int(length) if length and length.isdigit() else None
    total = None if left is None else start + left
    free = shutil.disk_usage(part.file.parent).free
    if left is not None and left > free:
        raise GalforgeError(f"{url}: {left} bytes are still to come, but {part.file.parent} has room for {free} only")
    got, began, said = start, time.monotonic(), time.monotonic()
    log.info("%s: %s from byte %d", url, "size unknown" if total is None else f"{total / 1e6:.1f} MB", start)
    with open(part.file, "ab") as file:
        while block := response.read1(BLOCK_BYTES):
            file.write(block)
            got += len(block)
            if time.monotonic() - said >= SAY_EVERY_SECONDS:
                said = time.monotonic()
                _say(url, got, total, (got - start) / (said - began))
    if total is not None and got < total:
        raise _Again(f"the connection ended after {got} of {total} bytes")
    _say(url, got, total, (got - start) / max(time.monotonic() - began, 1e-9))


def _say(url: str, got: int, total: int | None, rate: float) -> None:
    name = urlsplit(url).path.rsplit("/", 1)[-1]
    if total is None:
        log.info("%s: %.1f MB, %.2f MB/s", name, got / 1e6, rate / 1e6)
    else:
        left = duration((total - got) / rate) if rate else "unknown time"
        log.info("%s: %.1f of %.1f MB, %.2f MB/s, %s left", name, got / 1e6, total / 1e6, rate / 1e6, left)


def _differing(path: Path, sha256: str | None, md5: str | None) -> str:
    """How the checksums of a file differ from those wanted; empty where they are right."""
    wanted = {name: given.lower() for name, given in (("sha256", sha256), ("md5", md5)) if given}
    pairs = [(name, _digest(path, name), right) for name, right in wanted.items()]
    return " and ".join(f"{name} {found}, not {right}" for name, found, right in pairs if found != right)


def _digest(path: Path, name: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(name, usedforsecurity=False)).hexdigest()


def _validator_of(response: http.client.HTTPResponse) -> str:
    etag = response.headers.get("ETag", "")
    # Weak tags may stay the same while bytes change, so they cannot vouch for a range.
    return etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified", "")
