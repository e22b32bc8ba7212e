"""Whatever SLURM does to a training job, its outcome is that of an undisturbed run, byte for byte."""

import os
import signal
from collections.abc import Callable

from scenario import SEGMENT, TRAINING, Scenario

Make = Callable[[str], Scenario]


def test_a_segment_that_hits_its_time_limit(scenario: Make) -> None:
    run = scenario("limit")
    run.site(TRAINING)
    # SLURM looks at limits every half minute, and later where its controller restarts: the segment must not end first.
    job = run.train(2.0).job
    run.slurm("scontrol", "update", f"JobId={job}", "TimeLimit=1")
    run.wait_for_state(job, "TIMEOUT")
    run.pace(0)
    said = run.finish()
    assert "SLURM status is: 'TIMEOUT'" in said
    assert said.count("Trying to restart job") == 1
    assert len(run.submitted("train_segment")) == 3
    assert len(run.tries(0)) == 2
    assert run.redone() == 0
    run.report("time limit of SLURM (TIMEOUT), retried by the driver", run.compare())


def test_a_segment_whose_own_clock_stops_it(scenario: Make) -> None:
    """The job's clock stops it half a limit before SLURM would, and it puts itself back into the queue."""
    run = scenario("clock")
    run.site(TRAINING, runtime=2)
    job = run.train().job
    # Its log begins anew when the job starts again, ten seconds later or more.
    said = run.wait(lambda: _after(run.rule_log(0), "stopped before the time limit"), "the clock", 120)
    assert f"job {job} goes back into the queue" in said
    run.wait(lambda: run.show(job)["Restarts"] == "1", "the job's second start", 60)
    run.pace(0)
    said = run.finish()
    assert "Error in rule" not in said
    assert len(run.submitted("train_segment")) == 2
    assert len(run.tries(0)) == 2
    assert run.redone() == 0
    run.report("its own clock, before the time limit; requeued by itself", run.compare())


def test_scancel_of_a_training(scenario: Make) -> None:
    run = scenario("cancel")
    run.site(TRAINING)
    job = run.train().job
    run.slurm("scancel", job)
    run.wait_for_state(job, "CANCELLED")
    run.pace(0)
    said = run.finish()
    assert "SLURM status is: 'CANCELLED'" in said
    assert said.count("Trying to restart job") == 1
    # It did not put itself back into the queue: its user wanted it to end.
    assert (run.show(job)["JobState"], run.show(job)["Restarts"]) == ("CANCELLED", "0")
    assert len(run.submitted("train_segment")) == 3
    assert len(run.tries(0)) == 2
    assert run.redone() == 0
    run.report("scancel of a training, retried by the driver", run.compare())


def test_scontrol_requeue_of_a_training(scenario: Make) -> None:
    run = scenario("requeue")
    run.site(TRAINING)
    # In the second segment: what came before is finished and stays.
    job = run.train(1.0, SEGMENT + 100).job
    run.slurm("scontrol", "requeue", job)
    run.wait(lambda: run.show(job)["Restarts"] == "1" and len(run.tries(1)) == 2, "the job's second start")
    run.pace(0)
    said = run.finish()
    assert "Error in rule" not in said
    assert len(run.submitted("train_segment")) == 2
    assert len(run.tries(0)) == 1
    assert run.redone() == 0
    # The log of a job tells of both starts.
    assert run.job_log(job).count(f"SLURM job {job}, CUDA_VISIBLE_DEVICES=") == 2
    assert "DUE TO JOB REQUEUE" in run.job_log(job)
    run.report("scontrol requeue of a training", run.compare())


def test_a_lost_node_whose_job_goes_on_writing(scenario: Make) -> None:
    run = scenario("lost")
    run.site(TRAINING)
    # The orphan must not end its segment before SLURM has missed its node and started the job on another one.
    orphan = run.train(4.0)
    os.kill(run.cluster.pid_of_node(orphan.node), signal.SIGKILL)
    newcomer = run.wait(lambda: _other_node(run, orphan.job, orphan.node), "a start on the other node", 240)
    run.wait(lambda: f"waiting for process {orphan.pid}" in run.job_log(orphan.job), "the newcomer to wait")
    written = len(run.steps())
    run.wait(lambda: len(run.steps()) >= written + 3, "the orphan to go on")
    assert {step.pid for step in run.steps()} == {orphan.pid}
    os.kill(orphan.pid, signal.SIGKILL)
    run.pace(0)
    said = run.finish()
    assert "Error in rule" not in said
    assert len(run.submitted("train_segment")) == 2
    first, second = run.tries(0)
    assert (first[0].node, second[0].node) == (orphan.node, newcomer)
    # Of the orphan's own the steps since its last checkpoint are lost: it was killed, with a checkpoint every 2 s.
    assert run.redone() <= 50
    run.report("slurmd of a node (kill -9), then its orphan that went on writing", run.compare())


def _after(text: str, words: str) -> str:
    """The rest of a text from the words on; empty where they are missing."""
    return words + text.partition(words)[2] if words in text else ""


def _other_node(run: Scenario, job: str, node: str) -> str:
    shown = run.show(job)
    return shown["NodeList"] if shown["JobState"] == "RUNNING" and shown["NodeList"] != node else ""
