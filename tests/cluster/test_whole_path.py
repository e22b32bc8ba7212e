"""The whole path on the cluster, from the data to a table, is that of one machine, on the GPUs that it was given."""

import re
from collections.abc import Callable
from datetime import datetime

from scenario import MODEL, Scenario
from undisturbed import RESULTS, WHOLE_PATH

Make = Callable[[str], Scenario]
GPU_RULES = {"train_segment", "sample", "sample_chunk"}
EVERYTHING = ("stamps", "models", "samples", "measurements", "distances", "tables", "figures")


def test_the_whole_path_with_one_gpu_at_a_time(scenario: Make) -> None:
    run = scenario("path")
    run.site({"resources": {"gpu": 1}})
    run.start("--", *WHOLE_PATH)
    run.finish()
    records = _records(run)
    # The stamps were there already.
    assert len(records) == 11
    for record in records:
        assert record["JobState"] == "COMPLETED"
        assert record["Partition"] == ("path" if record["rule"] in GPU_RULES else "cpu"), record
    assert _most_at_once([record for record in records if record["rule"] in GPU_RULES]) == 1
    steps = [*run.steps(), *run.steps("sample")]
    assert {step.node for step in steps} == {"path0"}
    assert {step.gpus for step in steps} <= {"0", "1"}
    for segment, job in enumerate(run.submitted("train_segment")):
        log = run.rule_log(segment)
        given = {step.gpus for step in run.steps() if step.job == job}
        assert f"node path0, SLURM job {job}, CUDA_VISIBLE_DEVICES={given.pop()}, device cpu, processes 1" in log
    run.report("nothing: the whole path, one GPU at a time", run.compare(EVERYTHING))


def test_two_jobs_at_once_get_a_gpu_each(scenario: Make) -> None:
    run = scenario("pair")
    run.site({"resources": {"gpu": 2}})
    run.start("--", str(MODEL / "weights_1.safetensors"))
    run.finish()
    # However late the second one starts, the first one waits for it.
    run.pace(300.0)
    run.start("--", f"{RESULTS}/samples/sersic/paced/seed0.h5")
    run.wait(lambda: len({step.job for step in run.steps("sample")}) == 2, "both jobs to draw")
    run.pace(0)
    run.finish()
    records = [record for record in _records(run) if record["rule"] == "sample_chunk"]
    assert _most_at_once(records) == 2
    gpus = {step.job: step.gpus for step in run.steps("sample")}
    assert sorted(gpus.values()) == ["0", "1"]
    # The figures of the undisturbed run needed latent walks, too.
    run.start("--", f"{RESULTS}/samples/sersic/paced/latents-seed0.h5")
    run.finish()
    run.report("nothing: two GPU jobs at once", run.compare(("stamps", "models", "samples")))


def _records(run: Scenario) -> list[dict[str, str]]:
    """What SLURM wrote down of this run's jobs when they ended, with the rule of each."""
    rules = {job: rule for rule in _rules(run) for job in run.submitted(rule)}
    lines = (run.cluster.folder / "log/jobcomp.log").read_text().splitlines()
    records = [dict(pair.split("=", 1) for pair in line.split() if "=" in pair) for line in lines]
    return [record | {"rule": rules[record["JobId"]]} for record in records if record["JobId"] in rules]


def _rules(run: Scenario) -> set[str]:
    said = "".join(run.said(number) for number in range(1, run.drivers + 1))
    return set(re.findall(r"^rule (\w+):$", said, re.MULTILINE))


def _most_at_once(records: list[dict[str, str]]) -> int:
    """Most jobs that ran at the same time; one that ends in the second in which another starts is over before."""
    events = [(datetime.fromisoformat(record["EndTime"]), -1) for record in records]
    events += [(datetime.fromisoformat(record["StartTime"]), 1) for record in records]
    running = most = 0
    for _, change in sorted(events):
        running += change
        most = max(most, running)
    return most
