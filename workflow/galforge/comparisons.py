"""Which comparisons a configuration asks for: what is compared with what, by which measures, under which protocol."""

from dataclasses import dataclass
from typing import Any

from galforge.config import Config, is_native


@dataclass(frozen=True)
class Kind:
    """A module of ``galforge.compare``: the families of measures it joins, its protocols, and its libraries."""

    families: tuple[str, ...]
    protocols: tuple[str, ...] = ("corrected", "published")
    libraries: tuple[str, ...] = ()


KINDS = {
    "morphology": Kind(("morphology",)),
    "power_spectrum": Kind(("power_spectrum",)),
    "photometry": Kind(("photometry",)),
    "colour_bulge": Kind(("morphology", "photometry")),
    "joint": Kind(("morphology", "photometry"), ("corrected",), ("scipy", "scikit-learn")),
    "features": Kind(("features",), libraries=("scipy",)),
}
GROUPS = {
    "properties": ("morphology", "power_spectrum", "photometry", "colour_bulge", "joint"),
    "features": ("features",),
}
"""What one job compares: minutes of work at the papers' scale. Features are apart, because they take longest."""
OF_COLOURS = ("colour_bulge",)
"""Of g - i: made for data sets that have both bands."""
TABLES = {
    **{name: name for name in ("morphology", "power_spectrum", "colour_bulge", "photometry", "joint")},
    **dict.fromkeys(("fid", "kid", "coverage"), "features"),
}
"""Tables, and the comparison that each is made of; the headline is made of several."""
HEADLINE = {"morphology", "power_spectrum", "colour_bulge"}
ROUNDTRIP = "roundtrip"
"""Stands for a model where galaxies that were stored at one size are compared with the same ones that never were."""


@dataclass(frozen=True)
class Comparison:
    """One comparison: its module in ``galforge.compare``, and the measures it needs by their configured names."""

    name: str
    protocol: str
    measures: tuple[str, ...]


def comparisons(config: Config, dataset: str, group: str) -> list[Comparison]:
    """The comparisons of a group that a data set and the configured measures allow.

    One that needs a single family is made for each measure of it. One that needs several joins their variants of one
    protocol, and a measure without a published variant serves both; it is made under the published protocol where one
    of them has such a variant.
    """
    found = []
    for name in GROUPS[group]:
        wanted = KINDS[name]
        if name in OF_COLOURS and not {"g", "i"} <= set(config.datasets[dataset].settings.bands):
            continue
        if len(wanted.families) == 1:
            (family,) = wanted.families
            own = [measure for measure, entry in config.measures.items() if entry.family == family]
            found += [Comparison(name, config.measures[measure].protocol, (measure,)) for measure in own]
            continue
        for protocol in wanted.protocols:
            measures = tuple(_variant(config, family, protocol) for family in wanted.families)
            suffixed = any(measure.endswith("-published") for measure in measures)
            if all(measures) and (protocol == "corrected" or suffixed):
                found.append(Comparison(name, protocol, measures))
    return found


def sides(config: Config, dataset: str, model: str, seed: str, protocol: str) -> tuple[str, str]:
    """Whose measurements are compared: those of the source, and those of the model.

    The published protocol measured the source's galaxies as they came and the generated ones decoded from one size; the
    corrected one measures both decoded.
    """
    native = is_native(config.datasets[dataset].family)
    if model == ROUNDTRIP:
        return "native", "source"
    return "native" if native and protocol == "published" else "source", f"{model}-seed{seed}"


def tables_needed(config: Config, dataset: str, model: str, seed: str, group: str) -> list[tuple[str, str]]:
    """(who, measure) of every table of measurements that a group of comparisons needs, each once."""
    return list(
        dict.fromkeys(
            (who, measure)
            for comparison in comparisons(config, dataset, group)
            for who in sides(config, dataset, model, seed, comparison.protocol)
            for measure in comparison.measures
        )
    )


def comparison_specs(config: Config, dataset: str, model: str, seed: str, group: str) -> dict[str, dict[str, Any]]:
    """What a job reads of each comparison of a group, by a name that tells them apart."""
    cuts = config.datasets[dataset].measuring.published_cuts
    specs = {}
    for comparison in comparisons(config, dataset, group):
        settings = config.compare.for_group(comparison.name, comparison.protocol, cuts)
        pair = sides(config, dataset, model, seed, comparison.protocol)
        suffix = "-published" if comparison.protocol == "published" else ""
        label = comparison.measures[0] if len(comparison.measures) == 1 else f"{comparison.name}{suffix}"
        specs[label] = {
            "comparison": comparison.name,
            "measures": list(comparison.measures),
            "sides": list(pair),
            "settings": settings.spec(),
        }
    return specs


def _variant(config: Config, family: str, protocol: str) -> str:
    """The name of a family's measure under a protocol; empty where there is none."""
    own = {entry.protocol: name for name, entry in config.measures.items() if entry.family == family}
    return own.get(protocol, own.get("corrected", ""))
