"""Tables of measurements in Parquet files: written, read and put together a group of rows at a time.

Columns of vectors (`vectors`) are fixed-size lists, which stay in the file until their rows are asked for. A table has
the same bytes whether one job measured it or many did.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from galforge.atomic import replacing
from galforge.errors import GalforgeError
from galforge.measure.vectors import FileRows, Vectors, rows_of, vector_columns

GROUP_BYTES = 2**25
"""Bytes of the vectors in a group of rows, at most: what is held in memory to write or to read one."""
NARROW_ROWS = 2**17
"""Rows of a group without vectors: of a column per number thousands of small groups would be slow to read."""
_ATTRIBUTES = b"PANDAS_ATTRS"
"""Where pandas keeps ``attrs`` in a Parquet file."""


def write(table: pd.DataFrame, path: str | Path) -> None:
    """Write a table of measurements; its index is not kept."""
    step = _rows_per_group(_arrow(table.iloc[:0]).schema)
    _written((_arrow(table.iloc[low : low + step]) for low in range(0, max(len(table), 1), step)), path)


def read(path: str | Path) -> pd.DataFrame:
    """A table of measurements with its ``attrs``. Vectors are read from the file when they are asked for."""
    schema = pyarrow.parquet.read_schema(path)
    wide = [field.name for field in schema if pa.types.is_fixed_size_list(field.type)]
    table = pd.read_parquet(path, columns=[name for name in schema.names if name not in wide])
    for name in wide:
        table.insert(schema.names.index(name), name, Vectors(FileRows(path, name)))
    return table


def join(parts: Sequence[str | Path], path: str | Path) -> None:
    """Put tables of consecutive stamps together, in their order. No more than two groups of rows are in memory.

    Raises:
        GalforgeError: their columns or types differ.
    """
    schemas = [pyarrow.parquet.read_schema(part) for part in parts]
    for part, schema in zip(parts, schemas, strict=True):
        if not schema.equals(schemas[0], check_metadata=True):
            raise GalforgeError(
                f"{part}: its columns or what is said of them differ from those of {parts[0]}; delete both to measure "
                "them again"
            )
    _written((group for part in parts for group in _groups(part)), path)


def _groups(path: str | Path) -> Iterator[pa.Table]:
    """Groups of rows of a file; of a table without rows one without rows, which has its columns."""
    with pyarrow.parquet.ParquetFile(path) as file:
        if file.num_row_groups == 0:
            yield file.schema_arrow.empty_table()
        for group in range(file.num_row_groups):
            yield file.read_row_group(group, use_threads=False)


def _written(tables: Iterable[pa.Table], path: str | Path) -> None:
    """Write tables one behind the other, in groups of as many rows as their columns allow."""
    tables = iter(tables)
    held = next(tables)
    schema, step = held.schema, _rows_per_group(held.schema)
    wide = {field.name for field in schema if pa.types.is_fixed_size_list(field.type)}
    # Lists are named by their element; numbers of networks neither repeat nor become smaller by compression.
    packed = {f"{name}.list.element" if name in wide else name: name not in wide for name in schema.names}
    how = {
        "use_dictionary": [name for name, narrow in packed.items() if narrow],
        "compression": {name: "snappy" if narrow else "none" for name, narrow in packed.items()},
        "write_statistics": [name for name, narrow in packed.items() if narrow],
    }
    with replacing(path) as temporary, pyarrow.parquet.ParquetWriter(temporary, schema, **how) as writer:
        for table in tables:
            held = pa.concat_tables([held, table])
            while len(held) >= step:
                writer.write_table(held.slice(0, step).combine_chunks())
                held = held.slice(step)
        writer.write_table(held.combine_chunks(), row_group_size=step)


def _arrow(table: pd.DataFrame) -> pa.Table:
    """Rows of a table as Arrow has them. What pandas says of its index is left out, because parts have others."""
    wide = vector_columns(table)
    found = pa.Table.from_pandas(table.drop(columns=wide), preserve_index=False)
    for name in wide:
        rows = rows_of(table, name)[:]
        # Files call the numbers so, and parts that were read have to be of one type with others.
        kind = pa.list_(pa.field("element", pa.float32()), rows.shape[1])
        values = pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), type=kind)
        found = found.add_column(list(table.columns).index(name), name, values)
    return found.replace_schema_metadata({_ATTRIBUTES: json.dumps(table.attrs)})


def _rows_per_group(schema: pa.Schema) -> int:
    """Rows of a group, by the bytes of their vectors; as many as a column may have without any."""
    numbers = sum(field.type.list_size for field in schema if pa.types.is_fixed_size_list(field.type))
    return max(GROUP_BYTES // (4 * numbers), 1) if numbers else NARROW_ROWS
