"""API keys: read from the environment when a request is made, and sent only to the host asked and its domain.

No message, log line, record or object that outlives a request holds a key.
"""

import os
import re
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from galforge.errors import GalforgeError

HEADER = "API-Key"


def key_of(variable: str, url: str) -> str:
    """The key in an environment variable, for a request to ``url``.

    Raises:
        GalforgeError: the variable is not set, or what it holds cannot be a key.
    """
    key = os.environ.get(variable, "").strip()
    if not key:
        raise GalforgeError(
            f"{url}: needs a key, and the environment variable {variable} is not set. Register at "
            f"{urlsplit(url).hostname}, copy the API key from your profile, and `export {variable}=...`; or "
            "fetch the file by hand and give it with source: path"
        )
    # http.client would repeat the whole header in its error.
    if not re.fullmatch(r"[!-~]+", key):
        raise GalforgeError(
            f"{url}: the environment variable {variable} holds blanks or other characters that no key has; "
            "copy the key again"
        )
    return key


def trusted(asked: str, target: str) -> bool:
    """Whether the key for the URL ``asked`` may be sent to ``target``.

    It may go to the host asked, and over https to hosts of its domain (data.example.org for www.example.org), but never
    unencrypted where https was asked.
    """
    first, second = urlsplit(asked), urlsplit(target)
    if first.hostname is None or second.hostname is None:
        return False
    if second.scheme != "https":
        return (second.scheme, second.hostname, second.port) == (first.scheme, first.hostname, first.port)
    domain = first.hostname.removeprefix("www.")
    if "." not in domain:
        domain = first.hostname
    return second.hostname in (first.hostname, domain) or second.hostname.endswith(f".{domain}")


def open_url(url: str, headers: dict[str, str], variable: str | None, timeout_s: float) -> Any:
    """The response to a request of ``url``. Redirections are followed.

    ``variable`` names the environment variable with the key that the server asks for, which goes only to trusted hosts.

    Raises:
        GalforgeError: there is no key.
        urllib.error.URLError: as ``urllib.request.urlopen`` does.
    """
    request = urllib.request.Request(url, headers=headers)
    if variable is None:
        return urllib.request.urlopen(request, timeout=timeout_s)
    # An ordinary header would be sent along to wherever the server redirects to.
    request.add_unredirected_header(HEADER, key_of(variable, url))
    return urllib.request.build_opener(_Redirections(url, variable)).open(request, timeout=timeout_s)


class _Redirections(urllib.request.HTTPRedirectHandler):
    def __init__(self, asked: str, variable: str):
        self.asked, self.variable = asked, variable

    def redirect_request(self, *response: Any) -> urllib.request.Request | None:
        request = super().redirect_request(*response)
        if request is not None and trusted(self.asked, request.full_url):
            request.add_unredirected_header(HEADER, key_of(self.variable, self.asked))
        return request
