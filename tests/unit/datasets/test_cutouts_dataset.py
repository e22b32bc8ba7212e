"""Cutouts of several bands, with catalogues and in several formats, and the situations that docs/ describes."""

import csv
import re
from pathlib import Path

import h5py
import numpy as np
import pyarrow as arrow
import pyarrow.parquet
import pytest
import yaml
from astropy.io import fits
from astropy.table import Table
from PIL import Image as Pillow

from galforge.datasets.cutouts.dataset import build
from galforge.datasets.cutouts.settings import DatasetSettings, check_measuring, conditions_of
from galforge.errors import GalforgeError
from galforge.models.given.settings import ModelSettings as GivenSettings
from galforge.sampling.given import take
from galforge.stamps.file import Stamps
from toys.cutouts import columns, disc, images, run, write

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "your-own-galaxies.md"
BANDS = ["g", "r", "i"]
COUNT = 12


def cube(seed: int, side: int = 64) -> np.ndarray:
    """A galaxy in three bands (3, side, side), in nJy."""
    return np.stack([disc(seed, side) * 150 * factor + disc(100 + seed, side, rms=0) * 0 for factor in (0.7, 1, 1.4)])


def situations() -> dict[str, dict]:
    """The blocks of the page, by the path in them."""
    blocks = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)]
    found = [block["datasets"]["mine"] for block in blocks if "family" in block.get("datasets", {}).get("mine", {})]
    return {Path(block["path"]).name: block for block in found}


def make(kind: str, path: Path) -> None:
    """Data of one of the page's situations."""
    path.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    if kind == "cutouts":
        for i in range(COUNT):
            write(path / f"g{i}.fits", disc(i, 40 + 4 * i))
    elif kind == "three_bands":
        for i in range(COUNT):
            for band, plane in zip(BANDS, cube(i), strict=True):
                write(path / band / f"g{i}.fits", plane, BUNIT="nJy", FILTER=f"HSC-{band.upper()}")
        Table({"name": [f"g{i}" for i in range(COUNT)], "redshift": np.arange(COUNT) / 10}).write(
            path.parent / "galaxies.csv"
        )
    elif kind == "Galaxy10_DECals.h5":
        with h5py.File(path, "w") as file:
            file["images"] = random.integers(0, 256, (COUNT, 96, 96, 3), np.uint8)
            file["ans"], file["redshift"] = np.arange(COUNT, dtype=np.uint8), np.linspace(0, 0.2, COUNT)
            file["pxscale"] = np.full(COUNT, 0.262)
    else:
        rows = [
            {
                "band": [f"HSC-{band.upper()}" for band in (*BANDS, "z")],
                "flux": [*cube(i).tolist(), cube(i)[0].tolist()],
                "psf_fwhm": [0.7, 0.8, 0.6, 0.7],
                "scale": [0.168] * 4,
            }
            for i in range(COUNT)
        ]
        arrow.parquet.write_table(arrow.table({"image": rows, "object_id": [f"{i}" for i in range(COUNT)]}), path)


