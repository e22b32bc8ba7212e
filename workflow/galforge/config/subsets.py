"""Data sets that are another one with fewer galaxies to train on, put in terms of that one."""

from typing import Any

from galforge.config.problems import Problems, merged
from galforge.config.tree import is_scored
from galforge.datasets.settings import Subset
from galforge.errors import GalforgeError

ALLOWED = (*Subset.model_fields, "measuring")


def with_subsets(problems: Problems, entries: dict[str, Any]) -> dict[str, Any]:
    """Entries of `datasets` in which those with ``subset_of`` have the keys of the data set that they are a part of.

    Of their own they have ``measuring``, whose keys go before those of the other.
    """
    out = {}
    for name, entry in entries.items():
        if "subset_of" not in entry:
            out[name] = entry
            continue
        key, whole = f"datasets.{name}", entry["subset_of"]
        for other in sorted(set(entry) - set(ALLOWED)):
            words = f"a part of {whole} has its settings; say only {', '.join(ALLOWED)}, or change {whole}"
            problems.add(f"{key}.{other}", words)
        if whole not in entries or "subset_of" in entries[whole]:
            there = ", ".join(sorted(each for each, of in entries.items() if "subset_of" not in of))
            problems.add(f"{key}.subset_of", f"{whole!r} is no data set that is whole; there are {there}")
        elif _scored(entries[whole]):
            problems.add(f"{key}.subset_of", f"{whole} has images with scores, of which no part can be taken")
        else:
            out[name] = merged(entries[whole], {each: entry[each] for each in ALLOWED if each in entry})
    return out


def _scored(entry: dict[str, Any]) -> bool:
    try:
        return is_scored(entry["family"])
    except (GalforgeError, KeyError, TypeError):
        # Said of the whole data set itself.
        return False
