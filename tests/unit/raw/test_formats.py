"""One set of galaxies in every form that people keep: each reader gives the same pixels, names and sayings."""

import bz2
import gzip
import io
import tarfile
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pyarrow as arrow
import pyarrow.parquet
import pytest
from astropy.io import fits
from PIL import Image as Pillow

from galforge.errors import GalforgeError
from galforge.raw.images import Layout, opened
from galforge.raw.rejections import Rejected

BANDS = ("g", "r", "i")
COUNT, SIDE = 5, 12
NAMES = [f"NGC{100 + i}" for i in range(COUNT)]
CUBES = np.random.default_rng(3).normal(0, 1, (COUNT, 3, SIDE, SIDE + 2)).astype(np.float32)


def read(path: Path, bands=BANDS, **layout) -> dict:
    with opened(path, Layout(bands, **layout)) as entries:
        return {entry.name: entry.read() for entry in entries}


def folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


def hdus(*parts: tuple[str, np.ndarray, dict], kind=fits.ImageHDU) -> bytes:
    """A FITS file with an empty first HDU and extensions (name, pixels, cards)."""
    made = [fits.PrimaryHDU()]
    for name, pixels, cards in parts:
        hdu = kind(pixels, name=name)
        hdu.header.update(cards)
        made.append(hdu)
    content = io.BytesIO()
    fits.HDUList(made).writeto(content)
    return content.getvalue()


def primary(pixels: np.ndarray, **cards) -> bytes:
    content = io.BytesIO()
    hdu = fits.PrimaryHDU(pixels)
    hdu.header.update(cards)
    hdu.writeto(content)
    return content.getvalue()


def cubes(path: Path) -> dict:
    for name, cube in zip(NAMES, CUBES, strict=True):
        (folder(path) / f"{name}.fits").write_bytes(primary(cube))
    return {}


def cubes_with_degenerate_axes(path: Path) -> dict:
    for name, cube in zip(NAMES, CUBES, strict=True):
        (folder(path) / f"{name}.fit").write_bytes(primary(cube[None, :, None]))
    return {}


def compressed_cubes(path: Path) -> dict:
    packed = partial(fits.CompImageHDU, compression_type="GZIP_2", quantize_level=0)
    for name, cube in zip(NAMES, CUBES, strict=True):
        content = hdus(("SCI", cube, {}), kind=packed)
        (folder(path) / f"{name}.fits.fz").write_bytes(content)
    return {}


def zipped_cubes(path: Path) -> dict:
    for index, (name, cube) in enumerate(zip(NAMES, CUBES, strict=True)):
        packed = bz2.compress(primary(cube)) if index % 2 else gzip.compress(primary(cube))
        (folder(path) / f"{name}.FITS.{'bz2' if index % 2 else 'GZ'}").write_bytes(packed)
    return {}


def an_extension_per_band(path: Path) -> dict:
    for name, cube in zip(NAMES, CUBES, strict=True):
        parts = [(f"SCI_{band.upper()}", cube[BANDS.index(band)], {}) for band in ("i", "g", "r")]
        parts += [(f"ERR_{band.upper()}", np.ones_like(cube[0]), {}) for band in BANDS]
        (folder(path) / f"{name}.fits").write_bytes(hdus(*parts))
    return {}


def an_extension_per_filter(path: Path) -> dict:
    for name, cube in zip(NAMES, CUBES, strict=True):
        parts = [("", cube[BANDS.index(band)], {"FILTER": band}) for band in ("r", "i", "g")]
        (folder(path) / f"{name}.fits").write_bytes(hdus(*parts))
    return {}


def numbered_extensions(path: Path) -> dict:
    for name, cube in zip(NAMES, CUBES, strict=True):
        parts = [("", plane, {}) for plane in (cube[2], cube[0], cube[1])]
        (folder(path) / f"{name}.fits").write_bytes(hdus(*parts))
    return {"extension": "2,3,1"}