@pytest.mark.parametrize("kind", ["cutouts", "three_bands", "Galaxy10_DECals.h5", "mmu.parquet"])
def test_each_situation_of_the_page_becomes_stamps(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    block = situations()[kind]
    assert block.pop("family") == "cutouts"
    measuring = block.pop("measuring", {})
    settings = DatasetSettings.model_validate(block)
    check_measuring(settings, measuring.get("band", 0))
    make(kind, Path(settings.path))
    raw = [Path(path) for path in (settings.path, settings.catalogue) if path]
    build(settings, raw, Path("s.h5"), Path("s.rejected.csv"))
    assert Path("s.rejected.csv").read_text() == "name,reason\n"
    with Stamps("s.h5") as stamps:
        assert stamps.shape == (len(settings.bands), 64, 64)
        assert len(stamps) == COUNT
        assert stamps.header.unit == {"cutouts": "electron/s", "mmu.parquet": "adu"}.get(kind, settings.unit)
        for name in conditions_of(settings):
            assert stamps.catalog(name).tolist() == [int(n.removeprefix("g")) / 10 for n in stamps.catalog("name")]
        if settings.unit == "display":
            assert stamps.header.zero_points == ()
            assert "gain" not in stamps.columns
            assert stamps.catalog("ans").tolist() == list(range(COUNT))
        elif len(settings.bands) == 3:
            row = stamps.catalog("name").tolist().index("g3" if kind == "three_bands" else "3")
            np.testing.assert_array_equal(stamps.images[row], cube(3).astype(np.float32))
            assert stamps.catalog("gain")[0] == settings.gains[-1 if len(settings.gains) == 1 else settings.gain_band]
            assert len(stamps.header.zero_points) == 3
        if kind == "mmu.parquet":
            assert stamps.header.pixel_scale == pytest.approx(0.168)
            assert stamps.catalog("psf_fwhm_r")[0] == pytest.approx(0.8)


def test_generated_galaxies_of_the_page_are_taken_beside_its_cutouts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)]
    theirs, run = next((each["models"]["theirs"], each["run"]) for each in blocks if "models" in each)
    assert theirs.pop("family") == "given"
    assert run == [{"dataset": "mine", "model": "theirs"}]
    block = situations()["cutouts"]
    del block["family"]
    make("cutouts", Path(block["path"]))
    build(DatasetSettings.model_validate(block), [Path(block["path"])], Path("s.h5"), Path("s.rejected.csv"))
    settings = GivenSettings.model_validate(theirs)
    generated = np.stack([disc(500 + i) for i in range(COUNT)])
    np.savez(settings.path, images=generated)
    counts = take(settings, Path(settings.path), None, Path("s.h5"), Path("g.h5"), Path("g.rejected.csv"))
    assert counts == {"were": COUNT, "taken": COUNT}
    with Stamps("g.h5") as stamps:
        np.testing.assert_array_equal(stamps.images[:, 0], generated)
        assert stamps.header.origin == "generated"


def test_the_shipped_overlay_is_the_page_s_first_situation():
    shipped = yaml.safe_load((ROOT / "config/experiments/own_stamps.yaml").read_text("utf-8"))["datasets"]["mine"]
    block = situations()["cutouts"]
    assert {name: shipped[name] for name in block} == block


def three(tmp_path: Path, **cards) -> Path:
    """A folder of cubes of three bands."""
    for i in range(COUNT):
        write(tmp_path / "raw" / f"g{i}.fits", cube(i), BUNIT="nJy", **cards)
    return tmp_path / "raw"


THREE = {"bands": BANDS, "unit": "nJy", "zero_points": [], "gains": [12.0, 15.0, 14.0], "exposure_times_s": []}


def build_with(tmp_path: Path, raw: list[Path], **given) -> dict[str, str]:
    settings = DatasetSettings.model_validate({"path": "x", "pixel_scale": 0.168, **THREE, **given})
    build(settings, raw, tmp_path / "stamps.h5", tmp_path / "rejected.csv")
    with open(tmp_path / "rejected.csv", newline="") as file:
        return {row["name"]: row["reason"] for row in csv.DictReader(file)}


def test_a_catalogue_is_joined_by_name_and_what_does_not_meet_is_named(tmp_path, caplog):
    raw, catalogue = three(tmp_path), tmp_path / "t.csv"
    names = [f"g{i}" for i in range(1, COUNT)] + ["absent"]
    values = [0.1 * i for i in range(1, COUNT)] + [9.0]
    values[4] = np.nan
    Table({"object_id": names, "redshift": values, "type": ["S"] * COUNT}).write(catalogue)
    rejected = build_with(tmp_path, [raw, catalogue], conditions=["redshift"], columns=["type"])
    assert {name: reason.split(":")[0] for name, reason in rejected.items()} == {
        "absent": "a row of the catalogue without an image",
        "g0": "no row in the catalogue",
        "g5": "no value of a condition",
    }
    assert "1 rows without an image: absent" in caplog.text
    name, redshift, kind = columns(tmp_path / "stamps.h5", "name", "redshift", "type")
    np.testing.assert_allclose(redshift, [0.1 * int(each.removeprefix("g")) for each in name])
    assert set(kind) == {"S"}
    with pytest.raises(GalforgeError, match=r"no such column: z; there are redshift, type"):
        build_with(tmp_path, [raw, catalogue], conditions=["z"])
    Table({"name": ["x", "y"], "redshift": [1.0, 2.0]}).write(tmp_path / "other.csv")
    with pytest.raises(GalforgeError, match="none of its 2 names is that of an image"):
        build_with(tmp_path, [raw, tmp_path / "other.csv"], conditions=["redshift"])


