"""Kinds of faults that inputs from public trackers have, and what somebody should get who gives them."""

import logging
import os
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from galforge.datasets.cosmos.dataset import build as build_cosmos
from galforge.datasets.cosmos.settings import DatasetSettings as CosmosSettings
from galforge.datasets.skirt.dataset import build as build_skirt
from galforge.datasets.skirt.settings import DatasetSettings as SkirtSettings
from galforge.errors import GalforgeError
from galforge.measure.photometry.measure import SkyBorder
from galforge.stamps.fits import write_fits
from toys.cutouts import EXPOSURE, RMS, columns, disc, images, run, spoil, write

CARDS = {
    "EXPTIME": "EXPTIME =               2028,0 / [s]",
    "FILTER": "FILTER  = F814W                / filter",
    "BUNIT": "BUNIT   = ELECTRONS/S",
}


def bad_cards(folder: Path) -> Path:
    for i in range(24):
        write(folder / f"g{i:02d}.fits", disc(i), EXPTIME=EXPOSURE, FILTER="F814W", BUNIT="ELECTRONS/S")
    for i, (keyword, card) in enumerate(CARDS.items()):
        spoil(folder / f"g{5 + i:02d}.fits", keyword, card)
    return folder


def test_a_bad_card_costs_its_file_alone(tmp_path):
    folder = bad_cards(tmp_path / "raw")
    out, rejected = run(tmp_path, folder, max_rejected_share=0.2)
    assert rejected.keys() == {"g05", "g06", "g07"}
    for name, keyword in zip(rejected, CARDS, strict=True):
        assert rejected[name].startswith(f"unreadable card: {keyword} in HDU 0"), rejected
    assert len(columns(out, "name")[0]) == 21


def test_a_bad_card_costs_its_file_alone_in_the_older_families(tmp_path):
    folder = bad_cards(tmp_path / "raw")
    out, rejected = tmp_path / "stamps.h5", tmp_path / "r.csv"
    older = CosmosSettings(source="path", path="given", size=64, min_size=0, max_rejected_share=0.2)
    build_cosmos(older, [folder], out, rejected)
    assert [line.split(",")[0] for line in rejected.read_text().splitlines()[1:]] == ["g05", "g06", "g07"]
    skirt = tmp_path / "skirt"
    random = np.random.default_rng(0)
    for i in range(12):
        pixels = random.normal(0, 1, (4, 96, 96)).astype(np.float32)
        write(skirt / f"broadband_{i}.fits", pixels, CTYPE1="pc", CDELT1=394.0)
    spoil(skirt / "broadband_0.fits", "CDELT1", "CDELT1  =                394,0")
    given = SkirtSettings(source="path", path="given", size=32, max_rejected_share=0.2)
    build_skirt(given, [skirt], out, rejected, tmp_path / "native.h5")
    (line,) = rejected.read_text().splitlines()[1:]
    assert line.startswith("broadband_0,")
    assert "CDELT1" in line
    assert len(columns(out, "name")[0]) == 11


def test_the_list_of_what_was_rejected_outlives_a_build_that_fails(tmp_path):
    folder = bad_cards(tmp_path / "raw")
    with pytest.raises(GalforgeError, match=r"2 of 24 cutouts are faulty(?s:.)*EXPTIME(?s:.)*stamps.failed.csv"):
        run(tmp_path, folder, max_rejected_share=0.05)
    assert (tmp_path / "stamps.failed.csv").read_text().startswith('name,reason\ng05,"unreadable card: EXPTIME')
    run(tmp_path, folder, max_rejected_share=0.2)
    assert not (tmp_path / "stamps.failed.csv").exists(), "of a build that did not fail"


