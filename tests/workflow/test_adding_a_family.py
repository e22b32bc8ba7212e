"""docs/adding-a-model.md, followed to the letter: one folder, one block of configuration, and there is a model."""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
import yaml
from tree import ROOT, SMALLEST, planned, snakemake

from galforge.stamps.file import Stamps

SAMPLES = "results/smallest/samples/sersic/pca/seed0.h5"
TRAINING = {"images_total": 400, "segment_images": 400, "batch": 10, "ema_half_life_images": 40, "history_images": 20}
COLLECTING = ("all", "page", "card", "tables_", "figures_", "latents_")
"""What rules are called that put all models of a run together."""


def example() -> tuple[str, str, dict]:
    """The two modules and the configuration that the page shows."""
    page = (ROOT / "docs/adding-a-model.md").read_text(encoding="utf-8")
    settings, family = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (block,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    return settings, family, yaml.safe_load(block)


@pytest.fixture(scope="module")
def tree(smallest_run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run to which the page's family is added, with a training as short as the run's others."""
    tree = tmp_path_factory.mktemp("added") / "galforge"
    subprocess.run(["cp", "-a", smallest_run.tree, tree], check=True)
    settings, family, block = example()
    folder = tree / "workflow/galforge/models/components"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "settings.py").write_text(settings)
    (folder / "family.py").write_text(family)
    block["models"]["pca"]["training"] |= TRAINING
    block["models"]["pca"]["network"]["latent"] = 4
    block["run"] = [*yaml.safe_load((tree / SMALLEST).read_text())["run"], *block["run"]]
    (tree / "mine.yaml").write_text(yaml.safe_dump(block))
    return tree


def test_only_the_new_model_s_jobs_are_planned_and_what_puts_all_models_together(tree):
    assert planned(tree) == {}, "the run was not finished"
    done = snakemake(tree, "-n", "--configfile", SMALLEST, "mine.yaml", config=None)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    jobs = re.findall(r"^\s*(?:local)?rule (\w+):\n((?: {4}.*\n)+)", said, re.MULTILINE)
    assert {"train_segment", "merge_samples", "measure_morphology", "distances"} <= {rule for rule, _ in jobs}, said
    for rule, lines in jobs:
        if rule.startswith(COLLECTING):
            continue
        words = re.search(r"wildcards: (.*)", lines)[1]
        assert re.search(r"\bmodel=pca\b|\bwho=pca-seed0\b", words), f"{rule}: {words}"


def test_the_page_s_example_trains_and_draws_galaxies(tree):
    done = snakemake(tree, "--configfile", SMALLEST, "mine.yaml", "--", SAMPLES, config=None)
    assert done.returncode == 0, done.stdout + done.stderr
    with Stamps(tree / SAMPLES) as drawn, Stamps(tree / "results/smallest/stamps/sersic.h5") as source:
        assert drawn.header.origin == "generated"
        assert drawn.shape == source.shape
        made, real = drawn.images[:].mean((0, 1)), source.images[:].mean((0, 1))
    # Galaxies lie in the middle; an untrained model's images are flat.
    assert np.corrcoef(made.ravel(), real.ravel())[0, 1] > 0.8
