"""profiles/slurm asks SLURM for what every rule states: the real workflow is submitted to a stand-in sbatch.

The rules and the profile are the project's own, under a small configuration that reaches every rule. Scripts
are replaced by one that only makes the outputs, sbatch by one that notes its arguments and makes them too.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
GPU_RULES = {
    "train_segment",
    "sample",
    "sample_chunk",
    "score_snapshot",
    "gpu_check",
    "train_denoiser",
    "cross_validate_network",
}
TARGETS = (
    *("all", "gpu_check", "results/slurm/fits/colours/vae-seed0.fits", "results/slurm/npz/redshifts/source.npz"),
    "results/slurm/realgalaxy/cutouts/source/F814W.fits",
    "results/slurm/weights/galaxies/vae-seed0/README.md",
)
WEIGHTS = "results/slurm/models/galaxies/vae/seed0/weights_1.safetensors"
GRES_LINE = '    # <<: {gpu: 0, gres: "gpu:1"}'

CONFIG = """\
name: slurm
scale: test
datasets:
  galaxies:
    family: sersic
    count: 40
    size: 32
    pixel_scale: 0.4
    measuring: {expected_count: 40}
  cutouts:
    family: cosmos
    source: mock
    size: 32
    min_size: 32
    mock: {count: 20, smallest_side: 32, largest_side: 64}
    measuring: {expected_count: 20, noise_sigma: auto}
  colours:
    family: skirt
    source: mock
    size: 32
    mock: {count: 20, largest_side: 64}
    measuring: {expected_count: 20}
  redshifts:
    family: galaxiesml
    source: mock
    size: 32
    bin: 2
    mock: {count: 14}
    measuring: {expected_count: 14, measures: [sources, redshift]}
  sparse:
    family: sparse
    size: 128
    mock: {labeled: 4, scored: 10, query: 4, size: 128}
    measuring: {expected_count: 4, expected_scored: 18, measures: [power_spectrum, realism]}
models:
  vae:
    family: vae
    training: {images_total: 640, segment_images: 320, history_images: 320}
  redshift_cnn:
    family: redshift_cnn
    training: {images_total: 640, segment_images: 320, history_images: 320}
  two_stage:
    family: two_stage
    network: {size: 128}
    normalisation: {kind: linear, scale: 1.0}
    training: {images_total: 640, segment_images: 320, history_images: 320, augmentation: false}
measures:
  realism: {family: realism, size: 128}
  morphology: {family: morphology, chunk: 30}
  power_spectrum: {family: power_spectrum}
  photometry: {family: photometry}
  features: {family: features, chunk: 15}
  sources: {family: sources}
  redshift: {family: redshift}
sampling: {count: 40, chunk: 20}
realism: {scorers: [xgboost-histogram_power_spectrum, cnn-image]}
denoisers: {denoiser: {}}
denoising: {alphas: [0.0, 0.5], replicates: 1}
run:
  - {dataset: galaxies, model: vae}
  - {dataset: cutouts, model: vae, overrides: {snapshot: {choose: best, by: power_spectrum, count: 20}}}
  - {dataset: colours, model: vae, denoise: [denoiser]}
  - {dataset: redshifts, model: vae}
  - {dataset: sparse, model: two_stage}
"""

SCRIPT = """\
from pathlib import Path

for path in snakemake.output:
    Path(path).touch()
"""

SBATCH = """\
#!{python}
import json, os, sys
from pathlib import Path

jobs = Path({jobs!r})
comment = sys.argv[sys.argv.index("--comment") + 1]
for output in json.loads((jobs / "outputs").read_text())[comment]:
    Path(output).parent.mkdir(parents=True, exist_ok=True)
    Path(output).touch()
