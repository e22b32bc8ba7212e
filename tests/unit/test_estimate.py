"""What a plan costs: what a dry run says, whose rate counts, and how it is told."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from galforge.config.parse import parse
from galforge.config.problems import merged
from galforge.errors import GalforgeError
from galforge.estimate.command import SMALL, jobs_of, kinds, number, reasons
from galforge.estimate.rates import (
    ROOFLINE_UNIT,
    TABLE,
    Rate,
    Rates,
    benchmark_seconds,
    own_rates,
    read_table,
)
from galforge.estimate.roofline import A100, FACTOR, Step
from galforge.estimate.work import Job, Work, Workload
from galforge.operate.rules import Written

DRY_RUN = """\
Building DAG of jobs...
[Sun Nov 22 04:13:10 2026]
rule train_segment:
    input: results/x/stamps/sersic.h5
    output: results/x/models/sersic/vae/seed0/state_0.pt, results/x/models/sersic/vae/seed0/state_0.json
    jobid: 4
    reason: Missing output files: results/x/models/sersic/vae/seed0/state_0.pt; Params have changed since last execution
    wildcards: dataset=sersic, model=vae, seed=0, segment=0
    threads: 2
    resources: tmpdir=/tmp, runtime=720, mem_mb=16000, gpu=4
[Sun Nov 22 04:13:10 2026]
rule sample_chunk:
    output: a
    wildcards: dataset=sersic, model=vae, seed=0, part=0, parts=2
    resources: tmpdir=<TBD>, gpu=0, gres=gpu:a100:2
[Sun Nov 22 04:13:10 2026]
localrule all:
    input: results/x/report/index.html
    jobid: 0
    reason: Input files updated by another job: results/x/report/index.html
