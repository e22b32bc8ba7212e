"""Which files data sets and measures want fetched, and from where: a release may be one file or several."""

from pathlib import Path
from typing import Any

FETCHED = ("url", "sha256", "md5", "api_key_variable")
"""Keys that a download reads. A release of several files has a list under `url` and, where there are any, under the
checksums; a key to the site is the same for all of them."""


def downloads_of(settings: Any) -> dict[str, dict[str, str]]:
    """What is fetched for a data set or a measure, by the file's name; nothing where nothing is downloaded.

    Args:
        settings: typed settings; ``source`` or ``weights`` says whether they ask for a download.

    Returns:
        The values of FETCHED that each file has, in the order of the settings.
    """
    if "download" not in (getattr(settings, "source", None), getattr(settings, "weights", None)):
        return {}
    several = isinstance(settings.url, list)
    found = {}
    for index, url in enumerate(settings.url if several else [settings.url]):
        given = {name: getattr(settings, name) for name in FETCHED if hasattr(settings, name)}
        found[Path(url.split("?")[0]).name] = {
            name: (value[index] if value else "") if isinstance(value, list) else value for name, value in given.items()
        }
    return found