def a_file_per_band(path: Path) -> dict:
    for name, cube in zip(NAMES, CUBES, strict=True):
        for band, plane in zip(BANDS, cube, strict=True):
            (folder(path) / f"{name}_{band.upper()}.fits").write_bytes(primary(plane))
    return {"pattern": "*_{band}.fits"}


def a_folder_per_band(path: Path) -> dict:
    for name, cube in zip(NAMES, CUBES, strict=True):
        for band, plane in zip(BANDS, cube, strict=True):
            (folder(path / band) / f"{name}.fits").write_bytes(primary(plane))
    return {"pattern": "{band}/*.fits"}


def tar(path: Path) -> dict:
    with tarfile.open(path, "w:gz") as archive:
        for name, cube in zip(NAMES, CUBES, strict=True):
            member = tarfile.TarInfo(f"cutouts/{name}.fits")
            content = primary(cube)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return {}


def one_fits_with_names(path: Path) -> dict:
    images = fits.ImageHDU(CUBES, name="IMAGES")
    table = fits.BinTableHDU.from_columns([fits.Column("NAME", "8A", array=NAMES)])
    fits.HDUList([fits.PrimaryHDU(), table, images]).writeto(path.with_suffix(".fits"))
    return {}


def an_extension_per_galaxy(path: Path) -> dict:
    parts = [(name, cube, {}) for name, cube in zip(NAMES, CUBES, strict=True)]
    path.with_suffix(".fits").write_bytes(hdus(*parts))
    return {}


def an_npz_per_galaxy(path: Path) -> dict:
    for name, cube in zip(NAMES, CUBES, strict=True):
        np.savez(folder(path) / f"{name}.npz", images=cube, weights=np.ones_like(cube))
    return {}


def npz(path: Path) -> dict:
    columns = {"names": NAMES, "redshift": np.arange(5.0)}
    np.savez_compressed(path.with_suffix(".npz"), images=np.moveaxis(CUBES, 1, -1), **columns)
    return {}


def npy(path: Path) -> dict:
    np.save(path.with_suffix(".npy"), CUBES)
    return {}


def hdf5(path: Path) -> dict:
    with h5py.File(path.with_suffix(".h5"), "w") as file:
        file["group/cubes"] = np.moveaxis(CUBES, 1, -1)
        file["object_id"] = np.array(NAMES, dtype="S")
        file["redshift"] = np.arange(5.0)
    return {}


def parquet(path: Path) -> dict:
    table = arrow.table({"name": NAMES, "image": CUBES.tolist(), "redshift": np.arange(5.0)})
    arrow.parquet.write_table(table, path.with_suffix(".parquet"), row_group_size=2)
    return {}


def shards_of_parquet(path: Path) -> dict:
    for shard, rows in enumerate((slice(0, 2), slice(2, 5))):
        table = arrow.table({"name": NAMES[rows], "image": CUBES[rows].tolist()})
        arrow.parquet.write_table(table, folder(path) / f"train-{shard:05d}-of-00002.parquet")
    return {}


def multimodal_universe(path: Path) -> dict:
    """Bands in another order, with others among them, as lists in a struct."""
    order = [1, 2, 0]
    rows = [
        {
            "band": [f"HSC-{BANDS[i].upper()}" for i in order] + ["HSC-Z"],
            "flux": [*cube[order].tolist(), np.zeros_like(cube[0]).tolist()],
            "ivar": [*np.ones_like(cube).tolist(), np.zeros_like(cube[0]).tolist()],
            "psf_fwhm": [0.6 + i for i in order] + [9.0],
            "scale": [0.168] * 4,
        }
        for cube in CUBES
    ]
    table = arrow.table({"image": rows, "object_id": NAMES})
    arrow.parquet.write_table(table, path.with_suffix(".parquet"))
    return {}


