"""What the README says to somebody with cutouts of their own: the shipped overlay, made small, from folder to page."""

import csv
import gzip
import io
import re
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from astropy.io import fits
from tree import copy_tree, planned, snakemake

from galforge.datasets.cosmos.mock import stamp
from galforge.datasets.cosmos.settings import MockSettings
from galforge.stamps.file import Stamps

pytestmark = pytest.mark.slow

SHIPPED = "config/experiments/own_stamps.yaml"
CUTOUTS = "data/cutouts"
"""Where the shipped overlay looks."""
RESULTS = "results/own_stamps"
GALAXIES = MockSettings(brightest_magnitude=24.0, smallest_side=20, largest_side=48)
GOOD, BROKEN = 22, 2
SMALL = {
    "datasets": {
        "mine": {
            "size": 32,
            "max_rejected_share": 0.1,
            "measuring": {"expected_count": GOOD, "calibration_stamps": 10},
        }
    },
    "models": {
        "vae": {
            "network": {"latent": 4, "width": 16, "max_width": 32},
            "training": {"images_total": 80, "segment_images": 80, "ema_half_life_images": 40, "history_images": 20},
        }
    },
    "sampling": {"count": 12, "chunk": 12},
    "compare": {"bootstrap": 20, "halvings": 10},
}
EVERY_RULE_AFTER_THE_CUTOUTS = {
    "stamps", "train_segment", "sample", "latents_mine", "calibrate_noise", "distances",
    *(f"measure_{name}{whose}" for name in ("morphology", "power_spectrum", "photometry", "features")
      for whose in ("", "_source")), "figures_holzschuh2022_mine",
    "tables_holzschuh2022_headline", "tables_holzschuh2022_cost", "tables_all", "page", "card",
}  # fmt: skip


def encoded(pixels: np.ndarray) -> bytes:
    """A FITS file that says nothing but the pixels."""
    content = io.BytesIO()
    fits.PrimaryHDU(pixels).writeto(content)
    return content.getvalue()


def write_cutouts(folder: Path) -> None:
    """Galaxies on 20 to 48 px as people keep them: plain and gzipped, in two types, some in a folder below."""
    (folder / "more").mkdir(parents=True)
    for index in range(GOOD):
        pixels = stamp(GALAXIES, index).astype(">f8" if index % 3 == 0 else ">f4")
        name = f"galaxy {index}.fits" if index % 2 else f"more/{index}.fits.gz"
        content = encoded(pixels)
        (folder / name).write_bytes(content if index % 2 else gzip.compress(content))
    (folder / "truncated.fits").write_bytes(encoded(stamp(GALAXIES, 90))[:4000])
    levels = np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)
    (folder / "picture.fits").write_bytes(encoded(levels))
    (folder / "readme.txt").write_text("The PSF is in another folder.")


def overlay(tree: Path, name: str, config: dict) -> str:
    """Write a second overlay into the tree; its name."""
    (tree / name).write_text(yaml.safe_dump(config))
    return name


def run(tree: Path, second: str, *words: str) -> subprocess.CompletedProcess:
    """Run Snakemake with the shipped overlay and another one behind the same --configfile."""
    return snakemake(tree, second, *words, config=SHIPPED)


def plan(tree: Path) -> dict[str, int]:
    """Jobs by rule of a dry run with the shipped overlay and the small one."""
    return planned(tree, "--configfile", SHIPPED, "small.yaml", config=None)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = copy_tree(tmp_path_factory.mktemp("own") / "galforge")
    overlay(tree, "small.yaml", SMALL)
    write_cutouts(tree / CUTOUTS)
    return tree


