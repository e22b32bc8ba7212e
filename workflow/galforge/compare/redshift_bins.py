"""Comparisons by redshift: which galaxies stand on either side, and their bins of redshift."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from galforge.errors import GalforgeError

REDSHIFT = "redshift"
FEWEST = 20
"""Means in a bin are compared only where both sides have this many galaxies in it."""


class Bins(NamedTuple):
    """Galaxies of both sides in bins of redshift.

    Attributes:
        edges: (B + 1,) ascending.
        source, generated: (n,) and (m,) number of each galaxy's bin; -1 outside of all.
    """

    edges: np.ndarray
    source: np.ndarray
    generated: np.ndarray

    def name(self, of: str, place: int) -> str:
        """The property `of` in one bin, as rows are named."""
        return f"{of}@{self.edges[place]:g}-{self.edges[place + 1]:g}"

    def pairs(self, source: np.ndarray, generated: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Values (n,) of the source and (m,) of the generated galaxies, bin by bin."""
        places = range(len(self.edges) - 1)
        return [(source[self.source == b], generated[self.generated == b]) for b in places]


def pair(
    source: pd.DataFrame, generated: pd.DataFrame, real: str = "validation", reference: str = "test"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The galaxies that are compared: the split `reference` of the source, and the generated galaxies.

    For the pseudo-model `real` both tables are the source's; its split `real` then stands for the generated galaxies.

    Raises:
        GalforgeError: a table lacks a column or a redshift, or a split is empty.
    """
    for side, table in (("source", source), ("generated", generated)):
        lacking = [name for name in ("split", REDSHIFT) if name not in table.columns]
        if lacking:
            raise GalforgeError(f"the {side} measurements lack {', '.join(lacking)}: measure again")
        missing = np.flatnonzero(~np.isfinite(table[REDSHIFT].to_numpy(float)))
        if len(missing):
            raise GalforgeError(
                f"the {side} measurements have no redshift for {len(missing)} of {len(table)} stamps, the first at "
                f"index {table['index'].iloc[missing[0]]}: only stamps with redshifts can be compared by redshift"
            )
    own = (generated["split"] != "").any()
    return _split(source, reference), _split(generated, real) if own else generated


def in_bins(source: pd.DataFrame, generated: pd.DataFrame, edges: list[float] | np.ndarray) -> Bins:
    """Both samples in the bins [edges[i], edges[i + 1]), the last one closed."""
    edges = np.asarray(edges, dtype=float)
    return Bins(edges, *(_places(table[REDSHIFT].to_numpy(float), edges) for table in (source, generated)))


def uniform(bins: Bins, most: int, draws: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Indices of source and of generated galaxies, as many of one as of the other in every bin of redshift.

    All bins give the same number of galaxies, but those with fewer give all they have. A side has at most `most`.
    """
    there = [min(map(len, pair)) for pair in bins.pairs(bins.source, bins.generated)]
    level = max((x for x in range(most + 1) if sum(min(n, x) for n in there) <= most), default=0)
    chosen = []
    for side in (bins.source, bins.generated):
        picked = [draws.permutation(np.flatnonzero(side == b))[: min(n, level)] for b, n in enumerate(there)]
        chosen.append(np.sort(np.concatenate(picked)))
    return chosen[0], chosen[1]


def _places(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    place = np.searchsorted(edges, values, side="right") - 1
    place[values == edges[-1]] = len(edges) - 2
    return np.where((place >= 0) & (place < len(edges) - 1), place, -1)


def _split(table: pd.DataFrame, split: str) -> pd.DataFrame:
    rows = table[(table["split"] == split).to_numpy()]
    if rows.empty:
        raise GalforgeError(
            f"the source has no stamps of the split {split} that were measured: give it a share (`splits` of the data "
            "set), and name it in the key `splits` of the measure where it has one"
        )
    return rows