(jobs / f"{{os.getpid()}}.json").write_text(json.dumps(sys.argv[1:]))
print(os.getpid())
"""

SQUEUE = """\
#!/bin/sh
cd {jobs}
for job in *.json; do echo "${{job%.json}}|COMPLETED"; done
"""

SCONTROL = "#!/bin/sh\necho 'MinJobAge = 300 sec'\necho 'MaxArraySize = 1001'\n"
SACCTMGR = "#!/bin/sh\necho myproject\n"


@dataclass(frozen=True)
class Job:
    """A planned job as a dry run prints it."""

    rule: str
    wildcards: list[str]
    outputs: list[str]
    threads: int
    resources: dict[str, str]

    @property
    def comment(self) -> str:
        """What the SLURM plugin gives to sbatch as --comment."""
        wildcards = "_".join(self.wildcards).replace("/", "_")
        return f"rule_{self.rule}_wildcards_{wildcards}" if wildcards else f"rule_{self.rule}"


@dataclass(frozen=True)
class Request:
    """What sbatch was asked for, in one call."""

    comment: str
    account: str
    partition: str
    minutes: str
    memory: str
    cpus: str
    gpus: str | None
    gres: str | None
    requeue: bool
    logfile: str
    jobname: str


def executable(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def snakemake(project: Path, *arguments: str, path: str | None = None) -> str:
    command = [sys.executable, "-m", "snakemake", *arguments]
    environment = os.environ | {"PATH": path or os.environ["PATH"]}
    result = subprocess.run(
        command, cwd=project, env=environment, text=True, capture_output=True, timeout=180, check=False
    )
    said = result.stdout + result.stderr
    assert result.returncode == 0, said
    return said


def planned(project: Path, *arguments: str) -> list[Job]:
    """Jobs of a dry run. Without the SLURM profile's defaults, so that only what the rules state is there."""
    text = snakemake(project, "--dry-run", "--cores", "64", *arguments)
    jobs = []
    for block in re.findall(r"^(?:local)?rule \w+:\n(?:    .*\n)+", text, flags=re.MULTILINE):
        rule = block.split(":")[0].split()[1]
        entries = dict(re.findall(r"^    (\w+): (.*)$", block, flags=re.MULTILINE))
        pairs = [pair.split("=", 1) for pair in entries.get("wildcards", "").split(", ") if pair]
        resources = dict(pair.split("=", 1) for pair in entries["resources"].split(", "))
        outputs = [path for key in ("output", "benchmark") if key in entries for path in entries[key].split(", ")]
        threads = int(entries.get("threads", 1))
        jobs.append(Job(rule, [value for _, value in pairs], outputs, threads, resources))
    return jobs


def request_of(arguments: list[str]) -> Request:
    parser = argparse.ArgumentParser(exit_on_error=False)
    for option in (
        "--job-name",
        "--output",
        "--comment",
        "--export",
        "--mem",
        "--cpus-per-task",
        "--gpus",
        "--gres",
    ):
        parser.add_argument(option)
    for option in ("--ntasks", "--wrap", "-A", "-p", "-t", "-D"):
        parser.add_argument(option)
    parser.add_argument("--parsable", action="store_true")
    parser.add_argument("--requeue", action="store_true")
    parsed = parser.parse_args(arguments)
    return Request(
        comment=parsed.comment,
        account=parsed.A,
        partition=parsed.p,
        minutes=parsed.t,
        memory=parsed.mem,
        cpus=parsed.cpus_per_task,
        gpus=parsed.gpus,
        gres=parsed.gres,
        requeue=parsed.requeue,
        logfile=parsed.output,
        jobname=parsed.job_name,
    )