def multimodal_universe_by_band(path: Path) -> dict:
    """The same as a list of structs."""
    rows = [
        [
            {"band": f"des-{band}", "flux": plane.tolist(), "psf_fwhm": 0.6 + i, "scale": 0.168}
            for i, (band, plane) in enumerate(zip(BANDS, cube, strict=True))
        ]
        for cube in CUBES
    ]
    arrow.parquet.write_table(arrow.table({"image": rows, "object_id": NAMES}), path.with_suffix(".parquet"))
    return {}


FORMS = [
    cubes, cubes_with_degenerate_axes, compressed_cubes, zipped_cubes, an_extension_per_band, an_extension_per_filter,
    numbered_extensions, a_file_per_band, a_folder_per_band, tar, one_fits_with_names, an_extension_per_galaxy,
    an_npz_per_galaxy, npz, npy, hdf5, parquet, shards_of_parquet, multimodal_universe, multimodal_universe_by_band,
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_every_form_gives_the_same_galaxies(tmp_path, form):
    path = tmp_path / "data"
    layout = form(path)
    path = next(found for found in tmp_path.iterdir() if found.stem == "data")
    found = read(path, **layout)
    names = [f"{row:06d}" for row in range(COUNT)] if form is npy else NAMES
    assert list(found) == names
    for name, cube in zip(names, CUBES, strict=True):
        np.testing.assert_array_equal(found[name].pixels, cube)
    if form in (npz, hdf5, parquet):
        assert [image.columns["redshift"] for image in found.values()] == [0, 1, 2, 3, 4]
    if form in (multimodal_universe, multimodal_universe_by_band):
        first = found[names[0]]
        assert first.said.pixel_scale == pytest.approx(0.168)
        assert [first.columns[f"psf_fwhm_{band}"] for band in BANDS] == pytest.approx([0.6, 1.6, 2.6])
    if form is multimodal_universe:
        assert not found[names[0]].missing.any()


def test_galaxy10(tmp_path):
    """``images`` (N, H, W, 3) in 8 bits, with classes, redshifts and pixel scales beside them."""
    pictures = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), np.uint8)
    with h5py.File(tmp_path / "Galaxy10_DECals.h5", "w") as file:
        file["images"], file["ans"] = pictures, np.array([0, 1, 2, 3], np.uint8)
        file["ra"], file["dec"] = np.arange(4.0), np.arange(4.0) - 2
        file["redshift"], file["pxscale"] = np.array([0.1, 0.2, np.nan, 0.4]), np.full(4, 0.262)
    found = list(read(tmp_path / "Galaxy10_DECals.h5").values())
    np.testing.assert_array_equal(np.stack([image.pixels for image in found]), np.moveaxis(pictures, -1, 1))
    assert found[0].pixels.dtype == np.uint8
    assert found[1].columns == {"ans": 1, "ra": 1, "dec": -1, "redshift": 0.2, "pxscale": 0.262}
    assert found[3].said.pixel_scale == 0.262


@pytest.mark.parametrize("kind", ["png", "jpeg"])
def test_pictures_in_parquet_and_in_files(tmp_path, kind):
    """Columns of the datasets library: a struct of bytes and path."""
    pictures = np.random.default_rng(0).integers(0, 256, (3, 16, 20, 3), np.uint8)
    rows = []
    for index, picture in enumerate(pictures):
        content = io.BytesIO()
        Pillow.fromarray(picture).save(content, kind)
        (folder(tmp_path / "files") / f"{NAMES[index]}.{kind}").write_bytes(content.getvalue())
        rows.append({"bytes": content.getvalue(), "path": f"{NAMES[index]}.{kind}"})
    table = arrow.table({"image": rows, "label": [0, 1, 2], "object_id": NAMES[:3]})
    arrow.parquet.write_table(table, tmp_path / "pictures.parquet")
    of_column, of_files = read(tmp_path / "pictures.parquet"), read(tmp_path / "files")
    assert list(of_column) == list(of_files) == NAMES[:3]
    for index, name in enumerate(of_column):
        np.testing.assert_array_equal(of_column[name].pixels, of_files[name].pixels)
        if kind == "png":
            np.testing.assert_array_equal(of_files[name].pixels, np.moveaxis(pictures[index], -1, 0))
    assert of_column[NAMES[1]].columns["label"] == 1