def test_rows_are_no_names(tmp_path):
    np.save(tmp_path / "a.npy", np.stack([cube(i) for i in range(COUNT)]))
    Table({"id": np.arange(COUNT), "redshift": np.arange(float(COUNT))}).write(tmp_path / "t.csv")
    with pytest.raises(GalforgeError, match=r"its images have no names, by which the rows of .*t\.csv are found"):
        build_with(tmp_path, [tmp_path / "a.npy", tmp_path / "t.csv"], conditions=["redshift"])


def test_what_each_band_has_is_in_the_catalogue(tmp_path):
    given = {"psf_fwhm": [0.7, 0.8, 0.9], "depths": [26.5, 26.1, 25.9], "gain_band": 2}
    assert build_with(tmp_path, [three(tmp_path)], **given) == {}
    for stem, values in (("gain", [12, 15, 14]), ("psf_fwhm", [0.7, 0.8, 0.9]), ("depth", [26.5, 26.1, 25.9])):
        for band, value in zip(BANDS, values, strict=True):
            assert set(columns(tmp_path / "stamps.h5", f"{stem}_{band}")[0]) == {value}
    assert set(columns(tmp_path / "stamps.h5", "gain")[0]) == {14}


def test_measures_take_the_gain_of_their_band():
    settings = DatasetSettings.model_validate({"path": "x", "pixel_scale": 0.168, **THREE})
    with pytest.raises(ValueError, match=r"gain_band 0 is not the measured band \(measuring: band is 1\)"):
        check_measuring(settings, 1)
    check_measuring(settings, 0)


@pytest.mark.parametrize("form", ["png", "levels", "float levels", "parts of 255"])
def test_pictures_offered_as_fluxes_are_refused_with_the_remedy(tmp_path, form):
    levels = np.random.default_rng(1).integers(0, 256, (COUNT, 64, 64, 3), np.uint8)
    raw = tmp_path / "raw"
    if form == "png":
        raw.mkdir()
        for i, picture in enumerate(levels):
            Pillow.fromarray(picture).save(raw / f"g{i}.png")
    else:
        raw = tmp_path / "raw.npz"
        kinds = {"levels": levels, "float levels": levels.astype(np.float32)}
        np.savez(raw, images=kinds.get(form, (levels / 255).astype(np.float32)))
    with pytest.raises(GalforgeError, match=r"8-bit picture(?s:.)*are a picture and no fluxes: set `unit: display`"):
        build_with(tmp_path, [raw])
    display = {"unit": "display", "gains": [], "bands": ["red", "green", "blue"]}
    assert build_with(tmp_path, [raw], **display) == {}
    with Stamps(tmp_path / "stamps.h5") as stamps:
        assert (stamps.header.unit, stamps.header.zero_points) == ("display", ())


def test_a_gain_that_is_absent_or_negative_is_refused_with_the_remedy(tmp_path):
    for cards, said in (({}, "neither settings nor file say it"), ({"GAIN": -1.0}, "-1 .GAIN in HDU 0.* not above 0")):
        raw = three(tmp_path / said[:3], **cards)
        with pytest.raises(GalforgeError, match=rf"no gain(?s:.)*{said}(?s:.)*set `gains`"):
            build_with(tmp_path, [raw], gains=[])


