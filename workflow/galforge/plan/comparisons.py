"""Which comparisons a configuration asks for: what is compared with what, by which measures, under which protocol."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from galforge import families
from galforge.compare.kind import REAL, ROUNDTRIP, Kind, kinds
from galforge.config.tree import REDSHIFT, Config, Run, conditions_of, is_given, is_native
from galforge.errors import GalforgeError


def groups(declared: dict[str, Kind]) -> dict[str, tuple[str, ...]]:
    """Names of comparisons by group: the one that they declare, or one of their own.

    Raises:
        GalforgeError: only some comparisons of a group are by redshift, so are made for other data sets; or only some
            need a network that the workflow trains, so tables of the others would wait for it.
    """
    found: dict[str, tuple[str, ...]] = {}
    for name, kind in declared.items():
        group = kind.group or name
        found[group] = (*found.get(group, ()), name)
        if len({(declared[each].by_redshift, _is_trained(declared[each])) for each in found[group]}) > 1:
            raise GalforgeError(
                f"comparisons {', '.join(found[group])}: they are one group, but only some of them are by redshift or "
                f"need a network that is trained first; leave out `group` in KIND of galforge/compare/{name}.py"
            )
    return found


def _is_trained(kind: Kind) -> bool:
    """Whether a comparison needs a measure that is taken with a network of the workflow's own."""
    settings = (families.load("measure", family, "settings").MeasureSettings for family in kind.families)
    return any("model" in each.model_fields for each in settings)


KINDS = kinds()
GROUPS = groups(KINDS)
"""What one job compares, by the name of its file."""


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
    taken, bands = config.taken(dataset), set(config.datasets[dataset].settings.bands)
    for name in GROUPS[group]:
        kind = KINDS[name]
        if not bands.issuperset(kind.bands) or (kind.by_redshift and not has_redshifts(config, dataset)):
            continue
        if len(kind.families) == 1:
            for measure in taken:
                entry = config.measures[measure]
                if entry.family == kind.families[0]:
                    own = (protocol for protocol in kind.protocols if kind.from_one or protocol == entry.protocol)
                    found += [Comparison(name, protocol, (measure,)) for protocol in own]
            continue
        for protocol in kind.protocols:
            measures = tuple(_variant(config, taken, family, protocol) for family in kind.families)
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


def compared(config: Config, dataset: str, group: str) -> list[tuple[str, int]]:
    """(model, seed) of everything that a group of comparisons puts beside a data set's source.

    Besides the models that is the store-and-decode round trip, or real galaxies where they are compared by redshift.
    """
    runs = [run for run in config.run if run.dataset == dataset]
    if any(KINDS[name].by_redshift for name in GROUPS[group]):
        runs = [run for run in runs if _tells_redshift(config, run)]
        return [*((run.model, seed) for run in runs for seed in run.seeds), (REAL, 0)]
    found = [(run.model, seed) for run in runs for seed in run.seeds]
    return found + ([(ROUNDTRIP, 0)] if is_native(config.datasets[dataset].family) else [])


def _tells_redshift(config: Config, run: Run) -> bool:
    """Whether the images of a run have redshifts: given ones have what their catalogue has."""
    model = config.models[run.dataset, run.model]
    return not is_given(model.family) or REDSHIFT in model.network.columns


def distance_files(config: Config, dataset: str, names: Collection[str] = ()) -> list[str]:
    """Files of the distances of a data set: those that hold one of these comparisons, or all."""
    return [
        f"results/{config.overall.name}/distances/{dataset}/{model}/seed{seed}/{group}.csv"
        for group in GROUPS
        if any(not names or each.name in names for each in comparisons(config, dataset, group))
        for model, seed in compared(config, dataset, group)
    ]


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
    return {
        f"{each.name} {each.protocol} {'+'.join(each.measures)}": {
            "comparison": each.name,
            "measures": list(each.measures),
            "sides": list(sides(config, dataset, model, seed, each.protocol)),
            "settings": config.compare.of(each.name, each.protocol, cuts).spec(),
        }
        for each in comparisons(config, dataset, group)
    }


def _variant(config: Config, taken: list[str], family: str, protocol: str) -> str:
    """The name of a family's measure under a protocol, of those that are taken; empty where there is none."""
    own = {config.measures[name].protocol: name for name in taken if config.measures[name].family == family}
    return own.get(protocol, own.get("corrected", ""))
