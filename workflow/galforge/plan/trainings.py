"""Which trainings a file of the results rests on: what shows the same trainings may share a job."""

import re
from collections.abc import Mapping
from typing import Any

from galforge.config.declared import optional
from galforge.config.tree import Config, is_taken
from galforge.plan.comparisons import tables_needed

_MODEL = re.compile(r"/(?:samples|models)/(?P<dataset>[^/]+)/(?P<model>[^/]+)/(?:\w+-)?seed(?P<seed>\d+)")
_MEASURED = re.compile(r"/measurements/(?P<dataset>[^/]+)/(?P<who>[^/]+)/(?P<measure>[^/.]+)\.parquet")
_COMPARED = re.compile(r"/distances/(?P<dataset>[^/]+)/(?P<model>[^/]+)/seed(?P<seed>\d+)/(?P<group>\w+)\.csv")
_STUDY = re.compile(r"/studies/(?P<study>\w+)/")


def behind(config: Config, files: Mapping[str, Any]) -> frozenset[Any]:
    """Trainings that files rest on: of models, of networks that measures are taken with, and a study's own.

    Args:
        files: paths by name, each one or a list.
    """
    found: set[Any] = set()
    for paths in files.values():
        for path in [paths] if isinstance(paths, str) else paths:
            found |= _behind(config, path)
    return frozenset(found)


def _behind(config: Config, path: str) -> set[Any]:
    if match := _MODEL.search(path):
        return _drawn(config, match["dataset"], match["model"], match["seed"])
    if match := _MEASURED.search(path):
        return _measured(config, match["dataset"], match["who"], match["measure"])
    if match := _COMPARED.search(path):
        needed = tables_needed(config, match["dataset"], match["model"], match["seed"], match["group"])
        return {each for who, measure in needed for each in _measured(config, match["dataset"], who, measure)}
    # Of a study it is enough to know that it is one: its figures and tables share no job with others.
    return {match["study"]} if (match := _STUDY.search(path)) else set()


def _drawn(config: Config, dataset: str, model: str, seed: str) -> set[Any]:
    """The training of a model's images; where they are taken from other models, theirs."""
    found = {(dataset, model, seed)}
    entry = config.models[dataset, model]
    if is_taken(entry.family):
        found |= {(each.dataset, each.model, seed) for each in entry.network.sources if each.model}
    return found


def _measured(config: Config, dataset: str, who: str, measure: str) -> set[Any]:
    model, _, seed = who.rpartition("-seed")
    found = _drawn(config, dataset, model, seed) if model else set()
    network = optional(config.measured[dataset, measure].settings, "model")
    return found | ({(dataset, network)} if network else set())