"""
LOG = """\
2026-11-22 05:52:01 INFO node vm, SLURM job none, CUDA_VISIBLE_DEVICES=unset, device auto, processes 1
2026-11-22 05:52:03 INFO training on {device}
2026-11-22 05:52:03 INFO results/smallest/stamps/cosmos.h5: 22 training images (9.01e-05 GB), held on the cpu
2026-11-22 05:52:13 INFO 200 of 400 images seen, 90 per s, 2 s left, divergence 0.00113002, loss 0.8021
2026-11-22 05:52:15 INFO 400 of 400 images seen, 100 per s, 0 s left, divergence 0.00091072, loss 0.79201
"""
TRAINING = Job("train_segment", {"dataset": "sersic", "model": "vae", "seed": "0", "segment": "0"}, 2, 2, "")
IMAGES = Work(
    "train_segment vae on sersic", "train_segment", "vae", 1000, "image", 64, 1e9, precision="bfloat16", parallel=True,
    counted="train", name="sersic/vae", images=64,
)  # fmt: skip
SAMPLING = Job("sample_chunk", {"dataset": "sersic", "model": "vae", "seed": "0", "part": "0", "parts": "1"}, 1, 2, "")
DRAWN = Work(
    "sample vae on sersic", "sample", "vae", 1000, "image", 64, 1e9, precision="float32", counted="sample",
    name="sersic/vae", images=32,
)  # fmt: skip
# 10^9 operations per image, as above. The training is bound by memory, the drawing by arithmetic.
STEPS = [
    Step("paper", "train", "vae", "sersic/vae", "", 1, "bfloat16", 64, 32, 10, 0.032, 0.0, 0.0, 64.0, 2.0, 10.0),
    Step("paper", "sample", "vae", "sersic/vae", "", 1, "float32", 64, 32, 10, 0.0, 0.024, 0.008, 1e-3, 1.0, 3.0),
]
CHECK = {"device": "NVIDIA X", "bf16_tflops": 400.0, "tf32_tflops": 200.0, "fp32_tflops": 50.0, "memory_gb_per_s": 2e3}
ROWS = [
    Rate("start", "", 0, "s per job", 3.0, "a CPU", "2026-11-22", "x.py"),
    Rate("train_segment", "vae", 0, "TFLOP/s per thread", 0.01, "a CPU", "2026-11-22", "x.py"),
    Rate("merge_samples", "", 0, "s per job", 2.0, "a CPU", "2026-11-22", "x.py"),
    Rate("sample", "vae", 0, "TFLOP/s per thread", 0.02, "a CPU", "2026-11-22", "x.py"),
    Rate("measure", "morphology on sersic", 64, "s per stamp", 0.25, "a CPU", "2026-11-22", "x.py"),
    Rate("measure", "morphology on sersic", 256, "s per stamp", 1.0, "a CPU", "2026-11-22", "x.py"),
]


@pytest.fixture
def rates(tmp_path):
    def rule(path: str, *wildcards: str) -> Written:
        places = [f"{tmp_path}/{folder}/{path}.{end}" for folder, end in (("logs", "log"), ("benchmarks", "tsv"))]
        return Written(*places, f"{tmp_path}/{path}", dict.fromkeys(wildcards, r"[\w-]+"))

    trained = ("dataset", "model", "seed")
    rules = {
        "train_segment": rule("train/{dataset}/{model}/seed{seed}/segment_{segment}", *trained, "segment"),
        "sample_chunk": rule("sample/{dataset}/{model}/seed{seed}/part{part}of{parts}", *trained, "part", "parts"),
        "measure": rule("measure/{dataset}/{who}/{measure}", "dataset", "who", "measure"),
        "measure_chunk": rule("measure/{dataset}/{who}/{measure}/part{part}", "dataset", "who", "measure", "part"),
        "calibrate_noise": rule("noise/{dataset}/{measure}", "dataset", "measure"),
        "distances": rule("distances/{dataset}/{group}", "dataset", "group"),
    }
    return lambda: Rates(tmp_path, ROWS, rules, STEPS)


def logged(tmp_path, device: str) -> None:
    log = tmp_path / "logs/train/sersic/vae/seed0/segment_0.log"
    log.parent.mkdir(parents=True)
    log.write_text(LOG.format(device=device))


def test_jobs_are_read_with_their_gpus_threads_and_reasons():
    first, second = jobs_of(DRY_RUN)
    assert (first.rule, first.threads, first.gpus) == ("train_segment", 2, 4)
    assert first.wildcards == {"dataset": "sersic", "model": "vae", "seed": "0", "segment": "0"}
    assert kinds(first.reason) == "Missing output files; Params have changed since last execution"
    assert (second.rule, second.threads, second.gpus) == ("sample_chunk", 1, 2)
    assert kinds(second.reason) == "asked for"


@pytest.mark.parametrize(("resources", "gpus"), [
    ("gpu=0, gres=lscratch:100", 0), ("gpu=0, gres=gpu:a100", 1), ("gpu=2, gres=lscratch:100", 2), ("gres=gpu:3", 3),
    ("mem_mb=3000", 0),
])  # fmt: skip
def test_only_gpus_count_as_gpus(resources, gpus):
    (job,) = jobs_of(f"rule train_segment:\n    output: a\n    resources: {resources}\n")
    assert job.gpus == gpus


def test_a_small_plan_is_told_job_by_job_and_a_large_one_by_reason():
    one = jobs_of(DRY_RUN)[0]
    (line,) = reasons([one])
    assert line.endswith(f"segment=0: {one.reason}")
    lines = reasons([one] * (SMALL + 1))
    assert len(lines) == 1
    assert f" {SMALL + 1} " in lines[0]
    assert "Missing output files; Params have changed since last execution (such as dataset=sersic" in lines[0]


def test_own_finished_jobs_count_first(tmp_path, rates):
    logged(tmp_path, "cuda:0 in bfloat16")
    (tmp_path / "gpu_check.json").write_text(json.dumps(CHECK))
    cost = rates().cost(TRAINING, IMAGES)
    assert cost.seconds == pytest.approx(1000 / 100 + 3)
    assert cost.gpu == pytest.approx(2 * 13)
    assert cost.source == "logs of 1 job here"


def test_an_own_training_on_a_cpu_takes_no_gpu_hours(tmp_path, rates):
    logged(tmp_path, "cpu in float32")
    assert rates().cost(TRAINING, IMAGES).gpu == 0


def test_an_unfinished_job_is_no_rate(tmp_path):
    path = tmp_path / "x.log"
    path.write_text(LOG.format(device="cpu in float32").rsplit("2026", 1)[0])
    assert list(own_rates([path])) == []


def test_then_the_roofline_of_the_measured_gpu(tmp_path, rates):
    (tmp_path / "gpu_check.json").write_text(json.dumps(CHECK))
    cost = rates().cost(TRAINING, IMAGES)
    # 2 GB per image at 2,000 GB/s, on two GPUs.
    assert cost.seconds == pytest.approx(FACTOR * 1000 * 2 / 2000 / 2 + 3)
    assert cost.gpu == pytest.approx(2 * cost.seconds)
    assert cost.source == f"{FACTOR:g} x roofline of NVIDIA X"


def test_sampling_takes_one_gpu_but_holds_all(tmp_path, rates):
    (tmp_path / "gpu_check.json").write_text(json.dumps(CHECK))
    cost = rates().cost(SAMPLING, DRAWN)
    # Three quarters of the operations are convolutions, in TF32; the others are not.
    assert cost.seconds == pytest.approx(FACTOR * 1000 * (0.75e9 / 200e12 + 0.25e9 / 50e12) + 3)
    assert cost.gpu == pytest.approx(2 * cost.seconds)


def test_numbers_of_an_older_gpu_check_are_refused_with_the_remedy(tmp_path, rates):
    (tmp_path / "gpu_check.json").write_text(json.dumps({**CHECK, "memory_gb_per_s": None}))
    with pytest.raises(GalforgeError, match=r"NVIDIA X has no memory_gb_per_s.*run gpu_check again"):
        rates()


def test_memory_is_that_of_a_step_on_each_gpu(rates):
    # Two GPUs share 64 images: 32 on each, as in the row.
    assert rates().memory(TRAINING, IMAGES) == pytest.approx(10.0)
    assert rates().memory(replace(TRAINING, gpus=1), IMAGES) == pytest.approx(2.0 + 2 * 8.0)
    assert rates().memory(replace(TRAINING, gpus=0), IMAGES) == 0


@pytest.mark.parametrize("precision", ["float32", "auto"])
def test_sampling_counts_in_the_precision_that_it_asks_for(precision):
    config = yaml.safe_load((TABLE.parent / "config.yaml").read_text(encoding="utf-8"))
    workload = Workload(parse(merged(config, {"sampling": {"precision": precision}})), {})
    workload.__dict__["networks"] = {("sersic", "vae"): {"sample": 1e9}}
    assert workload.of(SAMPLING).precision == precision


@pytest.mark.parametrize("threads", [1, 4])
def test_more_threads_make_a_model_faster_and_cost_the_same_cpu_hours(threads):
    """A rate of one thread: only the start of the job is spent by all threads."""
    rates = Rates(Path("nowhere"), ROWS, {})
    for job, work, rate in ((TRAINING, IMAGES, 0.01e12), (SAMPLING, DRAWN, 0.02e12)):
        cost = rates.cost(replace(job, threads=threads), work)
        assert (cost.seconds - 3) * threads == pytest.approx(1e9 * 1000 / rate)


@pytest.mark.parametrize("rule", ["measure", "measure_source"])
def test_putting_parts_together_is_the_start_of_a_job_and_says_so(rates, rule):
    job = Job(rule, {"dataset": "sersic", "who": "source", "measure": "morphology"}, 1, 0, "")
    cost = rates().cost(job, Work("measure morphology", "measure", "parts"))
    assert (cost.seconds, cost.source) == (3.0, "rates.csv, start of a job")


def test_without_a_measured_gpu_its_hours_are_those_of_a_named_one_and_those_of_a_cpu_are_told(rates):
    cost = rates().cost(TRAINING, IMAGES)
    assert cost.gpu == pytest.approx(2 * (FACTOR * 1000 * 2 / 1555 / 2 + 3))
    assert cost.seconds == pytest.approx(1e9 * 1000 / (0.01e12 * TRAINING.threads) + 3)
    assert cost.source == f"{FACTOR:g} x roofline of {A100.name}; CPU: rates.csv, by operations"


def test_a_gpu_of_the_table_and_its_share_of_the_roofline_count(tmp_path):
    values = {"bf16": 800.0, "tf32": 400.0, "fp32": 50.0, "memory": 4000.0}
    rows = [Rate("gpu", name, 0, "TFLOP/s", value, "GPU Y", "2026-11-30", "x.py") for name, value in values.items()]
    rows.append(Rate("train", "vae", 0, ROOFLINE_UNIT, 2.5, "GPU Y", "2026-11-30", "x.py"))
    cost = Rates(tmp_path, [*ROWS, *rows], {}, STEPS).cost(TRAINING, IMAGES)
    assert cost.seconds == pytest.approx(2.5 * 1000 * 2 / 4000 / 2 + 3)
    assert cost.source == "2.5 (rates.csv, GPU Y) x roofline of GPU Y"


def test_a_machine_without_a_gpu_takes_no_gpu_hours(tmp_path, rates):
    (tmp_path / "gpu_check.json").write_text(json.dumps({"device": "cpu", "bf16_tflops": None, "fp32_tflops": 0.1}))
    assert rates().cost(TRAINING, IMAGES).gpu == 0


@pytest.mark.parametrize(("side", "seconds", "source"), [
    (64, 0.25, "rates.csv"), (256, 1.0, "rates.csv"), (512, 4.0, "rates.csv at 256 px, by pixels"),
])  # fmt: skip
def test_the_nearest_measured_side_counts(rates, side, seconds, source):
    job = Job("measure_chunk", {"dataset": "sersic", "who": "vae-seed0", "measure": "morphology"}, 1, 0, "")
    work = Work("measure morphology", "measure", "morphology on sersic", 100, "stamp", side)
    cost = rates().cost(job, work)
    assert cost.seconds == pytest.approx(100 * seconds + 3)
    assert cost.source == source


def test_a_data_set_that_nobody_timed_takes_the_slowest_that_somebody_did(rates):
    job = Job("measure_chunk", {"dataset": "mine", "who": "source", "measure": "morphology"}, 1, 0, "")
    cost = rates().cost(job, Work("measure", "measure", "morphology on other", 100, "stamp", 256))
    assert cost.seconds == pytest.approx(103)
    assert cost.source == "rates.csv of morphology on sersic"


def test_what_nobody_measured_is_not_guessed(rates):
    work = Work("measure new", "measure", "new on sersic", 100, "stamp", 64)
    cost = rates().cost(Job("measure", {"dataset": "sersic", "measure": "new"}, 1, 0, ""), work)
    assert math.isnan(cost.seconds)
    assert cost.source == "nowhere: rates.csv has no row for measure new on sersic"


def test_one_measure_does_not_take_the_rate_of_another(tmp_path, rates):
    folder = tmp_path / "logs/measure/sersic/source"
    (folder / "morphology").mkdir(parents=True)
    (folder / "morphology/part0.log").write_text("12 of 12 stamps measured, 5 per s, 0 s left")
    (folder / "morphology-published.log").write_text("12 of 12 stamps measured, 50 per s, 0 s left")
    for measure, rate in (("morphology", 5.0), ("morphology-published", 50.0)):
        work = Work("measure", "measure", f"{measure} on sersic", 100, "stamp", 64)
        seconds, _, source = rates().own(work, {"dataset": "sersic", "measure": measure})
        assert (1 / seconds, source) == (rate, "logs of 1 job here")


def test_a_search_for_noise_takes_the_time_between_its_trials(tmp_path, rates):
    log = tmp_path / "logs/noise/sersic/morphology.log"
    log.parent.mkdir(parents=True)
    log.write_text(
        "".join(f"2026-11-22 04:17:{second} INFO noise of sd {second}: flag\n" for second in ("30", "40", "50"))
    )
    work = Work("calibrate_noise", "calibrate_noise", "morphology on sersic", 60, "stamp", 64)
    names = {"dataset": "sersic", "measure": "morphology"}
    assert rates().own(work, names) is None, "unfinished"
    noise = tmp_path / "noise/sersic/morphology"
    noise.parent.mkdir(parents=True)
    noise.write_text("{}")
    assert rates().own(work, names) == (0.5, False, "log of 1 job here")


def test_a_job_that_counts_whole_takes_the_time_of_its_like_on_any_data_set(tmp_path, rates):
    for dataset, group, seconds in (("sersic", "features", 4), ("cosmos", "features", 6), ("sersic", "properties", 9)):
        for folder, end, text in (("logs", "log", ""), ("benchmarks", "tsv", f"s\n{seconds}\n")):
            path = tmp_path / folder / f"distances/{dataset}/{group}.{end}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    job = Job("distances", {"dataset": "skirt", "group": "features"}, 1, 0, "")
    cost = rates().cost(job, Work("distances", "distances", "features"))
    assert (cost.seconds, cost.source) == (5.0, "benchmarks of 2 jobs here")


def test_a_rule_that_nobody_timed_takes_the_slowest_of_its_group(tmp_path):
    rows = [replace(ROWS[0], rule=f"figure_{name}", value=value) for name, value in (("a", 2.0), ("b", 3.0))]
    cost = Rates(tmp_path, rows, {}).cost(Job("figure_c", {}, 1, 0, ""), Work("figure", "figure_c"))
    assert (cost.seconds, cost.source) == (3.0, "rates.csv of figure_b")


def test_benchmarks_are_wall_seconds(tmp_path):
    path = tmp_path / "x.tsv"
    path.write_text("s\th:m:s\tmax_rss\tcpu_time\n3.29\t0:00:03\t364.38\t2.99\n")
    assert list(benchmark_seconds([path])) == [3.29]


@pytest.mark.parametrize(("value", "said"), [
    (0.0, "-"), (math.nan, "?"), (1e-5, "<0.001"), (0.0344, "0.034"), (3.44, "3.4"), (10.4, "10"), (1234.0, "1200"),
])  # fmt: skip
def test_numbers_have_two_digits(value, said):
    assert number(value) == said


def test_a_damaged_table_is_named_with_its_line(tmp_path):
    path = tmp_path / "rates.csv"
    path.write_text("rule,variant,side,unit,value,device,date,script\nstart,,0,s per job,fast,a,b,c\n")
    with pytest.raises(GalforgeError, match=r"rates\.csv, line 2: cannot be read .*benchmarks/rates\.py"):
        read_table(path)


def test_every_shipped_rate_says_where_it_comes_from():
    for rate in read_table(TABLE):
        assert rate.value > 0
        assert rate.device
        assert rate.date
        assert rate.script == "benchmarks/rates.py"
