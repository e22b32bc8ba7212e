"""Tracks: data sets, splits, counts and measures that are fixed by a name, so that results of many can be compared."""

import hashlib
from typing import Any

import yaml

from galforge.config.parse import ConfigError
from galforge.config.tree import Config
from galforge.provenance.records import ROOT
from galforge.settings import canonical

FOLDER = ROOT / "config" / "tracks"
DIGESTS = FOLDER / "digests.yaml"
"""Digest of each track, by its name; what is in it never changes, a changed track gets another name."""


def fixed(config: Config) -> dict[str, Any]:
    """What a track fixes of a configuration: everything by which a generator is judged, and nothing of generators."""
    return {
        "datasets": {
            name: {
                "family": config.datasets[name].family,
                "settings": config.datasets[name].settings.spec(),
                "measuring": {
                    key: value
                    for key, value in config.datasets[name].measuring.spec().items()
                    if not key.startswith("expected_")
                },
                "measures": {measure: config.measured[name, measure].settings.spec() for measure in config.taken(name)},
                "count": config.drawn(name),
            }
            for name in config.used_datasets
        },
        "compare": config.compare.spec(),
    }


def digest(config: Config) -> str:
    """sha256 of what a track fixes."""
    return hashlib.sha256(canonical(fixed(config)).encode()).hexdigest()


def track_of(config: Config) -> dict[str, str] | None:
    """Name of the track that a configuration says it follows, and the digest of what it has of it; None without one."""
    return {"name": config.overall.track, "digest": digest(config)} if config.overall.track else None


def check_track(config: Config) -> None:
    """Make sure that a configuration follows the track that it names.

    Raises:
        ConfigError: there is no such track, or the configuration changes what it fixes.
    """
    if (track := track_of(config)) is None:
        return
    known = yaml.safe_load(DIGESTS.read_text(encoding="utf-8")) or {}
    name, found = track["name"], track["digest"]
    if name not in known:
        raise ConfigError(f"track: {name!r} is no track; there are {', '.join(sorted(known))} (config/tracks)")
    if found != known[name]:
        raise ConfigError(
            f"track: the configuration changes what the track {name} fixes (a data set, its measures, the comparisons "
            f"or the number of images; digest {found[:12]}, not {known[name][:12]}): undo that, or set track to ''"
        )
