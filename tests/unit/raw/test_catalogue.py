"""Catalogues beside images: four formats, joined by name."""

import numpy as np
import pyarrow as arrow
import pyarrow.parquet
import pytest
from astropy.table import MaskedColumn, Table

from galforge.errors import GalforgeError
from galforge.raw.catalogue import read

NAMES = ["a 1", "galax\u00eda", "0003"]


def table() -> Table:
    columns = {"name": NAMES, "z": MaskedColumn([0.5, 1.5, 9.0], mask=[False, False, True]), "type": ["E", "Sb", "Sc"]}
    return Table(columns | {"count": [1, 2, 3]})


@pytest.mark.parametrize("ending", ["csv", "ecsv", "fits", "parquet"])
def test_every_format_gives_the_same_rows(tmp_path, ending):
    path = tmp_path / f"table.{ending}"
    rows = table()
    if ending == "fits":
        rows["name"] = ["a 1", "galaxia", "0003"]
    if ending == "parquet":
        rows.to_pandas().to_parquet(path)
    else:
        rows.write(path)
    found = read(path)
    assert found.row("a 1") == {"z": 0.5, "type": "E", "count": 1}
    assert found.row("folder/a 1.fits")["count"] == 1
    assert np.isnan(found.row("0003")["z"])
    assert found.row("3") is not None, "a table of numbers would have lost the zeros"
    assert found.row("4") is None
    if ending != "fits":
        assert found.row("galaxi\u0301a")["z"] == 1.5, "another form of the same letters"


def test_rows_and_images_that_do_not_meet_are_named(tmp_path):
    path = tmp_path / "t.csv"
    table().write(path)
    found = read(path)
    assert found.without_image(["a 1.fits", "other"]) == ["galax\u00eda", "0003"]
    with pytest.raises(GalforgeError, match=r"none of its 3 names is that of an image: the catalogue has a 1, .* x, y"):
        found.without_image(["x", "y"])


def test_catalogues_that_cannot_serve(tmp_path):
    rows = table()
    rows["name"] = ["a", "a", "b"]
    rows.write(tmp_path / "twice.csv")
    rows.rename_column("name", "galaxy")
    rows.write(tmp_path / "other.csv")
    (tmp_path / "broken.fits").write_text("no table")
    (tmp_path / "notes.txt").write_text("no table")
    for name, said in (
        ("twice.csv", "name has a more than once"),
        ("other.csv", "no column of names; there are galaxy, z, type, count"),
        ("broken.fits", "not a readable catalogue"),
        ("notes.txt", r"ends in \.csv, \.ecsv, \.fits or \.parquet"),
        ("absent.csv", "there is no such file"),
    ):
        with pytest.raises(GalforgeError, match=said):
            read(tmp_path / name)
    with pytest.raises(GalforgeError, match="a more than once"):
        read(tmp_path / "other.csv", "galaxy")


def test_whole_numbers_are_names(tmp_path):
    Table({"id": [12, 345], "z": [0.1, 0.2]}).write(tmp_path / "t.csv")
    assert read(tmp_path / "t.csv").row("345") == {"z": 0.2}


def test_columns_of_lists_are_left_out(tmp_path):
    columns = {"name": ["a", "b"], "even": [[1.0, 2.0], [3.0, 4.0]], "ragged": [[1.0], [2.0, 3.0]], "z": [0.1, 0.2]}
    arrow.parquet.write_table(arrow.table(columns), tmp_path / "t.parquet")
    assert read(tmp_path / "t.parquet").row("b") == {"z": 0.2}


def test_the_mark_of_spreadsheets_is_no_part_of_a_name(tmp_path):
    (tmp_path / "t.csv").write_bytes("\ufeffname,z\na,0.1\n".encode())
    assert read(tmp_path / "t.csv").row("a") == {"z": 0.1}


def test_identifiers_keep_every_digit(tmp_path):
    (tmp_path / "t.csv").write_text(f"name,parent\na,{2**53 + 1}\nb,1\n")
    assert read(tmp_path / "t.csv").row("a") == {"parent": str(2**53 + 1)}


def test_a_catalogue_without_rows_is_named(tmp_path):
    (tmp_path / "t.csv").write_text("name,z\n")
    with pytest.raises(GalforgeError, match="has no rows"):
        read(tmp_path / "t.csv").without_image(["a"])