def test_single_band_arrays_and_cubes(tmp_path):
    images = CUBES[:, 0]
    np.save(tmp_path / "a.npy", images)
    fits.PrimaryHDU(images).writeto(tmp_path / "b.fits")
    with h5py.File(tmp_path / "c.hdf5", "w") as file:
        file["x"] = images[:, None]
    for name in ("a.npy", "b.fits", "c.hdf5"):
        found = read(tmp_path / name, ("F814W",))
        np.testing.assert_array_equal([image.pixels[0] for image in found.values()], images)
        with opened(tmp_path / name, Layout(("F814W",))) as entries:
            assert {entry.own_name for entry in entries} == {""}, "a row's number is no name"


def test_galforge_s_own_stamps_come_back(tmp_path):
    from galforge.stamps.file import Header, StampsWriter
    from galforge.stamps.fits import write_fits

    header = Header(BANDS, 0.168, "arcsec", "nJy", (31.4, 31.4, 31.4), 12.5, "observed")
    with StampsWriter(tmp_path / "s.h5", CUBES.shape[1:], header, COUNT) as writer:
        for name, cube in zip(NAMES, CUBES, strict=True):
            writer.append(cube, name=name, split="train", redshift=0.5)
    write_fits(tmp_path / "s.h5", tmp_path / "s.fits", None)
    for file in ("s.h5", "s.fits"):
        found = read(tmp_path / file)
        assert list(found) == NAMES
        image = found[NAMES[2]]
        np.testing.assert_array_equal(image.pixels, CUBES[2])
        assert (image.said.unit, image.said.zero_points) == ("nJy", (31.4, 31.4, 31.4))
        assert image.said.pixel_scale == 0.168
        assert image.said.bands == BANDS
        assert image.said.gain[0] == 12.5
        assert image.columns["redshift"] == 0.5


def test_what_headers_say_and_where(tmp_path):
    world = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CD1_1": -3e-5, "CD1_2": 1e-5, "CD2_1": 1e-5, "CD2_2": 3e-5}
    said = {"BUNIT": "ELECTRONS/S", "FILTER1": "CLEAR1L", "FILTER2": "F814W", "EXPTIME": 2028.0, "GAIN": -1.0}
    hst = {"PHOTFLAM": 7.0331885e-20, "PHOTPLAM": 8045.0}
    (folder(tmp_path) / "a.fits").write_bytes(primary(CUBES[0, 0], **world, **said, **hst))
    (image,) = read(tmp_path, ("F814W",)).values()
    assert image.said.bands == ("F814W",)
    assert image.said.unit == "ELECTRONS/S"
    # sqrt(|det CD|), and the zero point of ACS F814W in the handbook, 25.94.
    assert image.said.pixel_scale == pytest.approx(3600 * np.sqrt(1e-9), rel=1e-9)
    assert image.said.zero_points[0] == pytest.approx(25.94, abs=0.01)
    assert image.said.exposure_time == (2028.0,)
    assert image.said.gain == (-1.0,)
    assert image.said.where["exposure_time"] == "EXPTIME in HDU 0 of a.fits"
    (folder(tmp_path / "hsc") / "b.fits").write_bytes(primary(CUBES[1, 0], FLUXMAG0=63095734448.0194, FILTER="HSC-I"))
    (image,) = read(tmp_path / "hsc", ("i",)).values()
    assert image.said.zero_points[0] == pytest.approx(27.0, abs=1e-6)


