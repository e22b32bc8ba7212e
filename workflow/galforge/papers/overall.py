"""The table of every generator on the data sets they share: one number per model and metric, taken from others."""

from collections.abc import Mapping

from galforge.drawing.names import METRICS
from galforge.papers.table import Table

NAME = "all"
IN_FLOORS = "in_floors"


def taken_of(tables: Mapping[str, Table]) -> list[Table]:
    """The tables that it takes something from; where several show one metric of the same comparisons, the first."""
    found: dict[tuple[object, ...], Table] = {}
    for table in tables.values():
        if table.overall:
            found.setdefault((table.comparisons, table.overall.metric), table)
    return list(found.values())


def overall(tables: Mapping[str, Table]) -> Table:
    """The table of all generators, made of the tables that have the field ``overall``."""
    taken = taken_of(tables)
    labels, factors, sections, models, readings = {}, {}, {}, {}, {IN_FLOORS: "distance"}
    for table in taken:
        metric = table.overall.metric
        readings[metric] = table.reading_of(metric)
        factors |= {metric: table.factor(metric)} if metric in table.factors else {}
        sections[metric] = table.overall.heading
        models |= table.models
        if table.by_network:
            labels |= {metric: f"{METRICS[metric]} ({{}})", f"{IN_FLOORS} {metric}": METRICS[metric]}
        else:
            labels |= {**table.labels, table.file: table.title}
    return Table(
        "Every generator on the data sets they share",
        tuple(dict.fromkeys(name for table in taken for name in table.comparisons)),
        (*sections, IN_FLOORS),
        "Average distances between source and generated stamps, and mean scores of whole images",
        "units of their own",
        name=NAME,
        units="; ".join(dict.fromkeys(table.overall.unit for table in taken)),
        reading="small distances are good, and scores that are those of real images",
        about="One number stands for a model here and hides much; the tables of each quantity say more. A model on one "
        "data set is not to be compared with one on another, except in units of the floor, which a perfect model would "
        "score: 1 is as good as can be told. FID and KID of different networks are not comparable. Printed values "
        "were not made under the corrected protocol and stand here for orientation.",
        readings=readings,
        factors=factors,
        sections=sections | {IN_FLOORS: "In units of the floor"},
        order=tuple(table.file for table in taken),
        labels=labels,
        models=models,
        engines=False,
        head="Quantity",
        cells="Each cell: value ± standard error, then the floor, which a perfect model would score at these sample "
        "sizes; a distance or KID that one perfect model in twenty would exceed says “at floor”, a score within twice "
        "the errors of both from that of real images says “at the source's”, and supports no ranking. Where there is "
        "no floor, nothing stands in units of it.",
        make="galforge.report.overall:make",
    )
