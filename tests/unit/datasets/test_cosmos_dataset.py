"""Raw cutouts of every kind, good and bad, on the way to stamps."""

import csv
import gzip
import io
import logging
import tarfile
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from galforge.datasets.cosmos.dataset import build
from galforge.datasets.cosmos.settings import DatasetSettings
from galforge.errors import GalforgeError
from galforge.stamps.file import Stamps

SIZE = 16


def image(seed: int, side: int | tuple[int, ...] = SIZE) -> np.ndarray:
    shape = (side, side) if isinstance(side, int) else side
    return np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)


def encoded(pixels: np.ndarray | None, compress: bool = True, **header) -> bytes:
    content = io.BytesIO()
    hdu = fits.PrimaryHDU(pixels)
    hdu.header.update(header)
    hdu.writeto(content)
    return gzip.compress(content.getvalue(), mtime=0) if compress else content.getvalue()


def make_tar(path: Path, members: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def settings(**given) -> DatasetSettings:
    defaults = {"source": "path", "path": "given", "size": SIZE, "min_size": 0, "pad": "noise"}
    return DatasetSettings.model_validate({**defaults, "max_rejected_share": 1.0, **given})


def run(tmp_path: Path, raw: Path, **given) -> tuple[Path, dict[str, str]]:
    out, rejected = tmp_path / "stamps.h5", tmp_path / "rejected.csv"
    build(settings(**given), [raw], out, rejected)
    with open(rejected, newline="") as file:
        return out, {row["name"]: row["reason"] for row in csv.DictReader(file)}


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_tar(tmp_path, mode):
    """Members are cropped centrally and keep their order; PSFs beside the stamps are no stamps."""
    members = {f"stamps/{i}_processed.fits.gz": encoded(image(i, 20), EXPTIME=1000.0 + i) for i in range(3)}
    members["stamps/0_psf.fits.gz"] = encoded(image(9))
    raw = make_tar(tmp_path / "raw.tar", members, mode)
    out, rejected = run(tmp_path, raw)
    assert rejected == {}
    with Stamps(out) as stamps:
        assert stamps.header.origin == "observed"
        assert stamps.header.unit == "electron/s"
        assert list(stamps.catalog("name")) == ["0_processed", "1_processed", "2_processed"]
        assert list(stamps.catalog("gain")) == [1000, 1001, 1002]
        assert set(stamps.catalog("split")) <= {"train", "validation", "test"}
        assert not stamps.catalog("padded").any()
        for i in range(3):
            np.testing.assert_array_equal(stamps.images[i, 0], image(i, 20)[2:18, 2:18])


def test_folder(tmp_path):
    """Any FITS file of a user's folder enters, in the order of names, also from folders below."""
    folder = tmp_path / "mine"
    (folder / "below").mkdir(parents=True)
    (folder / "b.fits").write_bytes(encoded(image(1), compress=False))
    (folder / "below" / "a.fits.gz").write_bytes(encoded(image(2)))
    (folder / ".hidden.fits").write_bytes(b"junk")
    (folder / "notes.txt").write_text("no stamp")
    out, rejected = run(tmp_path, folder, exposure_time_s=500.0, origin="simulated")
    assert rejected == {}
    with Stamps(out) as stamps:
        assert list(stamps.catalog("name")) == ["b", "a"]
        assert list(stamps.catalog("gain")) == [500, 500]
        assert stamps.header.origin == "simulated"
        np.testing.assert_array_equal(stamps.images[:, 0], [image(1), image(2)])


def test_files_of_one_name_in_several_folders_are_several_stamps(tmp_path):
    members = {
        f"{folder}/{name}.fits": encoded(image(i))
        for i, (folder, name) in enumerate([("a", "1"), ("b", "1"), ("b", "2")])
    }
    for kind in ("tar", "folder"):
        raw = tmp_path / "raw.tar"
        if kind == "tar":
            make_tar(raw, members)
        else:
            raw = tmp_path / "raw"
            for name, content in members.items():
                (raw / name).parent.mkdir(parents=True, exist_ok=True)
                (raw / name).write_bytes(content)
        out, rejected = run(tmp_path, raw)
        assert rejected == {}
        with Stamps(out) as stamps:
            assert list(stamps.catalog("name")) == ["a/1", "b/1", "2"]


def test_other_extension(tmp_path):
    content = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(image(3))]).writeto(content)
    raw = make_tar(tmp_path / "raw.tar", {"a.fits": content.getvalue()})
    out, _ = run(tmp_path, raw, extension=1)
    with Stamps(out) as stamps:
        np.testing.assert_array_equal(stamps.images[0, 0], image(3))
    with pytest.raises(GalforgeError, match="set `extension`"):
        run(tmp_path, raw)
    with pytest.raises(GalforgeError, match="2 HDUs, none of number 5"):
        run(tmp_path, raw, extension=5)


