"""galforge as a module of another workflow, in another folder: its jobs run there."""

import os
import re
import subprocess
from pathlib import Path

import pandas as pd
import pytest
import yaml
from tree import ROOT, SNAKEMAKE, copy_tree

# With a handler of its own, which Snakemake runs in place of a module's.
WITH_CONFIG = f"""
configfile: "config/config.yaml"


onstart:
    print("the outer workflow starts")


module galforge:
    snakefile:
        "{ROOT}/workflow/Snakefile"
    config:
        config


use rule * from galforge as galaxies_*


rule size:
    input:
        "results/deployed/stamps/sersic.h5",
    output:
        "size.txt",
    params:
        spec=["of", "another", "kind"],
        code=1,
    shell:
        "wc -c < {{input}} > {{output}}"
"""
WITHOUT = f"""
module galforge:
    snakefile:
        "{ROOT}/workflow/Snakefile"


use rule * from galforge
"""
STAMPS = "results/deployed/stamps/sersic.h5"
TABLE = "results/deployed/tables/holzschuh2022/power_spectrum.csv"
OVERLAY = {
    "name": "deployed",
    "scale": "test",
    "datasets": {
        "sersic": {
            "count": 60,
            "size": 32,
            "pixel_scale": 0.32,
            "measuring": {"expected_count": 60, "measures": ["power_spectrum", "power_spectrum-published"]},
        }
    },
    "models": {
        "gaussian": {
            "network": {"components": 20, "images": 40},
            "training": {"images_total": 40, "segment_images": 40, "batch": 20, "history_images": 20},
        }
    },
    "sampling": {"count": 20},
    "run": [{"dataset": "sersic", "model": "gaussian", "seeds": [0]}],
}


def run(folder: Path, *words: str) -> subprocess.CompletedProcess:
    variables = {name: value for name, value in os.environ.items() if name not in ("GALFORGE_PLAN", "PYTHONPATH")}
    command = [SNAKEMAKE, "--cores", "1", *words]
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=1800)


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "workflow").mkdir()
    (tmp_path / "overlay.yaml").write_text(yaml.safe_dump(OVERLAY))
    return tmp_path


def test_jobs_run_under_other_names_beside_the_rules_of_the_outer_workflow(folder):
    (folder / "workflow/Snakefile").write_text(WITH_CONFIG)
    (folder / "config").mkdir()
    (folder / "config/config.yaml").write_bytes((ROOT / "config/config.yaml").read_bytes())
    done = run(folder, "--configfile", "overlay.yaml", "--", "size.txt")
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "the outer workflow starts" in said
    assert "rule galaxies_stamps:" in said
    assert int((folder / "size.txt").read_text()) == (folder / STAMPS).stat().st_size > 60 * 32 * 32 * 4


@pytest.fixture
def checkout(tmp_path_factory) -> Path:
    """A checkout that may be moved."""
    return copy_tree(tmp_path_factory.mktemp("elsewhere") / "galforge")


def outer(folder: Path, checkout: Path, more: str = "", kind: str = "", at: str = "") -> None:
    text = WITHOUT.replace(f'"{ROOT}/workflow/Snakefile"\n', f'"{kind}{checkout}/workflow/Snakefile{at}"\n{more}')
    assert str(checkout) in text
    (folder / "workflow/Snakefile").write_text(text)


@pytest.mark.slow
def test_a_table_with_printed_values_is_made_and_a_moved_checkout_makes_nothing_again(folder, checkout):
    """Without a configuration of its own the folder has that of the checkout."""
    outer(folder, checkout)
    words = ("--configfile", "overlay.yaml", "--", TABLE)
    done = run(folder, "--profile", f"{checkout}/profiles/local", *words)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "galforge: configuration 'deployed' (test scale) from " in said
    table = pd.read_csv(folder / TABLE)
    assert table["published"].notna().any()
    moved = checkout.rename(checkout.with_name("moved"))
    outer(folder, moved)
    again = run(folder, "--profile", f"{moved}/profiles/local", "--dry-run", *words)
    assert "Nothing to be done" in again.stdout + again.stderr, again
    # Another value does make it again, and nothing before it.
    values = moved / "config/published/holzschuh2022.csv"
    values.write_text(
        values.read_text(encoding="utf-8") + "holzschuh2022,power_spectrum,sersic,x,wasserstein,mode_0,1,,\n"
    )
    again = run(folder, "--profile", f"{moved}/profiles/local", "--dry-run", *words)
    said = again.stdout + again.stderr
    assert re.findall(r"^(?:local)?rule (\w+):", said, re.MULTILINE) == ["tables_holzschuh2022_power_spectrum"], said


@pytest.mark.slow
def test_what_cannot_work_is_refused_in_a_sentence(folder, checkout):
    outer(folder, checkout, more='    prefix:\n        "elsewhere"\n')
    words = ("--configfile", "overlay.yaml", "--dry-run", "--", STAMPS)
    done = run(folder, *words)
    assert done.returncode == 1
    assert "set `name` in the configuration" in done.stdout + done.stderr, done
    outer(folder, checkout, kind="git+file://", at="@HEAD")
    done = run(folder, *words)
    assert done.returncode == 1
    assert "clone the repository, and give `snakefile:` the path" in done.stdout + done.stderr, done
