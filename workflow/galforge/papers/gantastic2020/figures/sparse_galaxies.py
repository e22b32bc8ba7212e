"""Galaxies, real and drawn by two-stage models.

Patches of 32 x 32 px around galaxies: real ones in the first row, below those that two-stage models drew, of
conditional ones a row per size class. Linear from black to the level 255, so that faint galaxies are hardly seen;
picked by the seed and not by eye.

Rows of galaxy patches of {dataset}: real ones above, those of two-stage models below
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galforge.errors import GalforgeError
from galforge.papers.figure import Needs

if TYPE_CHECKING:
    import numpy as np

    from galforge.papers.figure import Files, Subject

_WHITE = 255


class SparseGalaxiesError(GalforgeError):
    """Patches cannot be drawn."""


def plot(rows: Sequence[tuple[str, np.ndarray]], png: str | Path, pdf: str | Path, *, count: int) -> None:
    """Rows of the first ``count`` patches of each sample; which come first is for the caller to leave to chance.

    Grey is linear from black at level 0 to white at 255 in all rows: only so can their brightness be compared.

    Args:
        rows: (label, patches (n, 32, 32) uint8) of the real galaxies, of each model and of its size classes; fewer
            are drawn where a sample has fewer, and none of a size class that never came up.
        count: patches per row.

    Raises:
        SparseGalaxiesError: there are no rows or no patches at all, or one row is no such array.
    """
    import numpy as np

    from galforge.datasets.sparse.clusters import PATCH
    from galforge.drawing.mosaic import Row, draw_rows

    if not sum(len(patches) for _, patches in rows):
        raise SparseGalaxiesError("sparse galaxies: no patches were given; name the real galaxies at least")
    for label, patches in rows:
        if patches.ndim != 3 or patches.shape[1:] != (PATCH, PATCH) or patches.dtype != np.uint8:
            raise SparseGalaxiesError(
                f"{label}: patches of shape {patches.shape} and type {patches.dtype}, where 8-bit patches "
                f"(n, {PATCH}, {PATCH}) are drawn; draw them again"
            )
    shown = []
    for label, patches in rows:
        heading = label if len(patches) else f"{label}: none"
        shown.append(Row(heading, [patch / _WHITE for patch in patches[:count]]))
    draw_rows(shown, count, "Grey: linear from level 0 (black) to 255 (white)", png, pdf)


def needs(subject: Subject) -> Needs | None:
    """Galaxies of the source and of models that draw them one by one; none where no model does."""
    if not subject.scored or not subject.drawing():
        return None
    told = {**subject.scored_labels(), "models": subject.drawing()}
    told |= {"count": subject.report.stamps_per_row, "seed": subject.report.seed}
    return Needs({"parts": subject.stamps_file("parts"), "galaxies": subject.drawn_galaxies()}, told, libraries=())


def draw(files: Files, told: dict[str, Any], out: dict[str, str]) -> None:
    """Read the files and plot them."""
    from galforge.drawing.labels import model_labels, source_label
    from galforge.drawing.picked import generated_patches, real_patches

    count, seed = told["count"], told["seed"]
    source = source_label(told["dataset"], told["origin"], told["scale"])
    rows = [(source, real_patches(files["parts"], count, seed))]
    for label, path in zip(model_labels(told["models"]), files["galaxies"], strict=True):
        rows += generated_patches(label, path, count, seed)
    plot(rows, out["png"], out["pdf"], count=count)
