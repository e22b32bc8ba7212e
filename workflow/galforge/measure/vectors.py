"""Columns of vectors: tables in which each stamp has hundreds or thousands of numbers of one kind.

A column of a table per number makes wide tables that take several times their size to join. One column of vectors has
all of them, in memory or in the file where they lie. Rows of a table can be chosen, copied and joined to others without
reading a vector; `rows_of` gives what reads them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
import pyarrow.parquet
from pandas.api.extensions import ExtensionArray, ExtensionDtype
from pandas.api.indexers import check_array_indexer

FEATURES, CLASSES = "features", "classes"
"""Columns of what an image network sees in a stamp; of single bands with ``_`` and the band behind."""


class FileRows:
    """Rows (n, d) float32 of a column of vectors in a Parquet file, read when they are asked for.

    ``rows[start:stop]`` and ``rows[places]`` are arrays, as of an array (n, d). Row groups are read one at a time.

    Args:
        path: the file.
        column: its column, a fixed-size list.
        index: (n,) rows of the file; None for all.
    """

    def __init__(self, path: str | Path, column: str, index: np.ndarray | None = None):
        self._path, self._column = str(path), column
        file = pyarrow.parquet.ParquetFile(self._path)
        groups = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
        self._starts = np.cumsum([0, *groups])
        self._index = np.arange(self._starts[-1]) if index is None else index
        self.shape = (len(self._index), file.schema_arrow.field(column).type.list_size)
        self.dtype = np.dtype(np.float32)
        self._last: tuple[int, np.ndarray] | None = None

    def __len__(self) -> int:
        return len(self._index)

    def __getitem__(self, key: Any) -> np.ndarray:
        wanted = self._index[key]
        order = np.argsort(wanted, kind="stable")
        ascending = wanted[order]
        found = np.empty((len(wanted), self.shape[1]), dtype=np.float32)
        cuts = np.searchsorted(ascending, self._starts)
        for group in np.flatnonzero(np.diff(cuts)):
            own = slice(cuts[group], cuts[group + 1])
            found[order[own]] = self._group(int(group))[ascending[own] - self._starts[group]]
        return found

    def chosen(self, key: Any) -> Self:
        """Some of the rows, not read yet."""
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__, _index=self._index[key], _last=None)
        other.shape = (len(other._index), self.shape[1])
        return other

    def _group(self, group: int) -> np.ndarray:
        """All rows of a row group; the last one is kept, because blocks of rows rarely end where groups do."""
        if self._last is None or self._last[0] != group:
            self._last = None
            with pyarrow.parquet.ParquetFile(self._path) as file:
                column = file.read_row_group(group, columns=[self._column], use_threads=False).column(0)
            values = column.combine_chunks().flatten().to_numpy()
            self._last = group, values.reshape(-1, self.shape[1])
        return self._last[1]


class VectorDtype(ExtensionDtype):
    """Type of a column of vectors (d,) float32."""

    type = np.ndarray
    _metadata = ("width",)

    def __init__(self, width: int):
        self.width = width

    @property
    def name(self) -> str:
        return f"vector[{self.width}]"

    @classmethod
    def construct_from_string(cls, string: str) -> Self:
        """Tables are never made from the names of types.

        Raises:
            TypeError: always, as pandas wants it.
        """
        raise TypeError(f"no column of vectors can be made from {string!r}")

    @classmethod
    def construct_array_type(cls) -> type["Vectors"]:
        return Vectors


class Vectors(ExtensionArray):
    """A column of vectors: `rows` (n, d) float32, an array or ``FileRows``. They cannot be set, and none is missing."""

    def __init__(self, rows: "np.ndarray | FileRows"):
        self.rows = rows

    @classmethod
    def _from_sequence(cls, scalars: Sequence[np.ndarray], *, dtype: Any = None, copy: bool = False) -> Self:
        return cls(np.stack([np.asarray(row, dtype=np.float32) for row in scalars]))

    @classmethod
    def _concat_same_type(cls, to_concat: Sequence[Self]) -> Self:
        return cls(np.concatenate([each.rows[:] for each in to_concat]))

    @property
    def dtype(self) -> VectorDtype:
        return VectorDtype(self.rows.shape[1])

    @property
    def nbytes(self) -> int:
        return self.rows.nbytes if isinstance(self.rows, np.ndarray) else 8 * len(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, item: Any) -> Any:
        if np.ndim(item) == 0 and not isinstance(item, slice):
            return self.rows[np.array([item])][0]
        return self._chosen(item if isinstance(item, slice) else check_array_indexer(self, item))

    def __eq__(self, other: Any) -> Any:
        if not isinstance(other, Vectors):
            return NotImplemented
        return np.all(self.rows[:] == other.rows[:], axis=1)

    def take(self, indices: Sequence[int], *, allow_fill: bool = False, fill_value: Any = None) -> Self:
        """Some rows.

        Raises:
            ValueError: one is to be missing.
        """
        places = np.asarray(indices, dtype=np.intp)
        if allow_fill and (places < 0).any():
            raise ValueError("a column of vectors has no missing rows")
        return self._chosen(places)

    def copy(self) -> Self:
        return type(self)(self.rows)

    def isna(self) -> np.ndarray:
        return np.zeros(len(self), dtype=bool)

    def _chosen(self, key: Any) -> Self:
        return type(self)(self.rows.chosen(key) if isinstance(self.rows, FileRows) else self.rows[key])


def with_vectors(table: pd.DataFrame, columns: dict[str, np.ndarray]) -> pd.DataFrame:
    """A table with columns of vectors, (n, d) float32 each, behind its own."""
    return table.assign(**{name: Vectors(values) for name, values in columns.items()})


def vector_columns(table: pd.DataFrame) -> list[str]:
    """Names of the columns of vectors, in order."""
    return [str(name) for name, dtype in table.dtypes.items() if isinstance(dtype, VectorDtype)]


def rows_of(table: pd.DataFrame, column: str) -> "np.ndarray | FileRows":
    """Vectors (n, d) float32 of the rows of a table: an array, or what reads it by rows."""
    return table[column].array.rows
