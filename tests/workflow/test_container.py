"""Jobs run in the image as profiles/slurm says: by a stand-in for apptainer, and by apptainer where there is one."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tree import ROOT, copy_tree, snakemake

IMAGE = "envs/galforge.sif"
CHECKED = "results/smallest/gpu_check.json"
# It starts what it is asked to start with another `python` on the path and the variables meant for the image, and notes
# that it did.
STAND_IN = """\
#!/bin/sh
if [ "$1" = --version ]; then echo apptainer version 1.3.4; exit; fi
echo "$@" >>"{calls}"
while [ $# -gt 0 ] && [ "$1" != {image} ]; do shift; done
shift
PATH="{inside}:$PATH" PYTHONPATH="$APPTAINERENV_PYTHONPATH" exec "$@"
"""


def use_image(tree: Path) -> None:
    """Put the lines of profiles/slurm that bring in the image, uncommented, into the profile that tests run with."""
    text = (ROOT / "profiles/slurm/profile.yaml").read_text()
    lines = re.findall(r"(?m)^# ((?:software-deployment-method|apptainer-args): .*)$", text)
    assert len(lines) == 2
    profile = tree / "profiles/local/profile.yaml"
    profile.write_text("\n".join([profile.read_text(), *lines, ""]))


def executable(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


@pytest.mark.slow
def test_jobs_run_in_the_image(tmp_path: Path) -> None:
    tree, calls, inside = copy_tree(tmp_path / "galforge"), tmp_path / "calls", tmp_path / "inside"
    executable(inside / "python", f'#!/bin/sh\nexport INSIDE=1\nexec {sys.executable} "$@"\n')
    executable(tmp_path / "bin/apptainer", STAND_IN.format(calls=calls, image=IMAGE, inside=inside))
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    script = tree / "workflow/scripts/gpu_check.py"
    script.write_text(script.read_text() + '\nimport os\n\nassert os.environ["INSIDE"] == "1"\n')

    use_image(tree)
    refused = snakemake(tree, "--", CHECKED, PATH=path)
    assert refused.returncode != 0
    assert f"{IMAGE} does not exist" in refused.stdout + refused.stderr

    (tree / IMAGE).touch()
    done = snakemake(tree, "--", CHECKED, PATH=path)
    assert done.returncode == 0, done.stdout + done.stderr
    (call,) = calls.read_text().splitlines()
    assert call.startswith(f"exec --home {tree} --nv ")
    assert f" {IMAGE} " in call
    assert json.loads((tree / CHECKED).read_text())["gpus_asked"] == 1


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("apptainer"), reason="builds and runs the image: needs apptainer")
def test_the_image_is_built_and_runs_a_job(tmp_path: Path) -> None:
    tree = copy_tree(tmp_path / "galforge")
    build = ["apptainer", "build", IMAGE, "envs/galforge.def"]
    built = subprocess.run(build, cwd=tree, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    use_image(tree)
    done = snakemake(tree, "--", CHECKED)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((tree / CHECKED).read_text())["gpus_asked"] == 1