@pytest.mark.parametrize(
    ("cards", "subject"),
    [
        ({"EXPTIME": 1.0, "BUNIT": "ELECTRONS/S"}, "exposure time"),
        ({"MAGZERO": 26.5}, "zero points"),
        ({"EXPTIME": "2028,0"}, "exposure time"),
        ({"PHOTFLAM": 7e-20, "PHOTPLAM": 12000.0}, "zero points"),
        ({"BUNIT": "counts/s"}, "unit"),
        ({"CTYPE1": "RA---TAN", "CD1_1": -0.05 / 3600, "CD2_2": 0.05 / 3600}, "pixel scale"),
    ],
)
def test_what_header_and_settings_say_is_compared(tmp_path, caplog, cards, subject):
    for i in range(12):
        write(tmp_path / "raw" / f"g{i:02d}.fits", disc(i), **(cards if i else {}))
    out, rejected = run(tmp_path, tmp_path / "raw")
    assert rejected == {}
    (said,) = [record.message for record in caplog.records if "contradict each other" in record.message]
    assert f"for 11 cutouts files and settings contradict each other in {subject} (g01: " in said
    assert "by `trust: settings` the settings count" in said
    assert set(columns(out, "gain")[0]) == {EXPOSURE}
    with pytest.raises(GalforgeError, match=f"contradictory {subject}"):
        run(tmp_path, tmp_path / "raw", trust="refuse")


def test_a_gain_that_contradicts_the_sky_is_said(tmp_path, caplog):
    """With EXPTIME = 1 a sky of 0.003 electrons would be that of less than one photon."""
    for i in range(12):
        write(tmp_path / "raw" / f"g{i:02d}.fits", disc(i), EXPTIME=1.0)
    run(tmp_path, tmp_path / "raw", trust="header")
    assert "the gain of 12 of 12 cutouts contradicts their noise" in caplog.text
    caplog.clear()
    run(tmp_path, tmp_path / "raw")
    assert "contradicts their noise" not in caplog.text


def test_a_gain_that_contradicts_the_galaxy_s_photons_is_said(tmp_path, caplog):
    """The sky has 15 electrons of noise, but in smooth galaxies there is far less than their photons would give."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[:128, :128] - 63.5
    light = 600 * np.exp(-(x**2 + y**2) / 128)
    for kind, photons in (("right", np.sqrt(light / 500)), ("wrong", 0.0)):
        for i in range(6):
            image = light + (photons + 0.03) * random.standard_normal(light.shape)
            write(tmp_path / kind / f"g{i}.fits", image.astype(np.float32), EXPTIME=500.0)
    run(tmp_path, tmp_path / "right", exposure_times_s=[], size=128)
    assert "contradicts their noise" not in caplog.text
    run(tmp_path, tmp_path / "wrong", exposure_times_s=[], size=128)
    assert "the gain of 6 of 6 cutouts contradicts their noise" in caplog.text


@pytest.mark.parametrize("correlated", [False, True])
@pytest.mark.parametrize("sky", [0.0, 0.06])
def test_padding_has_the_level_rms_and_correlation_of_the_sky(tmp_path, sky, correlated):
    """The case pedestal, and that of drizzled noise."""
    for i in range(40):
        write(tmp_path / "raw" / f"g{i:02d}.fits", disc(i, 48, sky=sky, correlated=correlated))
    out, _ = run(tmp_path, tmp_path / "raw")
    stamps = images(out)[:, 0].astype(float)
    pad = np.concatenate([stamps[:, :8, :], stamps[:, -8:, :]])
    assert pad.mean() == pytest.approx(sky, abs=0.0004)
    assert pad.std() == pytest.approx(RMS, rel=0.06)
    rest = pad - pad.mean()
    neighbours = (rest[:, :, 1:] * rest[:, :, :-1]).mean() / (rest**2).mean()
    # The kernel (0.3, 1, 0.3) gives neighbours 2 x 0.3 / (1 + 2 x 0.09) = 0.508.
    assert neighbours == pytest.approx(0.508 if correlated else 0.0, abs=0.05)
    rms, measured_neighbours = SkyBorder(64, 0.1, 3.0).measure(stamps)
    assert np.median(rms) == pytest.approx(RMS, rel=0.07)
    assert np.median(measured_neighbours) == pytest.approx(0.47 if correlated else -0.01, abs=0.06)


def test_masks_say_what_is_missing(tmp_path):
    """DQ planes, masks with LSST's planes, weights of zero and errors that are NaN."""
    image = disc(1)
    here = np.s_[3:9, 40:44]
    dq = np.zeros((64, 64), np.int32)
    dq[here] = 1
    lsst = np.full((64, 64), 32, np.int32)
    lsst[here] |= 256
    weight = np.ones((64, 64), np.float32)
    weight[here] = 0
    error = np.where(dq, np.nan, 0.003).astype(np.float32)
    planes = {
        "DQ": (dq, {}),
        "MASK": (lsst, {"MP_DETECTED": 5, "MP_NO_DATA": 8}),
        "WHT": (weight, {}),
        "ERR": (error, {}),
    }
    for name, (plane, cards) in planes.items():
        other = fits.ImageHDU(plane, name=name)
        other.header.update(cards)
        (tmp_path / "raw").mkdir(exist_ok=True)
        parts = [fits.PrimaryHDU(), fits.ImageHDU(disc(len(name) + ord(name[0])), name="SCI"), other]
        fits.HDUList(parts).writeto(tmp_path / "raw" / f"{name.lower()}_of_it.fits")
    out, rejected = run(tmp_path, tmp_path / "raw", pattern="*.fits")
    assert rejected == {}
    assert columns(out, "missing_share")[0].tolist() == [24 / 4096] * 4
    assert image.shape == (64, 64)


