"""docs/adding-a-data-set.md, followed to the letter: one folder, one block of configuration, and there are stamps."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from astropy.io import fits
from tree import ROOT, copy_tree, snakemake

from galforge.stamps.file import Stamps

SIDES = {"large": 80, "odd": 65, "exact": 64}
STAMPS = "results/paper/stamps/mygalaxies.h5"


def example() -> tuple[str, str, dict]:
    """The two modules and the configuration that the page shows."""
    page = (ROOT / "docs/adding-a-data-set.md").read_text(encoding="utf-8")
    settings, dataset = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (block,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    return settings, dataset, yaml.safe_load(block)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = copy_tree(tmp_path_factory.mktemp("added") / "galforge")
    settings, dataset, block = example()
    family = tree / "workflow/galforge/datasets/twoband"
    family.mkdir()
    (family / "__init__.py").touch()
    (family / "settings.py").write_text(settings)
    (family / "dataset.py").write_text(dataset)
    (tree / "mygalaxies.yaml").write_text(yaml.safe_dump(block))
    raw = tree / block["datasets"]["mygalaxies"]["path"]
    raw.mkdir(parents=True)
    for index, (name, side) in enumerate(SIDES.items()):
        fits.PrimaryHDU(image(index, side)).writeto(raw / f"{name}.fits")
    fits.PrimaryHDU(image(8, 40)).writeto(raw / "small.fits")
    return tree


def image(seed: int, side: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, (2, side, side)).astype(np.float32)


def test_the_page_s_example_becomes_stamps(tree):
    done = snakemake(tree, "--", STAMPS, config="mygalaxies.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    with Stamps(tree / STAMPS) as stamps:
        assert stamps.header.bands == ("g", "r")
        assert list(stamps.catalog("name")) == sorted(SIDES)
        for row, name in enumerate(sorted(SIDES)):
            side, start = SIDES[name], (SIDES[name] - 64) // 2
            expected = image(list(SIDES).index(name), side)[:, start : start + 64, start : start + 64]
            np.testing.assert_array_equal(stamps.images[row], expected)
    with open(tree / STAMPS.replace(".h5", ".rejected.csv"), newline="") as file:
        assert list(csv.reader(file)) == [["name", "reason"], ["small", "too small: 40 x 40 px"]]


def test_the_whole_plan_of_the_example_is_made(tree):
    """Training, measuring in its second band, and every table follow from the block alone."""
    done = snakemake(tree, "-n", config="mygalaxies.yaml")
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    for rule in ("train_segment", "measure_morphology_source", "distances", "page"):
        assert re.search(rf"^{rule}\s+\d+$", said, re.MULTILINE), rule