BROKEN = {
    "cut.fits": primary(CUBES[0])[:3000],
    "empty.fits": b"",
    "text.fits": b"<html>not found</html>",
    "cut.fits.gz": gzip.compress(primary(np.random.default_rng(0).normal(0, 1, (3, 64, 64))))[:3000],
    "two_planes.fits": primary(CUBES[0, :2]),
    "table_only.fits": primary(None),
}


def test_a_damaged_file_costs_one_galaxy(tmp_path):
    cubes(tmp_path)
    for name, content in BROKEN.items():
        (tmp_path / name).write_bytes(content)
    with opened(tmp_path, Layout(BANDS)) as entries:
        assert len(entries) == COUNT + len(BROKEN)
        for entry in entries:
            if entry.name in NAMES:
                entry.read()
                continue
            with pytest.raises(Rejected) as why:
                entry.read()
            assert str(why.value).startswith(("unreadable FITS", "other bands", "no image")), entry.name


def test_a_band_that_is_missing_is_named(tmp_path):
    layout = a_file_per_band(tmp_path)
    (tmp_path / f"{NAMES[1]}_R.fits").unlink()
    (tmp_path / "unrelated.fits").write_bytes(primary(CUBES[0, 0]))
    with opened(tmp_path, Layout(BANDS, **layout)) as entries:
        assert [entry.name for entry in entries] == NAMES
        with pytest.raises(Rejected, match="bands that are missing: there is no file of r"):
            entries[1].read()


@pytest.mark.parametrize("single", [True, False])
def test_pickles_are_refused_by_name(tmp_path, single):
    np.save(tmp_path / "evil.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    if not single:
        np.savez(tmp_path / "good.npz", images=CUBES[0])
        with opened(tmp_path, Layout(BANDS)) as entries:
            entries[1].read()
            with pytest.raises(Rejected, match="pickled array"):
                entries[0].read()
        return
    with pytest.raises(GalforgeError, match=r"evil\.npy.*pickled.*save plain arrays"):
        read(tmp_path / "evil.npy")
    (tmp_path / "a.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(GalforgeError, match="Pickles run code when they are read"):
        read(tmp_path / "a.pkl")


def test_files_with_many_galaxies_that_are_damaged_stop_with_a_remedy(tmp_path):
    forms = {"npz": npz, "h5": hdf5, "parquet": parquet, "fits": one_fits_with_names}
    for ending, form in forms.items():
        name = f"data.{ending}"
        form(tmp_path / "data")
        content = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(content[: len(content) // 2])
        with pytest.raises(GalforgeError, match=rf"{name}"):
            read(tmp_path / name)


def test_arrays_that_cannot_be_told_apart_are_asked_for(tmp_path):
    np.savez(tmp_path / "a.npz", first=CUBES, second=CUBES + 1)
    with pytest.raises(GalforgeError, match=r"which array holds the images.*first.*second.*Set `array`"):
        read(tmp_path / "a.npz")
    found = read(tmp_path / "a.npz", array="second")
    np.testing.assert_array_equal(found["000001"].pixels, CUBES[1] + 1)
    np.save(tmp_path / "b.npy", np.zeros((4, 3, 8, 3)))
    with (
        opened(tmp_path / "b.npy", Layout(BANDS)) as entries,
        pytest.raises(Rejected, match=r"ambiguous axes.*set `layout`"),
    ):
        entries[0].read()
    assert read(tmp_path / "b.npy", layout="nhwc")["000000"].pixels.shape == (3, 3, 8)
    with opened(tmp_path / "b.npy", Layout(("g", "r"))) as entries, pytest.raises(Rejected, match="for 2 bands"):
        entries[0].read()


def test_previews_and_tables_beside_fits_files_are_passed_over(tmp_path, caplog):
    cubes(tmp_path)
    (tmp_path / "preview.png").write_bytes(b"png")
    (tmp_path / "catalogue.parquet").write_bytes(b"pq")
    assert list(read(tmp_path)) == NAMES
    assert "because the images are taken to be FITS: catalogue.parquet, preview.png" in caplog.text