def test_links_are_followed_and_endings_are_case_blind(tmp_path, caplog):
    """The case linked_folder with mixed endings: all 60 files enter, loops end, and what was passed over is named."""
    stamps, elsewhere = tmp_path / "stamps", tmp_path / "elsewhere"
    endings = ("fits", "FITS", "fit", "Fts", "fits.gz", "FITS.GZ")
    for i in range(60):
        folder = stamps / "cosmos" if i < 24 else elsewhere
        path = write(folder / f"g{i:02d}.fits", disc(i))
        ending = endings[i % 6]
        if ending.lower().endswith("gz"):
            import gzip

            path.write_bytes(gzip.compress(path.read_bytes()))
        path.rename(path.with_name(f"g{i:02d}.{ending}"))
    os.symlink(elsewhere, stamps / "egs")
    os.symlink(stamps, elsewhere / "loop")
    (stamps / "notes.txt").write_text("read me")
    (stamps / "old.pickle").write_text("never")
    os.symlink(tmp_path / "gone.fits", stamps / "dangling.fits")
    out, rejected = run(tmp_path, stamps)
    assert sorted(columns(out, "name")[0]) == [f"g{i:02d}" for i in range(60)]
    assert rejected.keys() == {"dangling"}
    assert "2 files passed over, of no format that is read: notes.txt, old.pickle" in caplog.text


def test_names_beyond_ascii_survive_every_output(tmp_path):
    odd = ["NGC 1300 (\u00dcbersicht)", "galaxi\u0301a_\u03b2", os.fsdecode(b"latin\xe9"), "\u661f\u7cfb"]
    for i, name in enumerate(odd):
        write(tmp_path / "raw" / f"{name}.fits", disc(i))
    write(tmp_path / "raw" / "plain.fits", disc(9))
    (tmp_path / "raw" / "\u00fc_broken.fits").write_bytes(b"")
    out, rejected = run(tmp_path, tmp_path / "raw", max_rejected_share=0.5)
    assert rejected.keys() == {"\u00fc_broken"}
    names = set(columns(out, "name")[0])
    assert names == {"NGC 1300 (\u00dcbersicht)", "galax\u00eda_\u03b2", "latin\\xe9", "\u661f\u7cfb", "plain"}
    write_fits(out, tmp_path / "out.fits", None)
    with fits.open(tmp_path / "out.fits") as hdus:
        exported = [name.encode().decode("unicode_escape") for name in hdus["CATALOG"].data["name"]]
        assert len(hdus["IMAGES"].data) == 5
    assert {name for name in exported if "latin" not in name} == names - {"latin\\xe9"}


