"""A SLURM job starts Snakemake once, as a step: a small workflow on a stand-in that runs what it is given."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SNAKEFILE = """\
import sys

sys.path.insert(0, {library!r})
from galforge.operate.one_start import start_once

start_once()
with open("starts", "a") as starts:
    starts.write(f"{{workflow.is_main_process}}\\n")


rule all:
    localrule: True
    input:
        "made",


rule made:
    output:
        "made",
    threads: 2
    resources:
        gpu=1,
    shell:
        "test -z \\"${{{{SLURM_NTASKS:-}}}}\\"; echo $SLURM_JOB_ID 'a b' > {{output}}"
"""

SBATCH = """\
#!{python}
import os, subprocess, sys

wrapped = [word.removeprefix("--wrap=") for word in sys.argv if word.startswith("--wrap=")]
command = wrapped[0] if wrapped else sys.stdin.read()
slurm = {{"SLURM_JOB_ID": "7", "SLURM_NTASKS": "9", "SLURM_CONF": "here", "SRUN_EXCLUSIVE": "1", "SBATCH_QOS": "low"}}
with open("log", "wb") as log:
    done = subprocess.run(["sh", "-c", command], env={{**os.environ, **slurm}}, stdout=log, stderr=log)
with open("state", "w") as state:
    state.write("7|" + ("FAILED" if done.returncode else "COMPLETED"))
print(7)
"""

SRUN = """\
#!{python}
import json, os, sys

options = sys.argv[1:]
first = next(place for place, word in enumerate(options) if not word.startswith("-"))
known = sorted(name for name in os.environ if name.startswith(("SLURM_", "SRUN_", "SBATCH_")))
with open("step.json", "w") as step:
    json.dump([options[:first], known], step)
os.execvp(options[first], options[first:])
"""


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """Stand-ins for SLURM's commands, of which sbatch runs the job at once."""
    tools = tmp_path / "tools"
    tools.mkdir()
    stands = {"sbatch": SBATCH.format(python=sys.executable), "srun": SRUN.format(python=sys.executable)}
    stands |= {"squeue": "#!/bin/sh\ncat state\n", "scontrol": "#!/bin/sh\necho 'MinJobAge = 300 sec'\n"}
    stands["sacctmgr"] = "#!/bin/sh\necho a\n"
    for name in ("sinfo", "sacct", "scancel"):
        stands[name] = "#!/bin/sh\nexit 1\n"
    for name, text in stands.items():
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    return tools


def run(folder: Path, tools: Path, *more: str) -> str:
    (folder / "Snakefile").write_text(SNAKEFILE.format(library=str(ROOT / "workflow")))
    command = [sys.executable, "-m", "snakemake", "--executor", "slurm", "--jobs", "1", "--latency-wait", "1"]
    command += ["--slurm-init-seconds-before-status-checks", "1", "--slurm-status-command", "squeue"]
    command += ["--default-resources", "slurm_account=a", "slurm_partition=p", "mem_mb=100", "runtime=5", *more]
    environment = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        command, cwd=folder, env=environment, text=True, capture_output=True, timeout=120, check=False
    )
    log = (folder / "log").read_text() if (folder / "log").exists() else ""
    assert done.returncode == 0, done.stdout + done.stderr + log
    return log


@pytest.mark.parametrize("more", [(), ("--slurm-pass-command-as-script",)], ids=["wrapped", "as a script"])
def test_a_job_starts_snakemake_once_as_a_step_with_no_options_but_its_own(tmp_path, tools, more):
    run(tmp_path, tools, *more)
    assert (tmp_path / "made").read_text() == "7 a b\n"
    assert (tmp_path / "starts").read_text().split() == ["True", "False"]
    options, known = json.loads((tmp_path / "step.json").read_text())
    assert options == ["-n1", "--cpu-bind=q", "--cpus-per-task=2", "--gpus=1", "--nodes=1"]
    assert known == ["SLURM_CONF", "SLURM_JOB_ID"]


def test_the_plugin_alone_starts_it_twice(tmp_path, tools, monkeypatch):
    """If it no longer does, what is replaced is needed no more."""
    shutil.copytree(ROOT / "workflow/galforge/operate", tmp_path / "galforge/operate")
    (tmp_path / "galforge/__init__.py").touch()
    (tmp_path / "galforge/operate/one_start.py").write_text("def start_once():\n    pass\n")
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path / "nowhere")
    (tmp_path / "nowhere").mkdir()
    (tmp_path / "nowhere/workflow").symlink_to(tmp_path)
    run(tmp_path, tools)
    assert (tmp_path / "starts").read_text().split() == ["True", "False", "False"]
