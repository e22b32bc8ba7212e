"""`make plan` on real plans: the reasons, the costs, and the disk that a run really takes."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tree import SMALLEST, copy_tree

from galforge.config.parse import parse
from galforge.config.problems import merged
from galforge.estimate.rates import read_table
from galforge.estimate.work import Job, Workload


def plan(tree: Path, *words: str) -> str:
    command = [sys.executable, "workflow/galforge/estimate/command.py", "--profile", "profiles/local", *words]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def rows(text: str) -> dict[str, list[str]]:
    """Stage -> jobs, GPU-hours, CPU-hours, disk, rate from."""
    table = text.split("rate from\n")[1].split("\n\n")[0]
    return {(cells := re.split(r"  +", line.strip()))[0]: cells[1:] for line in table.splitlines()}


@pytest.mark.slow
def test_the_papers_plan_knows_every_rate_before_anything_was_run(tmp_path):
    text = plan(copy_tree(tmp_path / "galforge"))
    assert text.startswith("galforge: configuration 'paper' (paper scale)")
    planned = int(re.search(r"Why (\d+) jobs would run", text)[1])
    assert re.search(
        r"measure_morphology_chunk +80  Missing output files; Input files updated by another job \(such as", text
    )
    found = rows(text)
    unknown = [stage for stage, cells in found.items() if "nowhere" in cells[-1]]
    # Nobody can have run the network of published FIDs before it was downloaded.
    assert unknown[0] == "download"
    assert all("by inception-v3 on" in stage for stage in unknown[1:])
    # No GPU was seen: the roofline of a named one stands in.
    assert float(found["train_segment vae on sersic"][1]) > 0
    assert "roofline of A100 40 GB" in found["train_segment vae on sersic"][-1]
    assert "--force -- gpu_check` on the machine that trains" in text
    assert int(found["total"][0]) == planned
    # Jobs of several pieces count in the row of each.
    assert sum(int(cells[0]) for stage, cells in found.items() if stage != "total") > planned
    # 700,000 samples of 5 x 256 x 256 and 1,300,000 of 256 x 256 single-precision numbers are 1.26 TB, 800,000 of
    # 5 x 64 x 64 are 0.07, and the states of large networks, 16 bytes per weight and segment, another 0.6.
    assert 1700 < float(found["total"][3]) < 2200


def test_a_finished_run_lends_its_own_rates_and_the_driver_is_heard_first(smallest_run, tmp_path):
    tree = tmp_path / "galforge"
    subprocess.run(["cp", "-a", smallest_run.tree, tree], check=True)
    assert "nothing to be done" in plan(tree, "--configfile", SMALLEST)
    overlay = tree / SMALLEST
    overlay.write_text(overlay.read_text().replace("ema_half_life_images: 40", "ema_half_life_images: 20"))
    text = plan(tree, "--configfile", SMALLEST)
    first, second = text.splitlines()[:2]
    assert first.startswith("galforge: configuration 'smallest'")
    assert "will be trained again: training: training.ema_half_life_images was 40, is 20" in second
    assert re.search(r"train_segment +\d+ .*Params have changed since last execution", text)
    found = rows(text)
    assert found["train_segment vae on sersic"][1] == "-", "it was trained on a CPU here"
    assert "logs of 2 jobs here" in found["train_segment vae on sersic"][-1]
    assert all("benchmarks of" in found[stage][-1] for stage in ("distances", "tables", "page"))


@pytest.fixture(scope="module")
def workload(smallest_run) -> Workload:
    tree = smallest_run.tree
    base, overlay = (yaml.safe_load((tree / name).read_text()) for name in ("config/config.yaml", SMALLEST))
    table = [rate for rate in read_table() if rate.unit == "bytes per stamp"]
    return Workload(parse(merged(base, overlay)), {(rate.rule, rate.variant): rate.value for rate in table})


def test_disk_is_what_a_run_takes(smallest_run, workload):
    """Files whose size follows from shapes, in every stage; a hard link is no second file."""
    results, checked = smallest_run.tree / "results/smallest", set()
    for job in smallest_run.jobs:
        files = made(results, job)
        if files is None:
            continue
        work = workload.of(Job(job["rule"], job["wildcards"], 1, 0, ""))
        real = sum((results / name).stat().st_size for name in files)
        assert work.disk == pytest.approx(real, rel=0.15), f"{job['rule']} {job['wildcards']}: {work.disk} for {real}"
        checked.add(job["rule"])
    assert checked == {"stamps", "train_segment", "sample", "merge_samples"}


def made(results: Path, job: dict) -> list[str] | None:
    names = job["wildcards"]
    folder = "models/{dataset}/{model}/seed{seed}"
    patterns = {
        "stamps": ["stamps/{dataset}.h5"],
        "train_segment": [folder + "/state_{segment}.pt", folder + "/weights_{segment}.safetensors"],
        **{rule: ["samples/{dataset}/{model}/seed{seed}.h5"] for rule in ("sample", "merge_samples")},
    }
    return [name.format(**names) for name in patterns[job["rule"]]] if job["rule"] in patterns else None


def test_parts_leave_nothing_and_their_whole_counts_once(workload):
    names = {"dataset": "sersic", "model": "vae", "seed": "0"}
    part = workload.of(Job("sample_chunk", {**names, "part": "0", "parts": "2"}, 1, 1, ""))
    assert (part.items, part.disk) == (8, 0.0)
    assert workload.of(Job("merge_samples", names, 1, 0, "")).disk > 16 * 32 * 32 * 4


def test_operations_follow_from_the_networks(workload, smallest_run):
    """Twice the side of a convolution is four times the work; weights are those that were exported."""
    network = workload.networks["sersic", "vae"]
    script = smallest_run.tree / "workflow/galforge/estimate/operations.py"
    settings = workload.config.models["sersic", "vae"].network.spec()
    asked = [{"family": "vae", "network": settings, "shape": [1, side, side]} for side in (32, 64)]
    done = subprocess.run([sys.executable, script], input=json.dumps(asked), capture_output=True, text=True, check=True)
    small, large = json.loads(done.stdout)
    assert small["train"] == network["train"]
    assert small["train"] > 2.5 * small["sample"], "forward and backward, through encoder and decoder"
    assert 2 < large["train"] / small["train"] < 5
    weights = smallest_run.tree / "results/smallest/models/sersic/vae/seed0/weights_1.safetensors"
    assert 4 * network["weights"] == pytest.approx(weights.stat().st_size, rel=0.02)