def test_what_is_no_linear_unit_is_refused_by_name(tmp_path):
    for i in range(4):
        write(tmp_path / "raw" / f"g{i}.fits", 20 + disc(i), BUNIT="mag/arcsec2")
    with pytest.raises(GalforgeError, match="unit 'mag/arcsec2' is no linear unit of flux"):
        run(tmp_path, tmp_path / "raw", unit="")
    for i in range(4):
        write(tmp_path / "tiny" / f"g{i}.fits", disc(i).astype(float) * 1e-19, BUNIT="erg/s/cm2/Angstrom")
    with pytest.raises(
        GalforgeError, match=r"pixels out of range(?s:.)*header's unit is erg/s/cm2/Angstrom: set `unit`"
    ):
        run(tmp_path, tmp_path / "tiny")


def test_a_galaxy_keeps_its_split(tmp_path):
    """The case splits: a file that is added, removed or broken moves no other one, nor does another folder."""
    for i in range(60):
        for kind in ("sixty", "one_more", "one_bad", "below/it"):
            write(tmp_path / kind / f"g{i:02d}.fits", disc(i))
    write(tmp_path / "one_more" / "a_new.fits", disc(1000))
    write(tmp_path / "one_more" / "twin" / "g07.fits", disc(1001))
    (tmp_path / "one_bad" / "g00.fits").write_bytes(b"")
    splits = {}
    for kind in ("sixty", "one_more", "one_bad", "below"):
        names, split = columns(run(tmp_path, tmp_path / kind)[0], "name", "split")
        splits[kind] = {name.rpartition("/")[2]: each for name, each in zip(names, split, strict=True)}
    for kind in ("one_more", "one_bad", "below"):
        assert {n: s for n, s in splits[kind].items() if n in splits["sixty"]}.items() <= splits["sixty"].items(), kind
    assert set(splits["sixty"].values()) == {"train", "validation", "test"}
    other = dict(zip(*columns(run(tmp_path, tmp_path / "sixty", seed=1)[0], "name", "split"), strict=True))
    assert other != splits["sixty"]


def test_what_is_no_science_image_is_named_with_what_leaves_it_out(tmp_path, caplog):
    """The case weight_maps."""
    for i in range(12):
        write(tmp_path / "raw" / f"g{i:02d}_drz_sci.fits", disc(i))
        write(tmp_path / "raw" / f"g{i:02d}_drz_wht.fits", np.full((64, 64), 2028, np.float32))
        write(tmp_path / "raw" / f"g{i:02d}_drz_ctx.fits", np.ones((64, 64), np.int32))
        write(tmp_path / "raw" / f"g{i:02d}_psf.fits", disc(i, rms=0))
    out, rejected = run(tmp_path, tmp_path / "raw")
    assert list(columns(out, "name")[0]) == [f"g{i:02d}_drz_sci" for i in range(12)]
    assert rejected == {}
    said = next(record.message for record in caplog.records if record.levelno == logging.WARNING)
    assert "36 files passed over, no science images by their names" in said
    assert "`leave_out: ['*ctx*', '*psf*', '*wht*']`" in said


def test_psfs_are_named_also_without_a_name(tmp_path, caplog):
    for i in range(12):
        write(tmp_path / "raw" / f"g{i:02d}.fits", disc(i))
    spread = np.exp(-np.hypot(*(np.mgrid[:64, :64] - 31.5)) / 3)
    write(tmp_path / "raw" / "p.fits", (spread / spread.sum()).astype(np.float32))
    run(tmp_path, tmp_path / "raw")
    assert "1 cutouts add up to 1 and have no negative pixel, as PSFs do: p. Leave" in caplog.text


def test_planes_of_whole_numbers_among_others_are_named(tmp_path, caplog):
    random = np.random.default_rng(1)
    for i in range(12):
        write(tmp_path / "raw" / f"g{i:02d}.fits", disc(i))
        write(tmp_path / "raw" / f"n{i:02d}.fits", random.integers(0, 10_000, (64, 64), np.int32))
    run(tmp_path, tmp_path / "raw")
    assert (
        "12 cutouts have whole numbers where 12 others have fractions: n00, n01, n02, n03, n04 and 7 more"
        in caplog.text
    )
    assert "leave_out" in caplog.text
    out, _ = run(tmp_path, tmp_path / "raw", leave_out=["N*.fits"])
    assert len(columns(out, "name")[0]) == 12
