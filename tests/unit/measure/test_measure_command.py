"""`python -m galforge.measure`: the files that it reads, the tables that it writes, and what it refuses."""

import logging
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from tree import ROOT

from galforge import logs
from galforge.measure import morphology, photometry
from galforge.measure.__main__ import main
from galforge.stamps.file import Header, Stamps, StampsWriter
from galforge.stamps.fits import write_fits


@pytest.fixture(autouse=True)
def log_lines_go_where_they_went(monkeypatch):
    """The command sends log lines to standard error, which is another one in each test."""
    monkeypatch.setattr(logs.log, "handlers", [])
    monkeypatch.setattr(logs.log, "level", logs.log.level)
    monkeypatch.setattr(logs.log, "propagate", logs.log.propagate)
    yield
    logging.captureWarnings(False)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Noisy exponential galaxies (5, 32, 32) as float32."""
    rows, columns = np.mgrid[:32, :32] - 15.5
    draws = np.random.default_rng(2)
    galaxies = [np.exp(-np.hypot(rows, columns / draws.uniform(0.5, 1)) / draws.uniform(2, 4)) for _ in range(5)]
    return (galaxies + draws.normal(0, 0.01, (5, 32, 32))).astype(np.float32)


@pytest.fixture(scope="module")
def expected(images) -> pd.DataFrame:
    return morphology.of(images, gain=300.0)


def run(*words: object) -> int:
    return main([str(word) for word in words])


def write_stack(path, images):
    kind = path.name.split(".", 1)[1]
    if kind == "npy":
        np.save(path, images)
    elif kind == "npz":
        np.savez(path, images=images, labels=np.arange(5))
    elif kind == "ext.fits":
        units = [fits.PrimaryHDU(), fits.ImageHDU(images, name="SCI"), fits.ImageHDU(images * 0, name="ERR")]
        fits.HDUList(units).writeto(path)
    elif kind == "compressed.fits":
        units = [fits.PrimaryHDU(), fits.CompImageHDU(images, compression_type="GZIP_2", quantize_level=0)]
        fits.HDUList(units).writeto(path)
    else:
        fits.PrimaryHDU(images[:, None] if kind == "axes.fits" else images).writeto(path)


@pytest.mark.parametrize("kind", ["npy", "npz", "fits", "fits.gz", "FITS", "ext.fits", "axes.fits", "compressed.fits"])
def test_stacks_of_any_kind_give_one_table(kind, images, expected, tmp_path):
    path = tmp_path / f"stamps.{kind}"
    write_stack(path, images)
    out = tmp_path / "new" / "table.parquet"
    assert run("--measure", "morphology", path, "-o", out, "--gain", 300) == 0
    pd.testing.assert_frame_equal(morphology.of(path, gain=300), expected, check_exact=True)
    found = pd.read_parquet(out)
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
    assert found.attrs == expected.attrs
    assert sorted(each.name for each in out.parent.iterdir()) == ["table.parquet"]


def test_a_folder_of_files_gives_their_names(images, expected, tmp_path):
    folder = tmp_path / "cutouts"
    folder.mkdir()
    for index, image in enumerate(images):
        fits.PrimaryHDU(image).writeto(folder / f"g{4 - index}.fits")
    (folder / "readme.txt").write_text("no image")
    out = tmp_path / "table.csv"
    assert run("--measure", "morphology", folder, "-o", out, "--gain", 300) == 0
    found = pd.read_csv(out)
    assert found["name"].tolist() == [f"g{i}.fits" for i in range(5)]
    assert found["gini"].tolist() == expected["gini"].tolist()[::-1]
    files = [folder / "g4.fits", folder / "g0.fits"]
    assert run("--measure", "morphology", *files, "-o", out, "--gain", 300) == 0
    assert pd.read_csv(out)["gini"].tolist() == expected["gini"].tolist()[::4]


def test_files_of_several_bands_and_sizes(images, tmp_path):
    cubes = [np.stack([images[0], 2 * images[0]]), np.stack([images[1], 2 * images[1]])[:, 2:-2, 2:-2]]
    for index, cube in enumerate(cubes):
        np.save(tmp_path / f"cube{index}.npy", cube)
    out = tmp_path / "table.parquet"
    bands = ("--bands", "g,r", "--band", "r", "--zero-point", "27,27.5", "--pixel-scale", 0.2)
    assert run("--measure", "photometry", tmp_path / "cube0.npy", tmp_path / "cube1.npy", "-o", out, *bands) == 0
    about = {"bands": ("g", "r"), "band": "r", "zero_points": (27, 27.5), "pixel_scale": 0.2}
    expected = photometry.of(cubes, **about)
    pd.testing.assert_frame_equal(pd.read_parquet(out).drop(columns="name"), expected, check_exact=True)
    colour = expected["magnitude_g"] - expected["magnitude_r"]
    assert np.allclose(colour, 2.5 * np.log10(2) - 0.5)


def test_stamps_of_the_workflow_and_their_export(images, expected, tmp_path):
    header = Header(("r",), 0.05, "arcsec", "electron/s", (25.94,), 300.0, "mock")
    stamps, exported, out = tmp_path / "stamps.h5", tmp_path / "stamps.fits", tmp_path / "table.parquet"
    with StampsWriter(stamps, (1, 32, 32), header, 5) as writer:
        writer.append_block(images[:, None], {"name": np.arange(5).astype(str)})
    write_fits(stamps, exported, None)
    assert run("--measure", "morphology", stamps, "-o", out) == 0
    pd.testing.assert_frame_equal(pd.read_parquet(out), expected, check_exact=True)
    assert pd.read_parquet(out).attrs["origin"] == "mock"
    assert run("--measure", "morphology", exported, "-o", out, "--gain", 300) == 0
    pd.testing.assert_frame_equal(pd.read_parquet(out), expected, check_exact=True)
    with Stamps(stamps) as opened:
        assert len(opened) == 5


def test_maps_psf_and_settings(images, tmp_path):
    segmap = (images > 0.1).astype(np.int16)
    mask = np.zeros(images.shape, dtype=np.uint8)
    mask[:, 3:6, 3:20] = 255
    psf = np.outer(*[[0.2, 0.6, 0.2]] * 2)
    np.save(tmp_path / "stamps.npy", images)
    for name, values in {"segmap": segmap, "mask": mask, "psf": psf}.items():
        fits.PrimaryHDU(values).writeto(tmp_path / f"{name}.fits")
    out = tmp_path / "table.parquet"
    maps = {"--segmentation": "segmap.fits", "--mask": "mask.fits", "--psf": "psf.fits"}
    given = [word for option, name in maps.items() for word in (option, tmp_path / name)]
    noise = ("--noise", 0.01, "--seed", 3, "--gain", 300, "--processes", 1)
    assert run("--measure", "morphology", tmp_path / "stamps.npy", "-o", out, *given, *noise) == 0
    brought = {"segmentation": segmap, "mask": mask > 0, "psf": psf}
    expected = morphology.of(images, gain=300.0, noise=0.01, seed=3, **brought)
    pd.testing.assert_frame_equal(pd.read_parquet(out), expected, check_exact=True)
    setting = ("--set", "protocol=published", "--set", "detection_sigma=2.5")
    assert run("--measure", "morphology", tmp_path / "stamps.npy", "-o", out, *setting) == 0
    expected = morphology.of(images, protocol="published", detection_sigma=2.5)
    pd.testing.assert_frame_equal(pd.read_parquet(out), expected, check_exact=True)
    assert pd.read_parquet(out).attrs["protocol"] == "published"


def test_folders_of_maps_have_the_names_of_the_stamps(images, tmp_path, capsys):
    for folder, values in {"stamps": images, "maps": (images > 0.1).astype(np.int16)}.items():
        (tmp_path / folder).mkdir()
        for index, image in enumerate(values):
            fits.PrimaryHDU(image).writeto(tmp_path / folder / f"{index}.fits")
    words = ("--measure", "morphology", tmp_path / "stamps", "-o", tmp_path / "table.csv", "--gain", 300)
    assert run(*words, "--segmentation", tmp_path / "maps") == 0
    assert pd.read_csv(tmp_path / "table.csv")["label"].tolist() == [1] * 5
    (tmp_path / "maps" / "2.fits").rename(tmp_path / "maps" / "2_seg.fits")
    assert run(*words, "--segmentation", tmp_path / "maps") == 1
    assert "2 differ, the first: 2.fits" in capsys.readouterr().err


def pickled(path):
    np.save(path, np.array([{"a": 1}]), allow_pickle=True)


def truncated(path):
    fits.PrimaryHDU(np.zeros((80, 80))).writeto(path)
    path.write_bytes(path.read_bytes()[:9000])


def several(path):
    images = [fits.ImageHDU(np.zeros((32, 32)), name=name) for name in "AB"]
    fits.HDUList([fits.PrimaryHDU(), *images]).writeto(path)


@pytest.mark.parametrize(
    ("name", "make", "words", "says"),
    [
        ("x.npy", pickled, (), r"x.npy: cannot be read: its array is pickled"),
        ("x.fits", truncated, (), r"x.fits: cannot be read"),
        ("x.fits", several, (), r"x.fits: no image extension to take of 1 A, 2 B: name one"),
        ("x.fits", several, ("--extension", "C"), "no image extension"),
        ("x.npz", lambda path: np.savez(path, a=np.zeros(3), b=np.zeros(3)), (), "no array to take of a, b"),
        ("x.png", lambda path: path.touch(), (), "x.png: none of .fits"),
        ("x.h5", lambda path: path.touch(), (), "x.h5: no stamps file of galforge, or a damaged one"),
        ("x.fits", lambda path: None, (), "x.fits: there is no such file"),
        ("x", lambda path: path.mkdir(), (), "no FITS or npy files in this folder"),
        ("x.npy", lambda path: np.save(path, np.zeros((8, 8), np.uint8)), (), "8-bit pixels are the brightness"),
        ("x.npy", None, (), "give the gain"),
        ("x.npy", None, ("--gain", "1", "--pixel-scale", "1"), "--pixel-scale is not for morphology, but for photom"),
        ("x.npy", None, ("--gain", "1", "--zero-point", "1"), "--zero-point is not for morphology"),
        ("x.npy", None, ("--set", "protocol"), "KEY=VALUE is needed"),
        ("x.npy", None, ("--set", "mask=3"), "--set mask=...: this is no setting"),
        ("x.npy", None, ("--gain", "1", "--set", "no=3"), "settings of morphology: no"),
        ("x.npy", None, ("--gain", "1", "-o", "table.txt"), "table.txt: a table ends in .parquet or .csv"),
    ],
)
def test_bad_input_is_named_and_leaves_no_table(name, make, words, says, images, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (make or (lambda path: np.save(path, images)))(tmp_path / name)
    assert run("--measure", "morphology", name, "-o", "table.csv", *words) == 1
    assert says in capsys.readouterr().err
    assert not list(tmp_path.glob("table*"))


def test_it_runs_without_torch_and_snakemake(images, tmp_path):
    """What is needed for measuring and comparing is not what is needed for training."""
    np.save(tmp_path / "stamps.npy", images)
    code = (
        "import sys, runpy\n"
        "class Blocked:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in {'torch', 'snakemake', 'sklearn', 'xgboost', 'matplotlib'}:\n"
        "            raise ModuleNotFoundError(f'{name} is blocked', name=name)\n"
        "sys.meta_path.insert(0, Blocked())\n"
        "import galforge.measure, galforge.compare\n"
        "sys.argv = ['measure', *sys.argv[1:]]\n"
        "runpy.run_module('galforge.measure', run_name='__main__')\n"
    )
    words = ["--measure", "morphology", str(tmp_path / "stamps.npy"), "-o", str(tmp_path / "t.csv"), "--gain", "300"]
    command = [sys.executable, "-c", code, *words]
    done = subprocess.run(command, cwd=ROOT / "workflow", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "5 of 5 rows measured" in done.stderr
    assert len(pd.read_csv(tmp_path / "t.csv")) == 5