@dataclass(frozen=True)
class Cluster:
    """A copy of the workflow with emptied scripts, and the stand-ins for SLURM's commands."""

    project: Path
    jobs: Path
    path: str

    def submit(self, profile: Path, *targets: str) -> dict[str, Request]:
        """Run with a profile; comment -> request of every call of sbatch."""
        for job in self.jobs.glob("*.json"):
            job.unlink()
        shutil.rmtree(self.project / "results", ignore_errors=True)
        # The stand-in needs no patience; these take no part in what sbatch is asked.
        quick = ["--slurm-init-seconds-before-status-checks", "1", "--max-jobs-per-timespan", "100/1s"]
        quick += ["--latency-wait", "1", "--retries", "0"]
        snakemake(self.project, "--profile", str(profile), *quick, "--", *targets, path=self.path)
        requests = [request_of(json.loads(job.read_text())) for job in self.jobs.glob("*.json")]
        assert len({request.comment for request in requests}) == len(requests)
        return {request.comment: request for request in requests}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    project, jobs, tools = (tmp_path_factory.mktemp(name) for name in ("project", "jobs", "slurm"))
    ignored = shutil.ignore_patterns("__pycache__", ".snakemake")
    for folder in ("workflow", "profiles", "envs"):
        shutil.copytree(ROOT / folder, project / folder, ignore=ignored)
    shutil.copytree(ROOT / "config" / "published", project / "config" / "published")
    shutil.copy(ROOT / "config" / "requests.csv", project / "config")
    (project / "config" / "config.yaml").write_text(CONFIG)
    for script in (project / "workflow" / "scripts").glob("*.py"):
        script.write_text(SCRIPT)
    executable(tools / "sbatch", SBATCH.format(python=sys.executable, jobs=str(jobs)))
    executable(tools / "squeue", SQUEUE.format(jobs=jobs))
    executable(tools / "scontrol", SCONTROL)
    executable(tools / "sacctmgr", SACCTMGR)
    for name in ("sinfo", "sacct", "scancel"):
        executable(tools / name, "#!/bin/sh\nexit 1\n")
    return Cluster(project, jobs, f"{tools}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture(scope="module")
def plan(cluster: Cluster) -> dict[str, Job]:
    """Comment -> job of the whole workflow, local rules excepted, as the rules state it."""
    local = {"all"} | local_rules()
    jobs = [job for job in planned(cluster.project, "--", *TARGETS) if job.rule not in local]
    outputs = {job.comment: job.outputs for job in jobs}
    assert len(outputs) == len(jobs)
    (cluster.jobs / "outputs").write_text(json.dumps(outputs))
    return {job.comment: job for job in jobs}


@pytest.fixture(scope="module")
def requests(cluster: Cluster, plan: dict[str, Job]) -> dict[str, Request]:
    return cluster.submit(cluster.project / "profiles" / "slurm", *TARGETS)


def rule_texts() -> dict[str, str]:
    """Rule name -> its text in workflow/rules."""
    text = "\n".join(path.read_text() for path in sorted((ROOT / "workflow" / "rules").glob("*.smk")))
    head = r"^(?:use rule \w+ as|rule) (\w+)(?: with)?:"
    return dict(re.findall(head + r"\n((?:    .*\n|\n)+)", text, flags=re.MULTILINE))


def local_rules() -> set[str]:
    return {name for name, text in rule_texts().items() if "localrule: True" in text}


def test_every_rule_is_submitted(requests: dict[str, Request], plan: dict[str, Job]) -> None:
    assert set(requests) == set(plan)
    # Rules that are written in a loop have no name in the text.
    looped = ("tables_", "figures_", "latents_", "measure_", "stamps")
    rules = {job.rule for job in plan.values() if not job.rule.startswith(looped)}
    # Stamps are drawn in parts here, `score` is asked for by name only, no denoiser is brought, no images are given or
    # taken, no data set has folds, and there is no oracle.
    elsewhere = {"sample", "score", "evaluate_brought", "take_given", "take_sources", "fold_stamps", "judge_denoising"}
    assert rules == set(rule_texts()) - local_rules() - elsewhere


def test_every_rule_states_memory_and_time(plan: dict[str, Job]) -> None:
    for job in plan.values():
        assert int(job.resources["mem_mb"]) >= 500, job.rule
        assert 1 <= int(job.resources["runtime"]) <= 1440, job.rule


def test_memory_time_and_threads_are_what_the_rule_states(requests: dict[str, Request], plan: dict[str, Job]) -> None:
    for comment, request in requests.items():
        job = plan[comment]
        assert request.memory == job.resources["mem_mb"], comment
        assert request.minutes == job.resources["runtime"], comment
        assert request.cpus == str(job.threads), comment


def test_account_partition_and_gpu(requests: dict[str, Request], plan: dict[str, Job]) -> None:
    for comment, request in requests.items():
        on_gpu = plan[comment].rule in GPU_RULES
        assert request.account == "myproject", comment
        assert request.partition == ("gpu" if on_gpu else "cpu"), comment
        assert request.gpus == ("1" if on_gpu else None), comment
        assert request.gres is None, comment
        assert plan[comment].resources.get("gpu", "0") == ("1" if on_gpu else "0"), comment


def test_jobs_are_requeued_named_and_logged(cluster: Cluster, requests: dict[str, Request]) -> None:
    logs = str(cluster.project / "logs" / "slurm")
    for comment, request in requests.items():
        assert request.requeue, comment
        assert request.jobname.startswith("galforge_"), comment
        assert request.logfile.startswith(logs), comment


def test_one_line_switches_to_gres(cluster: Cluster, plan: dict[str, Job], tmp_path: Path) -> None:
    """Where sbatch refuses --gpus: one line of the profile, and no rule is touched."""
    requests = cluster.submit(edited(tmp_path, GRES_LINE), WEIGHTS, "gpu_check")
    training = [request for comment, request in requests.items() if plan[comment].rule in GPU_RULES]
    others = [request for comment, request in requests.items() if plan[comment].rule not in GPU_RULES]
    assert {(request.gres, request.gpus, request.partition) for request in training} == {("gpu:1", None, "gpu")}
    assert {(request.gres, request.gpus, request.partition) for request in others} == {(None, None, "cpu")}


def test_several_gpus_per_training(cluster: Cluster, plan: dict[str, Job], tmp_path: Path) -> None:
    """Two lines of the profile; one GPU draws samples, and the check gets what a training gets."""
    profile = edited(tmp_path, "    # gpu: 4", "    # cpus_per_task: 8")
    sample = "results/slurm/samples/galaxies/vae/seed0.h5"
    requests = cluster.submit(profile, sample, "gpu_check")
    by_rule = {plan[comment].rule: request for comment, request in requests.items()}
    gpus = {rule: (request.gpus, request.cpus) for rule, request in by_rule.items() if rule in GPU_RULES}
    assert gpus == {"train_segment": ("4", "8"), "gpu_check": ("4", "8"), "sample_chunk": ("1", "1")}


def test_denoisers_share_gpus_by_shards(cluster: Cluster, plan: dict[str, Job], tmp_path: Path) -> None:
    """Two lines of the profile, where GPUs are divided: a denoiser asks for a shard, a training for a GPU as before."""
    profile = edited(tmp_path, "    # gpu: 0", "    # gres:")
    network = "results/slurm/studies/denoising/colours/denoiser/vae-seed0/alpha0.50-0.safetensors"
    requests = cluster.submit(profile, network)
    by_rule = {plan[comment].rule: request for comment, request in requests.items()}
    asked = {rule: (request.gpus, request.gres) for rule, request in by_rule.items() if rule in GPU_RULES}
    assert asked == {"train_segment": ("1", None), "sample_chunk": ("1", None), "train_denoiser": (None, "shard:1")}
    assert by_rule["train_denoiser"].partition == "gpu"


def edited(folder: Path, *commented: str) -> Path:
    """A copy of the profile in which the lines that begin so, one each and marked SITE, count."""
    lines = (ROOT / "profiles" / "slurm" / "profile.yaml").read_text().splitlines()
    for start in commented:
        (number,) = [number for number, line in enumerate(lines) if line.startswith(start)]
        assert "SITE" in lines[number]
        lines[number] = lines[number].replace("# ", "", 1)
    (folder / "profile.yaml").write_text("\n".join(lines) + "\n")
    return folder


def test_profiles_agree_on_what_is_out_of_date() -> None:
    """Moving from one machine to a cluster must rerun nothing."""
    profiles = {
        name: yaml.safe_load((ROOT / "profiles" / name / "profile.yaml").read_text()) for name in ("local", "slurm")
    }
    for key in ("rerun-triggers", "max-checksum-file-size", "rerun-incomplete"):
        assert profiles["local"][key] == profiles["slurm"][key]
    assert profiles["slurm"]["rerun-triggers"] == ["params", "input", "mtime"]
    for profile in profiles.values():
        assert "keep-incomplete" not in profile
    assert sorted(path.name for path in (ROOT / "profiles").iterdir()) == ["local", "slurm"]


def test_lines_of_the_site_are_marked() -> None:
    text = (ROOT / "profiles" / "slurm" / "profile.yaml").read_text()
    for key in ("slurm_account", "slurm_partition", "gres", "jobs", "gpu"):
        matching = [line for line in text.splitlines() if re.match(rf"\s*(# <<: {{gpu: 0, )?{key}:", line)]
        assert matching, key
        assert all("# SITE:" in line for line in matching), key
