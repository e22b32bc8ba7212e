"""What a table is about: which comparison fills it, which metrics it shows, in which units, how they are read."""

from dataclasses import dataclass, field

HOLZSCHUH, LI, GANTASTIC = "holzschuh2022", "li2024", "gantastic2020"
"""Studies, as their tables, figures and printed values are filed."""
PUBLISHED_NETWORK = "inception-v3"
"""The only feature network whose FID and KID stand beside printed ones."""
NETWORKS = {
    PUBLISHED_NETWORK: "Inception-v3 (the network of the printed values)",
    "efficientnet-lite0": "EfficientNet-Lite0 (another network than the printed one)",
}


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes:
        title: for readers.
        comparison: the module of ``galforge.compare`` that fills it, or several; empty for the headline, made of the
            averages of some, and for denoising and costs, made of none.
        metrics: those it shows; rows of ``count`` come with them where there are any.
        quantity: what its numbers are, without the unit.
        unit: of what is shown.
        reading: which values are good.
        about: what a reader has to know besides.
        factors: by which metrics are multiplied for readers; 1 where not named.
        sections: headings above the rows of each metric; none where not named.
        by_network: rows are grouped by the network in their column ``property``.
        printed: whether values of it were ever printed.
        digits: how printed values are shown.
        details: what its rows are besides those that average over others.
        study: the paper that it is of; empty where it is of several.
        file: name of its files, and of the table of its printed values; empty where that is its own.
    """

    title: str
    comparison: str | tuple[str, ...]
    metrics: tuple[str, ...]
    quantity: str
    unit: str
    reading: str = "smaller is better"
    about: str = ""
    factors: dict[str, float] = field(default_factory=dict)
    sections: dict[str, str] = field(default_factory=dict)
    by_network: bool = False
    printed: bool = True
    digits: str = ".2f"
    details: str = "mode by mode"
    study: str = HOLZSCHUH
    file: str = ""

    @property
    def comparisons(self) -> tuple[str, ...]:
        """The modules of ``galforge.compare`` that fill it."""
        return (self.comparison,) if isinstance(self.comparison, str) else self.comparison

    def factor(self, metric: str) -> float:
        """By what a metric is multiplied for readers."""
        return self.factors.get(metric, 1.0)

    def heading(self, metric: str, name: str) -> str:
        """What stands above the rows of a metric (or of a network, whose name is the property); may be empty."""
        if not self.by_network:
            return self.sections.get(metric, "")
        network = NETWORKS.get(name, name)
        return network if self.printed else network.partition(" (")[0]
