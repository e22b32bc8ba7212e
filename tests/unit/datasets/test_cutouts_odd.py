"""Cutouts with odd values, scales, levels, columns and folders: what is said of them, and what is refused."""

import os

import pyarrow as arrow
import pyarrow.parquet
import pytest

from galforge.errors import GalforgeError
from toys.cutouts import build, disc, run, settings, write


def test_pixels_far_below_the_sky_are_named(tmp_path, caplog):
    for i in range(24):
        image = disc(i)
        if i == 3:
            image[::9, ::9] = -999
        write(tmp_path / "raw" / f"g{i:02d}.fits", image)
    run(tmp_path, tmp_path / "raw")
    assert "pixels of 1 of 24 cutouts are far below their sky: g03. If they stand for pixels that are" in caplog.text


def test_pixels_that_are_no_square_are_refused_where_nothing_else_says_their_scale(tmp_path, caplog):
    cards = {"CTYPE1": "RA---TAN", "CDELT1": -0.06 / 3600, "CDELT2": 0.03 / 3600}
    for i in range(3):
        write(tmp_path / "raw" / f"g{i}.fits", disc(i), **cards)
    with pytest.raises(
        GalforgeError, match=r"0.06 x 0.03 arcsec, no square .CDELT1 in HDU 0 of g0.fits.(?s:.)*set `pi"
    ):
        run(tmp_path, tmp_path / "raw", pixel_scale=0.0)
    assert run(tmp_path, tmp_path / "raw")[1] == {}
    assert "for 3 cutouts files and settings contradict each other in pixel scale" in caplog.text


def test_what_is_beyond_8_bit_levels_is_no_picture(tmp_path):
    for i in range(3):
        write(tmp_path / "raw" / f"g{i}.fits", disc(i) * 1e4)
    display = {"unit": "display", "zero_points": [], "exposure_times_s": []}
    with pytest.raises(GalforgeError, match=r"no picture: levels from .* expected 0 to 255"):
        run(tmp_path, tmp_path / "raw", **display)


def test_a_first_cutout_without_a_zero_point_does_not_take_those_of_others(tmp_path):
    for i in range(3):
        write(tmp_path / "raw" / f"g{i}.fits", disc(i), **({"MAGZERO": 25.0} if i else {}))
    with pytest.raises(
        GalforgeError, match=r"MAGZERO in HDU 0 of g1.fits has one, cutouts before it have none: set `z"
    ):
        run(tmp_path, tmp_path / "raw", zero_points=[])


def test_a_column_whose_name_no_stamps_file_can_hold_is_named(tmp_path):
    table = {"image": [disc(i).tolist() for i in range(3)], "flux/err": [1.0, 2.0, 3.0]}
    arrow.parquet.write_table(arrow.table(table), tmp_path / "raw.parquet")
    with pytest.raises(GalforgeError, match=r"no column may have / in its name: rename flux/err"):
        run(tmp_path, tmp_path / "raw.parquet", columns=["all"])


def test_two_cutouts_do_not_share_a_row_of_the_catalogue(tmp_path):
    for i in range(12):
        write(tmp_path / "raw" / "a" / f"g{i}.fits", disc(i))
    write(tmp_path / "raw" / "b" / "g3.fits", disc(100))
    (tmp_path / "c.csv").write_text("name,z\n" + "\n".join(f"g{i},0.1" for i in range(12)))
    build(settings(), [tmp_path / "raw", tmp_path / "c.csv"], tmp_path / "s.h5", tmp_path / "r.csv")
    rows = (tmp_path / "r.csv").read_text().splitlines()
    assert len(rows) == 2
    assert rows[1].startswith("b/g3,the row of another cutout: g3 in ")


def test_a_folder_that_cannot_be_listed_is_named(tmp_path, monkeypatch):
    write(tmp_path / "raw" / "g.fits", disc(0))
    (tmp_path / "raw" / "more").mkdir()
    listing = os.scandir

    def scandir(path):
        if str(path).endswith("more"):
            raise PermissionError(13, "Permission denied", str(path))
        return listing(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(GalforgeError, match=r"more: cannot be listed .Permission denied.; make it readable"):
        run(tmp_path, tmp_path / "raw")