def test_files_that_stand_out_are_named(tmp_path):
    raw = three(tmp_path)
    write(raw / "other_bands.fits", cube(20)[:2])
    write(raw / "twin.fits", cube(1))
    (raw / "cut.fits").write_bytes((raw / "g2.fits").read_bytes()[:9000])
    write(raw / "below" / "g3.fit", cube(21))
    write(raw / "g4.fit", cube(22))
    nothing = np.full((3, 64, 64), np.nan, np.float32)
    write(raw / "nothing.fits", nothing)
    rejected = build_with(tmp_path, [raw], max_rejected_share=0.5)
    assert {name: reason.split(":")[0] for name, reason in rejected.items()} == {
        "cut": "unreadable FITS",
        "g4": "duplicate name",
        "nothing": "missing pixels",
        "other_bands": "other bands",
        "twin": "identical pixels",
    }
    assert {"g3", "below/g3"} <= set(columns(tmp_path / "stamps.h5", "name")[0])


def test_header_zero_points_put_stamps_on_one_scale(tmp_path):
    """With `trust: header` cutouts of other zero points are scaled to the configured one, gains with them."""
    for i in range(COUNT):
        factor = 2.0 if i % 2 else 1.0
        zero_point = 25.94 + 2.5 * np.log10(factor)
        write(
            tmp_path / "raw" / f"g{i:02d}.fits",
            disc(i) * np.float32(factor),
            MAGZERO=zero_point,
            EXPTIME=2028.0 / factor,
        )
        write(tmp_path / "same" / f"g{i:02d}.fits", disc(i))
    scaled = run(tmp_path, tmp_path / "raw", trust="header")[0]
    pixels, gains = images(scaled), columns(scaled, "gain")[0]
    np.testing.assert_allclose(pixels, images(run(tmp_path, tmp_path / "same")[0]), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(gains, 2028)


def test_settings_that_contradict_themselves():
    for wrong, said in (
        ({"bands": []}, "bands"),
        ({"bands": ["g", "g"]}, "name each band once"),
        ({"zero_points": [1.0, 2.0]}, "zero_points .* one for each of 3 bands"),
        ({"gains": [1.0, -1.0, 1.0]}, "above 0"),
        ({"unit": "display"}, "have no flux: leave out gains"),
        ({"conditions": ["gain"]}, "galforge makes columns"),
        ({"gain_band": 3}, "counted from 0"),
        ({"path": ""}, "needs `path`"),
    ):
        with pytest.raises(ValueError, match=said):
            DatasetSettings.model_validate({"path": "x", "pixel_scale": 0.1, **THREE, **wrong})


def test_stamps_are_the_same_bytes_twice_and_from_two_formats(tmp_path):
    """Also where pixels are missing and images are smaller than stamps."""
    cubes = [cube(i, 48) for i in range(COUNT)]
    for i, each in enumerate(cubes):
        each[:, 10 : 12 + i % 3, 20:24] = np.nan
        write(tmp_path / "fits" / f"g{i:02d}.fits", each)
    names = [f"g{i:02d}" for i in range(COUNT)]
    np.savez(tmp_path / "a.npz", images=np.moveaxis(np.stack(cubes), 1, -1), names=names)
    made = []
    for raw in (tmp_path / "fits", tmp_path / "fits", tmp_path / "a.npz"):
        assert build_with(tmp_path, [raw], pad="noise") == {}
        made.append((tmp_path / "stamps.h5").read_bytes())
    assert made[0] == made[1] == made[2]


@pytest.mark.real
def test_the_real_hst_galaxies_from_three_formats(tmp_path, real_data):
    """From the RealGalaxy catalogue, single files and an array: equal stamps; padded skies are like the others."""
    path = real_data / "hst_cosmos_f814w" / "real_galaxy_catalog_26_extension_example.fits"
    rows = fits.getdata(path, 1)
    pixels = [
        fits.getdata(path.with_name(str(row["GAL_FILENAME"]).strip()), int(row["GAL_HDU"])).astype(np.float32)
        for row in rows
    ]
    names = [str(row["IDENT"]) for row in rows]
    for name, image in zip(names, pixels, strict=True):
        write(tmp_path / "files" / f"{name}.fits", image)
    sides = [image.shape for image in pixels]
    side = max(max(shape) for shape in sides)
    given = {"bands": ["F814W"], "unit": "electron/s", "zero_points": [25.94], "gains": [], "pixel_scale": 0.03}
    given |= {"exposure_times_s": [2028.0], "pad": "noise", "max_rejected_share": 0.0}
    made = []
    with h5py.File(tmp_path / "large.h5", "w") as file:
        large = [name for name, shape in zip(names, sides, strict=True) if min(shape) >= 64]
        cut = [_middle(image, 64) for image, shape in zip(pixels, sides, strict=True) if min(shape) >= 64]
        file["images"], file["name"] = np.stack(cut), np.array(large, dtype="S")
    assert side == 190
    for raw in (path, tmp_path / "files", tmp_path / "large.h5"):
        rejected = build_with(tmp_path, [raw], **given)
        assert rejected == {}
        with Stamps(tmp_path / "stamps.h5") as stamps:
            order = dict(zip(stamps.catalog("name"), stamps.images[:], strict=True))
            padded = dict(zip(stamps.catalog("name"), stamps.catalog("padded"), strict=True))
        made.append(order)
        if len(made) == 1:
            first_padded = padded
    assert len(made[0]) == len(made[1]) == 100
    for name in names:
        np.testing.assert_array_equal(made[0][name], made[1][name])
    assert len(made[2]) == 18
    for name in large:
        np.testing.assert_array_equal(made[0][name], made[2][name])
    from galforge.measure.photometry.measure import SkyBorder

    sky = SkyBorder(64, 0.1, 3.0)
    neighbours = {}
    for kind in (False, True):
        stack = np.stack([made[0][name][0] for name in names if first_padded[name] == kind]).astype(float)
        neighbours[kind] = np.nanmedian(sky.measure(stack)[1])
    assert neighbours[False] == pytest.approx(0.446, abs=0.03)
    assert neighbours[True] == pytest.approx(neighbours[False], abs=0.1)


@pytest.mark.real
def test_the_real_hsc_blends_from_three_formats(tmp_path, real_data):
    """147 blends in five bands, cut out at their first peak; what lies beyond their edges is missing."""
    bands, cuts = ["g", "r", "i", "z", "y"], {}
    for file in sorted((real_data / "hsc_cosmos_grizy").glob("*.npz")):
        with np.load(file, allow_pickle=False) as content:
            x, y = content["peaks"][0].round().astype(int)
            cuts[file.stem] = _about(content["images"], y, x, 32)
    assert len(cuts) == 147
    for name, cut in cuts.items():
        write(tmp_path / "cubes" / f"{name}.fits", cut)
        for band, plane in zip(bands, cut, strict=True):
            write(tmp_path / "files" / f"{name}_{band}.fits.gz", plane)
    np.savez(tmp_path / "a.npz", images=np.moveaxis(np.stack(list(cuts.values())), 1, -1), names=list(cuts))
    given = {"bands": bands, "size": 32, "unit": "adu", "zero_points": [27.0] * 5, "gains": [3000.0]}
    made = []
    for raw, layout in (("cubes", {}), ("files", {"pattern": "*_{band}.fits.gz"}), ("a.npz", {})):
        rejected = build_with(tmp_path, [tmp_path / raw], **given, **layout, max_missing_share=0.3)
        assert all(reason.startswith(("missing pixels", "no sky")) for reason in rejected.values()), rejected
        made.append(((tmp_path / "stamps.h5").read_bytes(), rejected))
    assert made[0] == made[1] == made[2]
    (share,) = columns(tmp_path / "stamps.h5", "missing_share")
    assert len(share) > 110
    assert (share == 0).sum() > 50


def _about(images: np.ndarray, y: int, x: int, side: int) -> np.ndarray:
    """The square (C, side, side) about a pixel, NaN beyond the edges."""
    wide = np.pad(images, ((0, 0), (side, side), (side, side)), constant_values=np.nan)
    top, left = y + side - side // 2, x + side - side // 2
    return wide[:, top : top + side, left : left + side]


def _middle(image: np.ndarray, side: int) -> np.ndarray:
    top, left = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
    return image[top : top + side, left : left + side]
