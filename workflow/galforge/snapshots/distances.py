"""By which distance snapshots are scored: of each family of measures, the row that tables print as its sum."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SPLIT = "validation"
"""Split of the source that images of snapshots are compared with."""


@dataclass(frozen=True)
class Distance:
    """One row of a comparison.

    Attributes:
        comparison: a module of ``galforge.compare``.
        metric, property: of the row; an empty property stands for the only one, which is the name of a network.
        lean: settings of the comparison that only cost time here, because they are those of other rows.
    """

    comparison: str
    metric: str
    property: str = ""
    lean: Mapping[str, Any] = field(default_factory=dict)


DISTANCES = {
    "morphology": Distance("morphology", "wasserstein", "average"),
    "power_spectrum": Distance("power_spectrum", "wasserstein", "average"),
    "features": Distance("features", "fid", lean={"neighbour_images": 20, "neighbour_halvings": 2}),
}
"""Distances by the family of the measure."""
