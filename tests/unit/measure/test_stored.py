"""Tables with columns of vectors: what is written is read, rows are chosen without reading, parts make the whole."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from galforge.errors import GalforgeError
from galforge.measure import stored, vectors
from galforge.measure.stored import join, read, write
from galforge.measure.vectors import FileRows, Vectors, rows_of, vector_columns, with_vectors


@pytest.fixture(autouse=True)
def small_groups(monkeypatch):
    monkeypatch.setattr(stored, "GROUP_BYTES", 4 * 5 * 30)  # 30 rows
    monkeypatch.setattr(stored, "NARROW_ROWS", 30)


def table(count: int = 100, width: int = 5) -> pd.DataFrame:
    draws = np.random.default_rng(0)
    split = pd.Series(draws.choice(["train", "test", ""], count), dtype="str")
    found = pd.DataFrame({"index": np.arange(count), "split": split})
    values = draws.normal(size=(count, width)).astype(np.float32)
    values[::7, 2] = np.nan
    found = with_vectors(found, {"features": values}).assign(size=draws.normal(size=count))
    found.attrs = {"engine": "some", "bands": ["g"], "noise_sigma": 0.5}
    return found


def same(first: pd.DataFrame, second: pd.DataFrame) -> None:
    wide = vector_columns(first)
    assert list(first.columns) == list(second.columns)
    assert wide == vector_columns(second)
    pd.testing.assert_frame_equal(first.drop(columns=wide), second.drop(columns=wide))
    for name in wide:
        np.testing.assert_array_equal(rows_of(first, name)[:], rows_of(second, name)[:])
    assert first.attrs == second.attrs


def test_what_was_written_is_read(tmp_path):
    for name, written in (("many", table()), ("none", table(0)), ("narrow", table().drop(columns="features"))):
        path = tmp_path / f"{name}.parquet"
        write(written, path)
        same(read(path), written)
    other = pd.read_parquet(tmp_path / "many.parquet")
    np.testing.assert_array_equal(np.stack(other["features"]), rows_of(table(), "features"))
    assert other.attrs == table().attrs


def test_a_table_has_the_same_bytes_however_its_stamps_were_cut(tmp_path):
    whole = table()
    write(whole, tmp_path / "whole.parquet")
    for cuts in ((0, 100), (0, 0, 1, 40, 40, 99, 100), (0, 50, 100)):
        parts: list[Path] = []
        for low, high in pairwise(cuts):
            part = whole.iloc[low:high]
            part.attrs = whole.attrs
            parts.append(tmp_path / f"part{len(parts)}.parquet")
            write(part, parts[-1])
        join(parts, tmp_path / "joined.parquet")
        assert (tmp_path / "joined.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes(), cuts


def test_rows_are_chosen_without_being_read(tmp_path, monkeypatch):
    path = tmp_path / "table.parquet"
    write(table(), path)
    reads = []
    own = FileRows._group
    monkeypatch.setattr(FileRows, "_group", lambda rows, group: reads.append(group) or own(rows, group))
    found, values = read(path), rows_of(table(), "features")
    test = found[found["split"] == "test"]
    side_by_side = pd.concat(
        [test.reset_index(drop=True), test[["size"]].reset_index(drop=True).add_suffix("2")], axis=1
    )
    shuffled = side_by_side.iloc[::-1].copy()
    assert not reads
    expected = values[(table()["split"] == "test").to_numpy()]
    np.testing.assert_array_equal(rows_of(shuffled, "features")[:], expected[::-1])
    np.testing.assert_array_equal(rows_of(side_by_side, "features")[3:7], expected[3:7])
    places = np.array([5, 2, 2, 9])
    np.testing.assert_array_equal(rows_of(side_by_side, "features")[places], expected[places])
    reads.clear()
    rows_of(found, "features")[10:20]
    assert reads == [0]
    np.testing.assert_array_equal(found["features"].iloc[3], values[3])


def test_parts_that_differ_are_refused(tmp_path):
    first, second = table(10), table(10)
    for name, other in (("column", second.rename(columns={"size": "area"})), ("network", table(10, width=4))):
        write(first, tmp_path / "first.parquet")
        write(other, tmp_path / f"{name}.parquet")
        with pytest.raises(GalforgeError, match=f"{name}.parquet: its columns"):
            join([tmp_path / "first.parquet", tmp_path / f"{name}.parquet"], tmp_path / "out.parquet")
        assert not (tmp_path / "out.parquet").exists()
    second.attrs = {**first.attrs, "noise_sigma": 0.6}
    write(second, tmp_path / "noise.parquet")
    with pytest.raises(GalforgeError, match="delete both to measure them again"):
        join([tmp_path / "first.parquet", tmp_path / "noise.parquet"], tmp_path / "out.parquet")


def test_no_vector_is_missing():
    column = Vectors(np.ones((3, 2), np.float32))
    assert not column.isna().any()
    with pytest.raises(ValueError, match="no missing rows"):
        column.take([0, -1], allow_fill=True)
    assert vectors.VectorDtype(2) == column.dtype != vectors.VectorDtype(3)
