"""Raw images of the SKIRT release, good and bad, on the way to stamps of one size and to galaxies at their own."""

import csv
import gzip
import io
import logging
import math
import tarfile
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from skimage.transform import resize

from galforge.datasets.skirt.dataset import build, splits_of
from galforge.datasets.skirt.settings import DatasetSettings
from galforge.errors import GalforgeError
from galforge.stamps.file import Stamps
from galforge.stamps.galaxies import galaxy

SIZE, FOLDER = 16, "sdss/snapnum_099/data"


def image(seed: int, side: int | tuple[int, ...] = 64) -> np.ndarray:
    shape = (4, side, side) if isinstance(side, int) else side
    return np.random.default_rng(seed).uniform(0, 1, shape).astype(np.float32)


def encoded(pixels: np.ndarray | None, **header) -> bytes:
    content = io.BytesIO()
    hdu = fits.PrimaryHDU(pixels)
    hdu.header.update(header)
    hdu.writeto(content)
    return content.getvalue()


def make_tar(path: Path, members: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def release(images: dict[int, np.ndarray]) -> dict[str, bytes]:
    members = {f"{FOLDER}/broadband_{number}.fits": encoded(pixels) for number, pixels in images.items()}
    return {"sdss/snapnum_099/subfind_ids.txt": b"1\n2\n", "sdss/snapnum_099/morphs_i.hdf5": b"no image", **members}


def settings(**given) -> DatasetSettings:
    return DatasetSettings.model_validate(
        {"source": "path", "path": "given", "size": SIZE, "max_rejected_share": 1.0, **given}
    )


def run(tmp_path: Path, raw: Path, **given) -> dict[str, str]:
    build(settings(**given), [raw], tmp_path / "out.h5", tmp_path / "rejected.csv", tmp_path / "native.h5")
    return refused(tmp_path)


def refused(tmp_path: Path) -> dict[str, str]:
    with open(tmp_path / "rejected.csv", newline="") as file:
        return {row["name"]: row["reason"] for row in csv.DictReader(file)}


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_tar(tmp_path, mode):
    """The central half enters, resized and at its own size, with the same rows in both files."""
    images = {30: image(1, 64), 4: image(2, 81), 500: image(3, 70), 6: image(4, 64)}
    raw = make_tar(tmp_path / "raw.tar", release(images), mode)
    assert run(tmp_path, raw) == {}
    with Stamps(tmp_path / "out.h5") as stamps, Stamps(tmp_path / "native.h5") as native:
        assert stamps.shape == (5, SIZE, SIZE)
        assert stamps.header.bands == native.header.bands == ("g", "r", "i", "z")
        assert (stamps.header.sides, native.header.sides) == ((2.0, 2516.0), ())
        assert (stamps.header.origin, stamps.header.pixel_unit, stamps.header.unit) == (
            "simulated",
            "kpc",
            "electron/s",
        )
        assert list(stamps.catalog("name")) == [f"broadband_{number}" for number in images]
        assert list(stamps.catalog("subfind_id")) == list(images)
        assert list(stamps.catalog("original_side")) == [64, 81, 70, 64]
        assert list(stamps.catalog("gain")) == [750] * 4
        for column in stamps.columns:
            np.testing.assert_array_equal(stamps.catalog(column), native.catalog(column))
        for row, pixels in enumerate(images.values()):
            side = pixels.shape[-1]
            half = pixels[:, int(0.25 * side) : int(0.75 * side), int(0.25 * side) : int(0.75 * side)]
            np.testing.assert_array_equal(native.stamp(row), half)
            # The released code resizes band by band, and codes the original side.
            for band in range(4):
                expected = resize(half[band].astype(float), (SIZE, SIZE), order=1)
                np.testing.assert_allclose(stamps.images[row, band], expected, atol=1e-6)
            code = (math.log(side) - math.log(2)) / (math.log(2516) - math.log(2))
            np.testing.assert_allclose(stamps.images[row, 4], code, atol=1e-6)
            assert galaxy(stamps, row).shape[-1] == side // 2


def test_folder(tmp_path):
    """The extracted archive is read like the archive itself, gzipped files too."""
    images = {number: image(number) for number in (1, 2, 3)}
    for name, content in release(images).items():
        file = tmp_path / "raw" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    plain = tmp_path / "raw" / FOLDER / "broadband_2.fits"
    plain.with_suffix(".fits.gz").write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    assert run(tmp_path, tmp_path / "raw") == {}
    with Stamps(tmp_path / "native.h5") as native:
        assert list(native.catalog("subfind_id")) == [1, 2, 3]
        np.testing.assert_array_equal(native.stamp(1), images[2][:, 16:48, 16:48])


def test_every_bad_galaxy_is_listed_with_its_reason(tmp_path):
    nan, flat = image(1), image(2)
    nan[1, 32, 30], flat[3] = np.nan, 7.0
    whole = encoded(image(9, 96))
    members = {
        f"{FOLDER}/broadband_{name}.fits": content
        for name, content in {
            "1": encoded(image(11)),
            "2": encoded(image(12)),
            "3": encoded(image(13)),
            "10": encoded(nan),
            "11": encoded(flat),
            "12": encoded(image(4, (4, 64, 65))),
            "13": encoded(image(5, (3, 64, 64))),
            "14": encoded(image(6, (64, 64))),
            "15": encoded(image(7, 63)),
            "16": whole[: len(whole) // 2],
            "17": whole[:1000],
            "18": b"",
            "19": b"<html>not found</html>",
            "20": encoded(None),
            "21": encoded(image(11)),
            "x": encoded(image(14)),
        }.items()
    }
    members["elsewhere/broadband_1.fits"] = encoded(image(15))
    rejected = run(tmp_path, make_tar(tmp_path / "raw.tar", members))
    said = {
        "10": "not finite: 1 of",
        "11": "constant image",
        "12": "not square: 64 x 65",
        "13": "other bands: shape (3, 64, 64), expected (4, side, side): g, r, i, z",
        "14": "other bands: shape (64, 64)",
        "15": "below the size cut: 63 px, must be >= 64",
        "16": "unreadable FITS",
        "17": "unreadable FITS",
        "18": "unreadable FITS: the file is empty",
        "19": "unreadable FITS",
        "20": "other bands",
        "21": f"identical pixels: the same image as {FOLDER}/broadband_1",
        "x": "no subfind id",
    }
    assert rejected.pop("elsewhere/broadband_1") == f"duplicate subfind id: 1 is {FOLDER}/broadband_1 already"
    assert set(rejected) == {f"broadband_{name}" for name in said}
    for name, reason in said.items():
        assert reason in rejected[f"broadband_{name}"], name
    with Stamps(tmp_path / "out.h5") as stamps, Stamps(tmp_path / "native.h5") as native:
        assert list(stamps.catalog("subfind_id")) == list(native.catalog("subfind_id")) == [1, 2, 3]


def test_members_that_would_leave_the_folder_are_refused(tmp_path):
    raw = make_tar(tmp_path / "raw.tar", release({n: image(n) for n in (1, 2, 3)}))
    with tarfile.open(raw, "a") as archive:
        link = tarfile.TarInfo(f"{FOLDER}/broadband_8.fits")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        content = encoded(image(9))
        member = tarfile.TarInfo("../broadband_9.fits")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    rejected = run(tmp_path, raw)
    assert set(rejected) == {"broadband_8", "broadband_9"}
    assert all(reason.startswith("unsafe archive member") for reason in rejected.values())


def test_too_many_faulty_ones_stop_the_build(tmp_path):
    members = release({n: image(n) for n in range(9)} | {9: image(9, (3, 64, 64))})
    raw = make_tar(tmp_path / "raw.tar", members)
    with pytest.raises(GalforgeError, match=r"1 of 10 galaxies are faulty.*max_rejected_share 0\.05"):
        run(tmp_path, raw, max_rejected_share=0.05)
    assert set(refused(tmp_path)) == {"broadband_9"}, "the list is there to look into"
    assert not (tmp_path / "out.h5").exists()
    assert not (tmp_path / "native.h5").exists()
    assert set(run(tmp_path, raw, max_rejected_share=0.1)) == {"broadband_9"}
    # What is left out by choice is not faulty.
    small = make_tar(tmp_path / "small.tar", release({n: image(n, 32 if n > 3 else 64) for n in range(9)}))
    assert len(run(tmp_path, small, max_rejected_share=0.0)) == 5


def test_what_holds_no_galaxies_is_refused_with_the_remedy(tmp_path):
    with pytest.raises(GalforgeError, match="no such file or folder; set `path`"):
        run(tmp_path, tmp_path / "nothing")
    (tmp_path / "page.tar").write_bytes(b"<html>log in</html>")
    with pytest.raises(GalforgeError, match="neither a tar"):
        run(tmp_path, tmp_path / "page.tar")
    other = make_tar(tmp_path / "other.tar", {"a/stamp.fits": encoded(image(1))})
    with pytest.raises(GalforgeError, match=r"the first is stamp\.fits\. Set `path` .* skirt_images_sdss"):
        run(tmp_path, other)
    whole = make_tar(tmp_path / "whole.tar", release({n: image(n) for n in range(4)})).read_bytes()
    (tmp_path / "cut.tar").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(GalforgeError, match="truncated or damaged"):
        run(tmp_path, tmp_path / "cut.tar")
    small = make_tar(tmp_path / "small.tar", release({n: image(n, 32) for n in range(4)}))
    with pytest.raises(GalforgeError, match=r"none of the 4 galaxies became a stamp \(4 below the size cut\)"):
        run(tmp_path, small)
    few = make_tar(tmp_path / "few.tar", release({n: image(n) for n in range(2)}))
    with pytest.raises(GalforgeError, match="2 galaxies for the splits"):
        run(tmp_path, few)
    with pytest.raises(GalforgeError, match="but got 2"):
        build(settings(), [few, few], tmp_path / "o", tmp_path / "r", tmp_path / "n")


def test_another_pixel_scale_in_the_header_is_said(tmp_path, caplog):
    members = {f"broadband_{n}.fits": encoded(image(n), CTYPE1="pc", CDELT1=276.0) for n in (1, 2, 3)}
    with caplog.at_level(logging.WARNING, logger="galforge"):
        run(tmp_path, make_tar(tmp_path / "raw.tar", members))
        assert [record.message for record in caplog.records] == [
            "broadband_1: its header says 276 pc per pixel, but pixel_scale is 0.394 kpc; lengths in kpc use the latter"
        ]
        caplog.clear()
        run(tmp_path, tmp_path / "raw.tar", pixel_scale=0.276)
        assert not caplog.records


def test_the_published_counts():
    """11,961 galaxies of which 11,955 are in splits: 7,173 + 2,391 to train and validate, 2,391 to test."""
    sides = {f"broadband_{n}": 2049 + n if n < 6 else 64 + n % 1985 for n in range(11_961)}
    splits = splits_of(sides, settings())
    members = {split: [name for name in sides if splits[name] == split] for split in set(splits.values())}
    counts = {split: len(names) for split, names in members.items()}
    assert counts == {"train": 7_173, "validation": 2_391, "test": 2_391, "none": 6}
    assert counts["train"] + counts["validation"] == 9_564
    assert members["none"] == [f"broadband_{n}" for n in range(6)]
    assert splits_of(dict(reversed(sides.items())), settings()) == splits, "the order of the archive matters"
    assert splits_of(sides, settings(seed=1)) != splits


def test_splits_are_those_of_scikit_learn():
    """Against the permutation that train_test_split documents: the first of it are held out, ceil(0.4 n) of them."""
    names = sorted(f"broadband_{n}" for n in range(50))
    splits = splits_of(dict.fromkeys(names, 64), settings())
    order = np.random.RandomState(2021).permutation(50)
    held_out, train = [names[i] for i in order[:20]], [names[i] for i in order[20:]]
    order = np.random.RandomState(2021).permutation(20)
    assert [splits[name] for name in train] == ["train"] * 30
    assert {splits[held_out[i]] for i in order[:10]} == {"test"}
    assert {splits[held_out[i]] for i in order[10:]} == {"validation"}


@pytest.mark.parametrize(
    ("shares", "counts"), [((0.8, 0.2, 0.0), (8, 2, 0)), ((0.8, 0.0, 0.2), (8, 0, 2)), ((1.0, 0.0, 0.0), (10, 0, 0))]
)
def test_shares_may_be_nil(shares, counts):
    given = settings(splits=dict(zip(("train", "validation", "test"), shares, strict=True)))
    splits = list(splits_of({f"broadband_{n}": 64 for n in range(10)}, given).values())
    assert tuple(splits.count(name) for name in ("train", "validation", "test")) == counts


def test_a_faulty_galaxy_moves_no_other(tmp_path):
    """Its place in the splits stays, so that mending it changes nothing else."""
    images = {n: image(n) for n in range(12)}
    run(tmp_path, make_tar(tmp_path / "whole.tar", release(images)))
    with Stamps(tmp_path / "out.h5") as stamps:
        whole = dict(zip(stamps.catalog("name"), stamps.catalog("split"), strict=True))
    images[5][0, 32, 32] = np.inf
    run(tmp_path, make_tar(tmp_path / "faulty.tar", release(images)))
    with Stamps(tmp_path / "out.h5") as stamps:
        rest = dict(zip(stamps.catalog("name"), stamps.catalog("split"), strict=True))
    del whole["broadband_5"]
    assert rest == whole