def test_every_bad_stamp_is_listed_with_its_reason(tmp_path):
    nan, infinite = image(1), image(2)
    nan[3, 4], infinite[5, 6] = np.nan, np.inf
    raw_bytes = encoded(image(3, 64), compress=False)
    members = {
        "good.fits.gz": encoded(image(0), FILTER="F814W"),
        "acs.fits.gz": encoded(image(20), FILTER1="CLEAR1L", FILTER2="F814W"),
        "cut_gzip.fits.gz": encoded(image(3, 64))[:3000],
        "cut_fits.fits": raw_bytes[: len(raw_bytes) // 2],
        "cut_header.fits": raw_bytes[:1000],
        "text.fits": b"<html>not found</html>",
        "empty.fits": b"",
        "cube.fits.gz": encoded(image(4, (3, SIZE, SIZE))),
        "line.fits.gz": encoded(image(5, (SIZE,))),
        "nan.fits.gz": encoded(nan),
        "infinite.fits.gz": encoded(infinite),
        "huge.fits.gz": encoded(image(6).astype(np.float64) * 1e300),
        "zero.fits.gz": encoded(np.zeros((SIZE, SIZE), np.float32)),
        "constant.fits.gz": encoded(np.full((SIZE, SIZE), 7, np.int16)),
        "band.fits.gz": encoded(image(7), FILTER="F606W"),
        "good.fits": encoded(image(8), compress=False),
        "copy.fits.gz": encoded(image(0)),
        "nodata.fits.gz": encoded(None),
    }
    out, rejected = run(tmp_path, make_tar(tmp_path / "raw.tar", members))
    with Stamps(out) as stamps:
        assert list(stamps.catalog("name")) == ["good", "acs", "nan", "infinite"]
        assert stamps.catalog("missing_share").tolist() == [0, 0, 1 / 256, 1 / 256], "filled and counted"
    expected = {
        "cut_gzip": "unreadable FITS: truncated or damaged",
        "cut_fits": "unreadable FITS: truncated or damaged",
        "cut_header": "unreadable FITS: truncated or damaged",
        "text": "unreadable FITS: truncated or damaged",
        "empty": "unreadable FITS: the file is empty",
        "cube": f"not a 2-D image: shape (3, {SIZE}, {SIZE})",
        "line": f"not a 2-D image: shape ({SIZE},)",
        "huge": "missing pixels: 100.0% of F814W",
        "zero": "constant image: every pixel is 0",
        "constant": "constant image: every pixel is 7",
        "band": "wrong band: F606W, expected F814W",
        "good": "duplicate name",
        "copy": "identical pixels: the same image as good",
        "nodata": "no image: HDU 0 holds none",
    }
    assert rejected.keys() == expected.keys()
    for name, reason in expected.items():
        assert rejected[name].startswith(reason), (name, rejected[name])


def test_unsafe_members_are_neither_written_nor_read(tmp_path):
    raw = tmp_path / "inner" / "raw.tar"
    raw.parent.mkdir()
    outside = tmp_path / "outside.fits"
    outside.write_bytes(encoded(image(5), compress=False))
    make_tar(
        raw,
        {
            "fine.fits": encoded(image(0), compress=False),
            "../climbs.fits": encoded(image(1), compress=False),
            "/tmp/absolute.fits": encoded(image(2), compress=False),
            "up\\..\\windows.fits": encoded(image(3), compress=False),
        },
    )
    with tarfile.open(raw, "a") as archive:
        for name, kind in (
            ("soft.fits", tarfile.SYMTYPE),
            ("hard.fits", tarfile.LNKTYPE),
            ("pipe.fits", tarfile.FIFOTYPE),
        ):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "" if kind == tarfile.FIFOTYPE else str(outside)
            archive.addfile(member)
    before = sorted(tmp_path.rglob("*"))
    out, rejected = run(tmp_path, raw)
    assert sorted(set(tmp_path.rglob("*")) - set(before)) == [tmp_path / "rejected.csv", out]
    assert rejected.keys() == {"climbs", "absolute", "up\\..\\windows", "soft", "hard", "pipe"}
    assert all("would write outside its folder" in reason for reason in rejected.values())
    with Stamps(out) as stamps:
        assert list(stamps.catalog("name")) == ["fine"]


def test_size_cut_is_no_fault(tmp_path, caplog):
    """Stamps below the cut are listed, but a selection that drops most stamps does not stop the stage."""
    members = {f"{i}.fits.gz": encoded(image(i, 12 if i else (SIZE, 40))) for i in range(5)}
    raw = make_tar(tmp_path / "raw.tar", members)
    with caplog.at_level(logging.INFO, logger="galforge"):
        out, rejected = run(tmp_path, raw, min_size=SIZE, max_rejected_share=0.0)
    assert len(rejected) == 4
    assert rejected["1"] == "below the size cut: 12 x 12 px, both sides must be >= 16"
    assert "5 cutouts, 1 accepted, 0 of them padded with noise, 4 rejected: 4 below" in caplog.text
    with Stamps(out) as stamps:
        np.testing.assert_array_equal(stamps.images[0, 0], image(0, (SIZE, 40))[:, 12:28])
    out, rejected = run(tmp_path, raw, pad="refuse", max_rejected_share=0.0)
    assert rejected["1"].startswith("smaller than the stamps: 12 x 12 px")


def test_padding(tmp_path):
    """A small stamp lies in the middle of noise like its own sky's, set by seed and name."""
    small = np.round(image(1, (40, 80)) * 3, 2)
    raw = make_tar(tmp_path / "raw.tar", {"small.fits.gz": encoded(small), "large.fits.gz": encoded(image(2, 90))})
    out, _ = run(tmp_path, raw, size=64)
    with Stamps(out) as stamps:
        first = stamps.images[0, 0]
        assert list(stamps.catalog("padded")) == [True, False]
        assert list(stamps.catalog("native_height")) == [40, 90]
        assert list(stamps.catalog("native_width")) == [80, 90]
    np.testing.assert_array_equal(first[12:52], small[:, 8:72])
    noise = np.concatenate([first[:12].ravel(), first[52:].ravel()])
    assert noise.std() == pytest.approx(small.std(), rel=0.07)
    assert abs(noise.mean()) < 0.25
    alone = make_tar(tmp_path / "alone.tar", {"small.fits.gz": encoded(small)})
    with Stamps(run(tmp_path, alone, size=64)[0]) as stamps:
        np.testing.assert_array_equal(stamps.images[0, 0], first)
    with Stamps(run(tmp_path, alone, size=64, seed=1)[0]) as stamps:
        assert not np.array_equal(stamps.images[0, 0], first)


def test_too_many_faults_stop_the_stage(tmp_path):
    members = {f"{i}.fits.gz": encoded(image(i)) for i in range(8)}
    members["bad.fits.gz"] = encoded(image(9), FILTER="F606W")
    raw = make_tar(tmp_path / "raw.tar", members)
    with pytest.raises(
        GalforgeError, match=r"1 of 9 cutouts are faulty.*max_rejected_share 0\.1 .*(?s:.*)bad \(wrong band"
    ):
        run(tmp_path, raw, max_rejected_share=0.1)
    assert not (tmp_path / "stamps.h5").exists()
    run(tmp_path, raw, max_rejected_share=0.2)


def test_unusable_input(tmp_path):
    for name, members, said in (
        ("none.tar", {}, "is empty"),
        (
            "other.tar",
            {"readme.txt": b"text"},
            "none of its 1 files holds images; the first is readme.txt",
        ),
        ("small.tar", {"a.fits": encoded(image(1, 4))}, "none of the 1 cutouts became a stamp"),
    ):
        with pytest.raises(GalforgeError, match=said):
            run(tmp_path, make_tar(tmp_path / name, members), min_size=SIZE)
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.tar").write_text("<html>not a tar</html>")
    content = make_tar(tmp_path / "whole.tar", {"a.fits": encoded(image(1, 64), compress=False)}).read_bytes()
    (tmp_path / "cut.tar").write_bytes(content[:5000])
    catalogue(tmp_path, [(1.0,)], ("MAG",)).rename(tmp_path / "table.fits")
    for name, said in (
        ("folder", "is empty"),
        ("missing.tar", "no such file"),
        ("text.tar", "neither a tar"),
        ("cut.tar", "truncated or damaged"),
        ("table.fits", "lacks the columns IDENT, GAL_FILENAME, GAL_HDU"),
    ):
        with pytest.raises(GalforgeError, match=said):
            run(tmp_path, tmp_path / name)
    with pytest.raises(GalforgeError, match=r"Set `pattern`"):
        run(tmp_path, tmp_path / "whole.tar", pattern="*_i.fits")
    with pytest.raises(GalforgeError, match="got 0"):
        build(settings(), [], tmp_path / "o.h5", tmp_path / "r.csv")


def test_same_bytes_twice(tmp_path):
    raw = make_tar(tmp_path / "raw.tar", {f"{i}.fits.gz": encoded(image(i, 10 + i)) for i in range(9)})
    first = run(tmp_path, raw)[0].read_bytes()
    assert run(tmp_path, raw)[0].read_bytes() == first


def catalogue(folder: Path, rows: list[tuple], names: tuple[str, ...]) -> Path:
    columns = [
        fits.Column(name, {int: "J", float: "D", str: "64A"}[type(rows[0][i])], array=[row[i] for row in rows])
        for i, name in enumerate(names)
    ]
    path = folder / "catalogue.fits"
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns)]).writeto(path, overwrite=True)
    return path


