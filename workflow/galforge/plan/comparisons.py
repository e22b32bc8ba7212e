"""Which comparisons a configuration asks for: what is compared with what, by which measures, under which protocol."""

from dataclasses import dataclass
from typing import Any

from galforge.config.tree import REDSHIFT, Config, conditions_of, is_native


@dataclass(frozen=True)
class Kind:
    """A module of ``galforge.compare``: the families of measures it joins, its protocols, and its libraries.

    Attributes:
        by_redshift: made where galaxies have redshifts.
        from_one: what differs between the protocols is the comparison: both are made from the same measurements.
    """

    families: tuple[str, ...]
    protocols: tuple[str, ...] = ("corrected", "published")
    libraries: tuple[str, ...] = ()
    by_redshift: bool = False
    from_one: bool = False


KINDS = {
    "morphology": Kind(("morphology",)),
    "power_spectrum": Kind(("power_spectrum",)),
    "photometry": Kind(("photometry",)),
    "colour_bulge": Kind(("morphology", "photometry")),
    "joint": Kind(("morphology", "photometry"), ("corrected",), ("scipy", "scikit-learn")),
    "features": Kind(("features",), libraries=("scipy",)),
    "galaxy_kl": Kind(("sources",), by_redshift=True, from_one=True),
    "fitting_loss": Kind(("sources",), by_redshift=True, from_one=True),
    "successors": Kind(("sources",), by_redshift=True, from_one=True),
    "redshift_loss": Kind(("redshift",), by_redshift=True, from_one=True),
    "band_scores": Kind(("band_features",), libraries=("scipy",), by_redshift=True),
}
GROUPS = {
    "properties": ("morphology", "power_spectrum", "photometry", "colour_bulge", "joint"),
    "features": ("features",),
    "conditional": ("galaxy_kl", "fitting_loss", "redshift_loss", "successors"),
    "band_scores": ("band_scores",),
}
"""What one job compares: minutes of work at the papers' scale. Features are apart, because they take longest."""
OF_COLOURS = ("colour_bulge",)
"""Of g - i: made for data sets that have both bands."""
TABLES = {
    **{name: name for name in ("morphology", "power_spectrum", "colour_bulge", "photometry", "joint")},
    **dict.fromkeys(("fid", "kid", "coverage"), "features"),
}
"""Tables, and the comparison that each is made of; the headline is made of several."""
LI2024 = {
    "table1": ("galaxy_kl", "fitting_loss", "redshift_loss", "band_scores"),
    "successors": ("successors",),
}
"""Tables of Li et al. (2024), and the comparisons that each is made of: those that there are."""
GANTASTIC = {"gantastic_table1": "table1", "gantastic_table2": "table2", "experiments": "experiments"}
"""Tables of Gantastic 4 (2020), made of scores in place of comparisons, and the names of their files."""
ALL = "all"
"""The table of every generator on every data set."""
OF_ALL = {"morphology", "power_spectrum", "features"}
"""Comparisons whose corrected numbers it shows, beside the scores of sparse images."""
HEADLINE = {"morphology", "power_spectrum", "colour_bulge"}
ROUNDTRIP = "roundtrip"
"""Stands for a model where galaxies that were stored at one size are compared with the same ones that never were."""
REAL = "real"
"""Stands for a model where real galaxies of one split are compared with those of another, by redshift."""


def study(table: str) -> str:
    """The study that a table is filed under."""
    if table in GANTASTIC:
        return "gantastic2020"
    return "li2024" if table in LI2024 else "holzschuh2022"


def table_path(table: str) -> str:
    """The file of a table below the folder of tables, without its ending."""
    return ALL if table == ALL else f"{study(table)}/{GANTASTIC.get(table, table)}"


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
        if wanted.by_redshift and not has_redshifts(config, dataset):
            continue
        taken = config.taken(dataset)
        if len(wanted.families) == 1:
            (family,) = wanted.families
            own = [measure for measure in taken if config.measures[measure].family == family]
            for measure in own:
                protocols = wanted.protocols if wanted.from_one else (config.measures[measure].protocol,)
                found += [Comparison(name, protocol, (measure,)) for protocol in protocols]
            continue
        for protocol in wanted.protocols:
            measures = tuple(_variant(config, taken, family, protocol) for family in wanted.families)
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
    if model == REAL:
        return "source", "source"
    if model == ROUNDTRIP:
        return "native", "source"
    return "native" if native and protocol == "published" else "source", f"{model}-seed{seed}"


def has_redshifts(config: Config, dataset: str) -> bool:
    """Whether the catalogue of a data set's stamps has redshifts."""
    return REDSHIFT in conditions_of(config.datasets[dataset])


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
        alone = len(comparison.measures) == 1 and not KINDS[comparison.name].from_one
        label = comparison.measures[0] if alone else f"{comparison.name}{suffix}"
        specs[label] = {
            "comparison": comparison.name,
            "measures": list(comparison.measures),
            "sides": list(pair),
            "settings": settings.spec(),
        }
    return specs


def _variant(config: Config, taken: list[str], family: str, protocol: str) -> str:
    """The name of a family's measure under a protocol, of those that are taken; empty where there is none."""
    own = {config.measures[name].protocol: name for name in taken if config.measures[name].family == family}
    return own.get(protocol, own.get("corrected", ""))
