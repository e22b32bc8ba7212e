"""Snakemake's cache between working directories: source stamps and what is measured on them are made once."""

import hashlib
import os
import re
from pathlib import Path

import pandas as pd
import pytest
from tree import SMALLEST, copy_tree, planned, snakemake

RESULTS = "results/smallest"
TARGETS = [
    f"{RESULTS}/measurements/sersic/source/morphology.parquet",
    f"{RESULTS}/measurements/cosmos/source/power_spectrum.parquet",
]
SHARED = {"stamps", "calibrate_noise", "measure_morphology_source_chunk", "measure_morphology_source"}


def edit(tree: Path, name: str, old: str, new: str) -> None:
    text = (tree / name).read_text()
    assert old in text, f"{name} has no {old!r}"
    (tree / name).write_text(text.replace(old, new))


def run(tree: Path, cache: Path, *targets: str) -> dict[str, int]:
    """Run with the cache; how many jobs of each rule really computed (a fetched job says so and logs nothing)."""
    done = snakemake(tree, "--cache", "--", *(targets or TARGETS), SNAKEMAKE_OUTPUT_CACHE=str(cache))
    text = done.stdout + done.stderr
    assert done.returncode == 0, text
    computed: dict[str, int] = {}
    for block in re.findall(r"^(?:local)?rule \w+:\n(?:    .*\n)+", text, re.MULTILINE):
        rule, log = re.match(r"(?:local)?rule (\w+)", block)[1], re.search(r"^    output: (\S+?),?(?: |$)", block, re.M)
        if f"Symlinking output file {log[1]} from cache." in text and f"Moving output file {log[1]} to" not in text:
            continue
        computed[rule] = computed.get(rule, 0) + 1
    return computed


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def first(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory that fills the cache."""
    tree = copy_tree(tmp_path_factory.mktemp("first") / "galforge")
    computed = run(tree, cache)
    assert computed == {
        "stamps": 1,
        "stamps_mock": 1,
        "calibrate_noise": 1,
        "measure_morphology_source_chunk": 2,
        "measure_morphology_source": 1,
        "measure_power_spectrum_source": 1,
    }
    return tree


@pytest.fixture
def second(first: Path, tmp_path: Path) -> Path:
    return copy_tree(tmp_path / "galforge")


def contents(tree: Path) -> dict[str, str]:
    return {name: hashlib.sha256((tree / name).read_bytes()).hexdigest() for name in TARGETS}


def table(tree: Path) -> str:
    return pd.read_parquet(tree / TARGETS[0]).to_json()


def test_a_second_working_directory_computes_nothing_again(first, second, cache):
    assert run(second, cache) == {}
    assert contents(second) == contents(first)
    assert planned(second, "--", *TARGETS) == {}, "a later run without the cache leaves the results alone"
    for file in cache.iterdir():
        os.utime(file)
    assert planned(second, "--", *TARGETS) == {}, "the content decides, not the date"


def test_what_is_shared_is_what_a_run_without_the_cache_makes(first, smallest_run):
    assert contents(first) == contents(smallest_run.tree)


def test_names_do_not_count(first, second, cache):
    """The same data set under another name, in a configuration of another name, is the same data set."""
    edit(second, SMALLEST, "name: smallest", "name: other")
    edit(second, SMALLEST, "  sersic:\n", "  profiles:\n    family: sersic\n")
    edit(second, SMALLEST, "dataset: sersic", "dataset: profiles")
    assert run(second, cache, "results/other/measurements/profiles/source/morphology.parquet") == {}


@pytest.mark.slow
def test_an_edited_key_makes_its_dependents_again(first, second, cache):
    edit(second, SMALLEST, "    pixel_scale: 0.32\n", "    pixel_scale: 0.33\n")
    computed = run(second, cache, TARGETS[0])
    parts = {"measure_morphology_source_chunk": 2, "measure_morphology_source": 1}
    assert computed == {"stamps": 1, "calibrate_noise": 1, **parts}
    assert table(second) != table(first)


def test_an_edited_module_makes_its_dependents_again(first, second, cache):
    edit(second, "workflow/galforge/measure/power_spectrum/measure.py", "import numpy", "_added = 1\nimport numpy")
    assert run(second, cache) == {"measure_power_spectrum_source": 1}


@pytest.mark.slow
def test_parts_of_one_file_are_different_files(first, second, cache):
    """Cut otherwise, each part is measured for itself; wildcards alone would not tell them apart."""
    edit(second, SMALLEST, "morphology: {chunk: 12}", "morphology: {chunk: 8}")
    computed = run(second, cache, TARGETS[0])
    assert computed == {"measure_morphology_source_chunk": 3, "measure_morphology_source": 1}
    assert table(second) == table(first)


def test_a_folder_of_cutouts_is_not_shared(second, cache):
    """Snakemake's key is made from the contents of raw files, and it cannot read a folder."""
    (second / "cutouts").mkdir()
    edit(second, SMALLEST, "    source: mock\n", "    source: path\n    path: cutouts\n")
    edit(second, SMALLEST, "    mock:\n      count: 24\n", "")
    done = snakemake(second, "-n", "--cache", SNAKEMAKE_OUTPUT_CACHE=str(cache))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing is shared between working directories, because of data set cosmos: its path is a" in done.stderr
    assert "global between-workflow cache" not in done.stdout + done.stderr