@pytest.fixture(scope="module")
def finished(tree) -> Path:
    """The tree after a whole run."""
    done = run(tree, "small.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    return tree


def refusal(done: subprocess.CompletedProcess) -> str:
    """What a run that was refused said, after it was checked that it was refused readably and before any job."""
    said = done.stdout + done.stderr
    assert done.returncode != 0, said
    assert "Traceback" not in said
    assert "Job stats" not in said, "a job was planned"
    return said


def test_a_folder_of_cutouts_gets_its_page(finished):
    page = finished / RESULTS / "report/index.html"
    assert page.stat().st_size > 10_000
    assert "own stamps" in page.read_text()
    with Stamps(finished / RESULTS / "stamps/mine.h5") as stamps:
        assert stamps.header.origin == "observed"
        assert stamps.shape == (1, 32, 32)
        names = set(stamps.catalog("name"))
        sides = [stamp(GALAXIES, index).shape[0] for index in range(GOOD)]
        assert min(sides) < 32 < max(sides), "cutouts of one kind only: nothing was padded, or nothing cropped"
        assert stamps.catalog("padded").sum() == sum(side < 32 for side in sides)
    assert names == {f"galaxy {index}" if index % 2 else f"{index}" for index in range(GOOD)}
    assert plan(finished) == {}


def test_the_broken_cutouts_are_listed_with_their_reasons(finished):
    with open(finished / RESULTS / "stamps/mine.rejected.csv", newline="") as file:
        rejected = {row["name"]: row["reason"] for row in csv.DictReader(file)}
    assert rejected.keys() == {"truncated", "picture"}
    assert rejected["truncated"].startswith("unreadable FITS: truncated or damaged")
    assert rejected["picture"].endswith("are a picture and no fluxes: set `unit: display`")


def test_the_morphology_table_says_what_was_measured_and_on_how_many(finished):
    table = pd.read_csv(finished / RESULTS / "tables/holzschuh2022/morphology.csv")
    assert set(table["dataset"]) == {"mine"}
    assert set(table["origin"]) == {"observed"}
    assert set(table["protocol"]) == {"corrected", "published"}
    assert table["published"].isna().all(), "nothing was printed about these galaxies"
    for protocol in ("corrected", "published"):
        counts = table[(table["metric"] == "count") & (table["protocol"] == protocol)].set_index("property")
        for column, entered in (("n_source", GOOD), ("n_generated", SMALL["sampling"]["count"])):
            numbers = [int(counts.loc[stage, column]) for stage in ("entered", "segmented", "flag_ok", "kept")]
            assert numbers[0] == entered, f"{protocol}, {column}: {numbers}"
            assert numbers[0] >= numbers[1] >= max(numbers[2:]) >= 0, f"{protocol}, {column}: {numbers}"
        assert counts.loc["kept", "n_source"] > GOOD / 2, f"{protocol}: {counts['n_source'].to_dict()}"
        distances = table[(table["metric"] == "wasserstein") & (table["protocol"] == protocol)]
        assert {"gini", "sersic_n", "average"} <= set(distances["property"])
    text = (finished / RESULTS / "tables/holzschuh2022/morphology.md").read_text()
    assert "observed" in text
    assert "own stamps" in text


def test_all_seven_variants_were_measured_on_both_sides(finished):
    twice = ("morphology", "power_spectrum", "features")
    variants = {f"{name}{suffix}" for name in twice for suffix in ("", "-published")} | {"photometry"}
    for who, count in (("source", GOOD), ("vae-seed0", SMALL["sampling"]["count"])):
        folder = finished / RESULTS / "measurements/mine" / who
        assert {file.stem for file in folder.glob("*.parquet")} == variants
        for variant in variants:
            assert pd.read_parquet(folder / f"{variant}.parquet")["index"].tolist() == list(range(count)), variant


def test_another_cutout_in_the_folder_makes_the_stamps_anew_and_what_follows(finished):
    added = finished / CUTOUTS / "one more.fits"
    added.write_bytes(encoded(stamp(GALAXIES, 50)))
    try:
        jobs = plan(finished)
    finally:
        added.unlink()
    assert set(jobs) == EVERY_RULE_AFTER_THE_CUTOUTS
    assert jobs["stamps"] == 1
    assert jobs["train_segment"] == 1
    assert plan(finished) == {}, "the folder holds what it held; only its date is another"


def test_too_many_broken_cutouts_stop_the_stage_and_are_named(tree):
    strict = {**SMALL, "name": "strict", "datasets": {"mine": {"size": 32, "max_rejected_share": 0.05}}}
    done = run(tree, overlay(tree, "strict.yaml", strict), "--", "results/strict/stamps/mine.h5")
    said = done.stdout + done.stderr
    assert done.returncode != 0, said
    assert f"{CUTOUTS}: 2 of {GOOD + BROKEN} cutouts are faulty so far" in said
    assert "a larger share than max_rejected_share 0.05 allows. Mend them or raise it" in said
    assert "unreadable FITS: truncated (unreadable FITS: truncated or damaged" in said
    assert "8-bit picture: picture (8-bit picture: 8-bit levels are a picture" in said
    kept = (tree / "results/strict/stamps/mine.failed.csv").read_text()
    assert {line.split(",")[0] for line in kept.splitlines()[1:]} == {"picture", "truncated"}
    assert "Traceback" not in said
    assert not (tree / "results/strict/stamps/mine.h5").exists()


def test_a_missing_folder_is_refused_before_any_job(tree):
    """The shipped overlay as it is, where its folder does not exist."""
    (tree / CUTOUTS).rename(tree / "elsewhere")
    try:
        said = refusal(snakemake(tree, config=SHIPPED))
    finally:
        (tree / "elsewhere").rename(tree / CUTOUTS)
    assert f"datasets.mine.path: {CUTOUTS} does not exist (relative paths start at {tree})" in said
    assert "Give what it is for (a folder or tar of FITS, npz, npy, PNG or JPEG files;" in said


def test_wrong_keys_are_refused_in_one_readable_message(tree):
    wrong = {"datasets": {"mine": {"minsize": 16, "pixel_scale": "0.03 kpc"}}, "sampling": {"count": "many"}}
    said = refusal(run(tree, overlay(tree, "wrong.yaml", wrong)))
    assert "3 problems" in said
    assert re.search(r"datasets\.mine\.minsize: unknown key \(known here: .*\bmin_size\b", said), said
    assert "datasets.mine.pixel_scale: unit 'kpc' is not one of" in said
    assert "sampling.count: 'many'" in said
    assert len(said.strip().splitlines()) < 15, said