def test_real_galaxy_catalogue(tmp_path):
    for number in (1, 2):
        hdus = [fits.PrimaryHDU(image(10 * number)), fits.ImageHDU(image(10 * number + 1, 20))]
        fits.HDUList(hdus).writeto(tmp_path / f"images_{number}.fits")
    names = ("IDENT", "MAG", "NOISE_VARIANCE", "BAND", "GAL_FILENAME", "GAL_HDU")
    rows = [
        (100, 21.5, 1e-6, "F814W", "images_1.fits", 0),
        (101, 22.5, 2e-6, "F814W", "images_1.fits", 1),
        (200, 23.5, 3e-6, "F814W", "images_2.fits", 1),
        (201, 24.5, 4e-6, "F606W", "images_2.fits", 0),
        (300, 24.5, 4e-6, "F814W", "images_3.fits", 0),
        (301, 24.5, 4e-6, "F814W", "images_2.fits", 7),
        (302, 24.5, 4e-6, "F814W", "../images_1.fits", 0),
    ]
    out, rejected = run(tmp_path, catalogue(tmp_path, rows, names))
    assert {name: reason.split(":")[0] for name, reason in rejected.items()} == {
        "201": "wrong band",
        "300": "unreadable FITS",
        "301": "unreadable FITS",
        "302": "unsafe image file",
    }
    with Stamps(out) as stamps:
        assert list(stamps.catalog("name")) == ["100", "101", "200"]
        np.testing.assert_allclose(stamps.catalog("magnitude"), [21.5, 22.5, 23.5])
        np.testing.assert_allclose(stamps.catalog("noise_variance"), [1e-6, 2e-6, 3e-6])
        np.testing.assert_array_equal(stamps.images[2, 0], image(21, 20)[2:18, 2:18])
    with pytest.raises(GalforgeError, match="lacks the columns GAL_FILENAME, GAL_HDU"):
        run(tmp_path, catalogue(tmp_path, [(1, 2.0)], ("IDENT", "MAG")))


@pytest.mark.real
def test_real_galaxies(tmp_path, real_data):
    """All 100 HST galaxies enter; 18 are 64 px wide or wider by nature."""
    path = real_data / "hst_cosmos_f814w" / "real_galaxy_catalog_26_extension_example.fits"
    out, rejected = run(tmp_path, path, size=64, max_rejected_share=0.0)
    assert rejected == {}
    with Stamps(out) as stamps:
        assert len(stamps) == 100
        assert (~stamps.catalog("padded")).sum() == 18
        wide = stamps.catalog("native_height") >= 64
        flux = stamps.images[:][wide, 0].sum(axis=(1, 2))
        magnitude = stamps.header.zero_points[0] - 2.5 * np.log10(flux)
        assert np.median(np.abs(magnitude - stamps.catalog("magnitude")[wide])) < 0.1
