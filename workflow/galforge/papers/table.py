"""What a table is: everything by which one table differs from another is a field here, so that adding one edits no
code."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import Any, Self

from galforge.drawing.names import (
    COLOUR_BULGE,
    METRICS,
    MODELS,
    MORPHOLOGY,
    NETWORKS,
    PHOTOMETRY,
    network_label,
    property_label,
    split_bin,
)
from galforge.errors import GalforgeError

COUNTS = ("entered", "segmented", "flag_ok", "kept", "early", "red")
"""Stages of measuring, in their order: rows of the metric ``count``."""
TOTALS = ("large_scales", "small_scales", "average", "overall")
"""Properties that average over others."""
ORDER = (*COUNTS, *MORPHOLOGY, *PHOTOMETRY, *COLOUR_BULGE)
CELLS = (
    "Each cell: value ± standard error, then the {floor}, which a perfect model would score at these sample sizes; a "
    "cell {too_close} says “at {floor}” and supports no ranking."
)


def function(name: str) -> Callable[..., Any]:
    """The function ``<module>:<function>``."""
    module, _, found = name.partition(":")
    return getattr(importlib.import_module(module), found)


@dataclass(frozen=True)
class Overall:
    """What the table of all generators takes from a table: the averages of one metric, or all rows of it."""

    metric: str
    heading: str
    unit: str


@dataclass(frozen=True)
class Table:
    """One table of a paper.

    Names of functions are ``<module>:<function>``; planning does not import them, so they may need any library.

    Attributes:
        title: for readers.
        comparison: modules of ``galforge.compare`` that fill it, or rows of a study: ``scorers``, ``scores`` or
            ``experiments`` of the realism study, ``sweeps`` of the denoising study, ``trainings`` for their cost.
        metrics: those it shows, in their order; rows of ``count`` come with them where there are any.
        quantity: what its numbers are, without the unit.
        unit: of what is shown.
        units: unit by unit, where there are too many for a caption; a note says them.
        name: ``<paper>/<file>``, filled in by the registry.
        reading: which values are good.
        about: what else a reader has to know.
        needs: comparisons without which the table is not made, though others would fill some of its rows.
        readings: how metrics are read that are those of no comparison, which says it itself
            (``galforge.compare.kind.READINGS``); the registry adds the others.
        protocols: those that its rows may have; the table of all generators takes rows of the first.
        factors: by which metrics are multiplied for readers; 1 where not named.
        sections: headings above the rows of each metric; none where not named.
        by_network: rows are grouped by the network that is their property.
        printed: whether values of it were ever printed.
        averages: comparisons whose averages are rows of it under their names; printed averages become such rows too.
        digits: format of printed values.
        order: properties in the order of their rows; others follow by name.
        labels: what rows are called, by ``<metric> <property>``, property or metric, the first that is there; ``{}``
            stands for the general name of the property.
        totals: properties or metrics of the rows that the page shows first.
        details: what the other rows are.
        models: models that are called otherwise here than elsewhere.
        engines: whether columns name the engine that measured the morphology.
        head: what the column of row names is headed on the page.
        things: what is counted.
        cells, protocol, sizes: how to read a cell, the protocols and the numbers in the heads of columns.
        libraries: those behind its numbers besides numpy and pandas.
        overall: what the table of all generators takes from it; None where that is nothing.
        select: function from all runs' distances to the rows of the table, where that is no mere choice by comparison
            and metric.
        make: function ``(table, inputs, published, spec)`` that makes the table where its input files are no distances.
        blocks: function ``(table, frame)`` that lays out the table, where it has columns of its own.
        remarks: function ``(frame)`` that gives further notes.
    """

    title: str
    comparison: str | tuple[str, ...]
    metrics: tuple[str, ...]
    quantity: str
    unit: str
    name: str = ""
    units: str = ""
    reading: str = "smaller is better"
    about: str = ""
    needs: tuple[str, ...] = ()
    readings: Mapping[str, str] = field(default_factory=dict)
    protocols: tuple[str, ...] = ("corrected", "published")
    factors: Mapping[str, float] = field(default_factory=dict)
    sections: Mapping[str, str] = field(default_factory=dict)
    by_network: bool = False
    printed: bool = True
    averages: tuple[str, ...] = ()
    digits: str = ".2f"
    order: tuple[str, ...] = ORDER
    labels: Mapping[str, str] = field(default_factory=dict)
    totals: tuple[str, ...] = TOTALS
    details: str = "mode by mode"
    models: Mapping[str, str] = field(default_factory=dict)
    engines: bool = True
    head: str = "Property"
    things: str = "source stamps"
    cells: str = CELLS.format(floor="floor", too_close="that one perfect model in twenty would exceed")
    protocol: str = "“Corrected” and “published” are the protocols of measuring"
    sizes: str = "Sizes are source v generated stamps."
    libraries: tuple[str, ...] = ()
    overall: Overall | None = None
    select: str = ""
    make: str = ""
    blocks: str = ""
    remarks: str = ""

    @property
    def paper(self) -> str:
        """The paper's folder."""
        return self.name.rpartition("/")[0]

    @property
    def file(self) -> str:
        """Name of its files, and of the table among the printed values."""
        return self.name.rpartition("/")[2]

    @property
    def comparisons(self) -> tuple[str, ...]:
        """What fills it, as a tuple."""
        return (self.comparison,) if isinstance(self.comparison, str) else tuple(self.comparison)

    @property
    def modules(self) -> tuple[str, ...]:
        """Modules of its functions: jobs find them by name, so stages have to declare them."""
        functions = (self.select, self.make, self.blocks, self.remarks)
        return tuple(dict.fromkeys(name.partition(":")[0] for name in functions if name))

    def spec(self) -> dict[str, Any]:
        """Plain data of the fields that do not have their default: what a job reads."""
        plain, out = asdict(self), {}
        for each in fields(self):
            default = each.default if each.default_factory is MISSING else each.default_factory()
            if each.name != "name" and getattr(self, each.name) != default:
                out[each.name] = plain[each.name]
        return out

    @classmethod
    def from_spec(cls, name: str, spec: Mapping[str, Any]) -> Self:
        """The table that a spec was made from."""
        given = {key: tuple(value) if isinstance(value, list) else value for key, value in spec.items()}
        if "overall" in given:
            given["overall"] = Overall(**given["overall"])
        return cls(name=name, **given)

    def function(self, name: str) -> Callable[..., Any]:
        """The function that one of its fields names."""
        return function(getattr(self, name))

    def reading_of(self, metric: str) -> str:
        """How a metric is read.

        Raises:
            GalforgeError: neither a comparison nor the table says so.
        """
        if metric not in self.readings:
            raise GalforgeError(
                f"table {self.name}: how {metric} is read is said nowhere; say it in `metrics` of the KIND of the "
                "comparison, or in the table's `readings` where no comparison has that metric"
            )
        return self.readings[metric]

    def factor(self, metric: str) -> float:
        """By what a metric is multiplied for readers."""
        return self.factors.get(metric, 1.0)

    def heading(self, metric: str, name: str) -> str:
        """What stands above the rows of a metric (or of a network, whose name is the property); may be empty."""
        if not self.by_network:
            return self.sections.get(metric, "")
        return NETWORKS.get(name, name) if self.printed else network_label(name)

    def label(self, metric: str, name: str) -> str:
        """What a reader calls a row.

        ``<property>@<network>`` names the network behind the property. A property of several words without a label,
        such as a scorer and its features, is named word by word.
        """
        of, _, network = name.partition("@")
        key = next((key for key in (f"{metric} {of}", of, metric) if key in self.labels), None)
        if key is not None:
            text = self.labels[key].format(property_label(of))
        elif metric in METRICS or of in METRICS:
            text = METRICS.get(metric, METRICS.get(of, ""))
        else:
            words = [self.labels.get(word, MODELS.get(word, property_label(word))) for word in of.split(" ")]
            text = ", ".join([words[0], *(word[:1].lower() + word[1:] for word in words[1:])])
        return f"{text} ({network_label(network)})" if network else text

    def is_total(self, metric: str, name: str) -> bool:
        """Whether the page shows a row first, the others folded away."""
        return metric in self.totals or name.partition("@")[0] in self.totals

    def place(self, metric: str, name: str) -> tuple[Any, ...]:
        """Where a row stands: by metric, then by property, what averages and bins of redshift after the others."""
        of, low, _ = split_bin(name) or (name, -1.0, 0.0)
        of, _, network = of.partition("@")
        return (
            (*self.metrics, "count").index(metric),
            TOTALS.index(of) + 1 if of in TOTALS else 0,
            of == "all",
            self.order.index(of) if of in self.order else len(self.order),
            network,
            of,
            low,
        )
