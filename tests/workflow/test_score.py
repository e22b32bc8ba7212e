"""What docs/scoring.md says to somebody with generated galaxies: two files, one command, numbers, a card."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from tree import ROOT, SNAKEMAKE, copy_tree, planned

pytestmark = pytest.mark.slow

COUNT, SIDE = 60, 32


def discs(seed, brighter=1.0):
    """Noisy exponential discs (n, side, side), the fluxes times ``brighter``."""
    draws = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    found = []
    for _ in range(COUNT):
        angle, ratio, radius = draws.uniform(0, np.pi), draws.uniform(0.4, 1), draws.uniform(2, 4)
        u, v = x * np.cos(angle) + y * np.sin(angle), -x * np.sin(angle) + y * np.cos(angle)
        light = brighter * draws.uniform(0.5, 2) * np.exp(-np.hypot(u, v / ratio) / radius)
        found.append(light + draws.normal(0, 0.02, light.shape))
    return np.array(found, np.float32)


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """The command, run for a good and a bad set of generated galaxies: its tree and what it printed for each."""
    tree = copy_tree(tmp_path_factory.mktemp("score") / "galforge")
    np.savez(tree / "real.npz", images=discs(1))
    printed = {}
    for name, brighter in (("good", 1.0), ("bright", 3.0)):
        np.savez(tree / f"{name}.npz", images=discs(2, brighter))
        words = ["--real", "real.npz", "--generated", f"{name}.npz", "--pixel-scale", "0.1"]
        command = [
            sys.executable,
            "workflow/galforge/operate/score.py",
            f"{SNAKEMAKE} --profile profiles/local",
            *words,
        ]
        done = subprocess.run(command, cwd=tree, capture_output=True, text=True, timeout=1200)
        assert done.returncode == 0, done.stdout + done.stderr
        printed[name] = done.stdout
    return tree, printed


def test_each_metric_has_a_line_and_the_page_is_named(scored):
    tree, printed = scored
    assert "page: results/score_good/report/index.html" in printed["good"]
    assert (tree / "results/score_good/report/index.html").exists()
    for metric in ("Morphology", "Power spectrum", "Flux", "FID", "KID", "Copying"):
        assert metric in printed["good"]
    numbers = json.loads((tree / "results/score_good/card.json").read_text())["numbers"]
    assert len(printed["good"].partition("\n\n")[2].strip().splitlines()) >= len(numbers)


def test_galaxies_of_the_same_kind_are_nearer_than_ones_three_times_as_bright(scored):
    tree, _ = scored

    def flux(name):
        numbers = json.loads((tree / f"results/score_{name}/card.json").read_text())["numbers"]
        return next(each for each in numbers if each["property"] == "log_flux")

    assert flux("good")["at_floor"]
    assert not flux("bright")["at_floor"]
    assert flux("bright")["value"] == pytest.approx(np.log10(3), abs=0.1)


def test_what_was_assumed_stands_in_the_configuration_which_runs_like_any_other(scored):
    tree, printed = scored
    text = (tree / "results/score_good/score.yaml").read_text()
    assert "# assumed: pixels of both are in one unit" in text
    assert "assumed: pixels of both are in one unit" in printed["good"]
    assert planned(tree, config="results/score_good/score.yaml") == {}


def test_cards_of_both_stand_side_by_side(scored):
    tree, _ = scored
    command = [sys.executable, "-m", "galforge.cards", "results/score_good/card.json", "results/score_bright/card.json"]
    environment = {**os.environ, "PYTHONPATH": str(tree / "workflow")}
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("| data set | quantity | good | bright |")


def test_a_licence_or_another_name_measures_nothing_again(scored):
    tree, _ = scored
    text = (tree / "results/score_good/score.yaml").read_text()
    (tree / "named.yaml").write_text(text.replace("title: good", "title: Good galaxies\n    licence: CC0"))
    again = planned(tree, config="named.yaml")
    assert again
    assert not {rule for rule in again if rule.startswith(("measure", "take_given", "stamps", "distances"))}


def test_the_make_target_says_what_it_needs():
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    done = subprocess.run(["make", "-n", "score", "REAL=a b.fits", "GENERATED=c.npz", "PIXEL_SCALE=0.03"], cwd=ROOT,
                          capture_output=True, text=True)  # fmt: skip
    assert '--real "a b.fits" --generated "c.npz"' in done.stdout
    assert "--pixel-scale 0.03" in done.stdout
