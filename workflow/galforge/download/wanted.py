"""Which files data sets and measures need fetched, and from where: a release may be one file or several."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

FETCHED = ("url", "sha256", "md5", "api_key_variable")
"""Settings that a download reads. For a release of several files, `url` is a list, and so are checksums if given; the
API key is the same for all files."""


def downloads_of(settings: Any) -> dict[str, dict[str, str]]:
    """Files to fetch for a data set or a measure, by name; empty where nothing is downloaded.

    Args:
        settings: typed settings; ``source`` or ``weights`` says whether they ask for a download.

    Returns:
        The values of FETCHED that each file has, in the order of the settings. A file has its name in the address, or
        the one behind a ``#``, which no server is told.
    """
    if "download" not in (getattr(settings, "source", None), getattr(settings, "weights", None)):
        return {}
    several = isinstance(settings.url, list)
    found = {}
    for index, url in enumerate(settings.url if several else [settings.url]):
        given = {name: getattr(settings, name) for name in FETCHED if hasattr(settings, name)}
        found[urlsplit(url).fragment or Path(url.split("?")[0]).name] = {
            name: (value[index] if value else "") if isinstance(value, list) else value for name, value in given.items()
        }
    return found
