"""Which galaxies the figures of properties show, and how a sample looks and is called in their legends."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from galforge.compare.morphology import BEST_FLAGS
from galforge.drawing.names import MORPHOLOGY
from galforge.drawing.style import FILL, SOURCE_COLOUR, look
from galforge.errors import GalforgeError

HANDLE, LETTER = 0.55, 0.074  # of a legend's handle with its space, and of a letter of its labels [in]


class SamplesError(GalforgeError):
    """The measurements cannot be drawn."""


@dataclass(frozen=True)
class Sample:
    """The galaxies of a source (the first sample of a figure) or of a model that are drawn.

    Attributes:
        label: who they are.
        frame: measurements of the galaxies that are drawn.
        entered: how many there were before.
    """

    label: str
    frame: pd.DataFrame
    entered: int

    def values(self, column: str) -> np.ndarray:
        """A column (n,) as float64; NaN where it is missing."""
        return self.frame[column].to_numpy(float, na_value=np.nan)

    def finite(self, column: str) -> np.ndarray:
        """The values of a column that are there."""
        values = self.values(column)
        return values[np.isfinite(values)]


def samples(
    source: tuple[str, pd.DataFrame],
    generated: Sequence[tuple[str, pd.DataFrame]],
    protocol: str,
    more: Sequence[str] = (),
) -> list[Sample]:
    """The samples of a figure, the source first; ``more`` columns must be there beside the morphology.

    Raises:
        SamplesError: a column is lacking, or no source stamp was measured well enough to be drawn.
    """
    out = []
    for label, frame in (source, *generated):
        lacking = [name for name in more if name not in frame.columns]
        if lacking:
            raise SamplesError(f"{label}: no columns {', '.join(lacking)} among the measurements; measure them again")
        out.append(Sample(label, frame[usable(frame, protocol)], len(frame)))
    if out[0].frame.empty:
        raise SamplesError(
            f"{source[0]}: none of {len(source[1])} stamps could be measured with flag <= 1, so nothing "
            "can be drawn; look at the counts in the morphology table and at the stamps themselves"
        )
    return out


def usable(frame: pd.DataFrame, protocol: str) -> pd.Series:
    """Which stamps are drawn, as a boolean column: those that the distances rest on, published cuts apart.

    They are segmented, have all nine properties and, under the corrected protocol, flag <= 1.
    """
    columns = [entry.column for entry in MORPHOLOGY.values()]
    complete = frame["segmented"].astype(bool) & np.isfinite(frame[columns].astype(float)).all(axis=1)
    return complete & (frame["flag"] <= BEST_FLAGS) if protocol == "corrected" else complete


def legend(made: Figure, shown: Sequence[Sample], remarks: Sequence[str] = ()) -> None:
    """The legend above a figure: each sample with the share of its stamps that is drawn, or with a remark."""
    handles: list[Line2D | Patch] = []
    for index, sample in enumerate(shown):
        share = f"{len(sample.frame)} of {sample.entered} ({100 * len(sample.frame) / max(sample.entered, 1):.0f} %)"
        label = f"{sample.label}: {remarks[index] if remarks else share}"
        if index == 0:
            handles.append(Patch(facecolor=FILL, edgecolor=SOURCE_COLOUR, label=label))
        else:
            handles.append(Line2D([], [], label=label, **look(index)))
    labels = [str(handle.get_label()) for handle in handles]
    made.legend(handles=handles, loc="outside upper left", ncols=_columns(labels, made.get_figwidth()))


def _columns(labels: Sequence[str], width: float) -> int:
    """The largest number of columns, at most three, in which a legend fits into a figure [in]."""
    for count in (3, 2):
        # As matplotlib fills them: column by column, the first ones longer where the last row is not full.
        parts = np.array_split(np.array(labels), min(count, len(labels)))
        if sum(HANDLE + LETTER * max(len(label) for label in part) for part in parts) <= width:
            return len(parts)
    return 1
