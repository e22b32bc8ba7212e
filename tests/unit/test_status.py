"""Where a run stands is read from Snakemake's graph, the queue and the logs."""

import os
from pathlib import Path

import pytest

from galforge.errors import GalforgeError
from galforge.operate.rules import Written
from galforge.operate.status import failures, last_logged, report, stages

DAG = """\
digraph snakemake_dag {
    node[shape=box, style=rounded, fontname=sans,                 fontsize=10, penwidth=2];
\t0[label = "all", color = "0.00 0.6 0.85", style="rounded"];
\t1[label = "page", color = "0.42 0.6 0.85", style="rounded"];
\t2[label = "train_segment\\nsegment: 1", color = "0.60 0.6 0.85", style="rounded"];
\t3[label = "train_segment\\nmodel: vae\\nsegment: 0", color = "0.07 0.6 0.85", style="rounded,dashed"];
\t4[label = "stamps\\ndataset: sersic", color = "0.56 0.6 0.85", style="rounded,dashed"];
\t1 -> 0
\t2 -> 1
\t3 -> 2
\t4 -> 2
\t4 -> 3
\t4 -> 1
}
"""
GREETING = "Building DAG of jobs...\ngalforge: configuration 'a' (test scale) from c.yaml; results in results/a/\n"
TRAIN = "results/a/logs/train/sersic/vae/seed0"
DRIVER_LOG = """\
Error in rule measure:
    message: None
    jobid: 7
    log: results/a/logs/measure/x.log (check log file(s) for error details)
Trying to restart job 7.
Error in rule stamps:
    jobid: 8
    log: results/a/logs/stamps/sersic.log (check log file(s) for error details)
Trying to restart job 8.
Error in rule stamps:
    message: SLURM-job '12' failed, SLURM status is: 'TIMEOUT'.
    jobid: 8
    output: results/a/stamps/sersic.h5
    log: results/a/logs/stamps/sersic.log, logs/slurm/rule_stamps/12.log (check log file(s) for error details)
Logfile results/a/logs/stamps/sersic.log: empty file
Error in rule stamps:
    message: None
    jobid: 9
    log: results/another/logs/stamps/sersic.log (check log file(s) for error details)
Error in rule table:
    message: None
    jobid: 10
    log: results/a/logs/table/x.log (check log file(s) for error details)
[Sun Nov 22 04:40:05 2026]
Finished jobid: 10 (Rule: table)
"""


def rules() -> dict[str, Written]:
    path = "logs/train/{dataset}/{model}/seed{seed}/segment_{segment}"
    constraints = {"dataset": "[a-z0-9_-]+", "model": "[a-z0-9_-]+", "seed": r"\d+", "segment": r"\d+"}
    return {"train_segment": Written(f"results/a/{path}.log", "", "results/a/state", constraints)}


STOPPED = "2026-11-22 04:40:05 ERROR the training was stopped by SIGTERM\n"


@pytest.fixture
def directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / ".snakemake" / "log").mkdir(parents=True)
    (tmp_path / TRAIN).mkdir(parents=True)
    return tmp_path


def squeue(directory, text, code=0):
    tool = directory / "squeue"
    tool.write_text(f"#!/bin/sh\ncat <<'END'\n{text}END\nexit {code}\n")
    tool.chmod(0o755)


def test_stages_are_counted_in_the_order_of_the_work():
    assert list(stages(DAG).items()) == [("stamps", (1, 1)), ("train_segment", (1, 2)), ("page", (0, 1))]


def test_the_last_line_of_a_log_is_the_jobs_own(directory):
    log = directory / "a.log"
    assert last_logged(log) == ""
    log.write_text("x" * 40000 + "\n2026-11-22 04:18:15 INFO 10 of 20 images\n  warned\n")
    assert last_logged(log) == "2026-11-22 04:18:15 INFO 10 of 20 images"


def test_failures_are_those_of_the_latest_try(directory):
    log = directory / ".snakemake" / "log" / "1.snakemake.log"
    log.write_text("Error in rule page:\n    jobid: 1\n    log: results/a/logs/page.log\n")
    os.utime(log, (1, 1))
    (directory / ".snakemake" / "log" / "2.snakemake.log").write_text(DRIVER_LOG)
    (directory / TRAIN / "segment_0.log").write_text(STOPPED + "2026-11-22 04:50:00 INFO going on\n")
    (directory / TRAIN / "segment_1.log").write_text("2026-11-22 04:30:00 INFO begun\n" + STOPPED)
    assert failures(Path("results/a"), directory / ".snakemake/log") == {
        f"{TRAIN}/segment_1.log": ([f"{TRAIN}/segment_1.log"], STOPPED.strip()),
        "results/a/logs/stamps/sersic.log": (
            ["results/a/logs/stamps/sersic.log", "logs/slurm/rule_stamps/12.log"],
            "SLURM-job '12' failed, SLURM status is: 'TIMEOUT'.",
        ),
    }


def test_a_report(directory):
    (directory / TRAIN / "segment_1.log").write_text("2026-11-22 04:30:00 INFO 10 of 20 images\n")
    (directory / TRAIN / "segment_2.log").write_text(STOPPED)
    comment = "rule_train_segment_wildcards_sersic_vae_0"
    squeue(
        directory,
        f"31|galforge_x|RUNNING|n2|1:02:03|{comment}_1|{directory}\n"
        f"32|galforge_x|PENDING||0:00|{comment}_2|{directory}\n"
        f"33|galforge_x|RUNNING|n2|0:10|{comment}_1|{directory}/elsewhere\n",
    )
    lines = list(report(directory, GREETING, DAG, rules))
    start = lines.index("running or waiting: 2")
    assert lines[:3] == [GREETING.splitlines()[1], "driver: none runs", "jobs done:"]
    assert "  train_segment             1 of 2" in lines
    assert lines[start + 1 :] == [
        f"  job 31 ({comment}_1, RUNNING on n2), 1:02:03",
        "      2026-11-22 04:30:00 INFO 10 of 20 images",
        f"  job 32 ({comment}_2, PENDING), 0:00",
        "failed or stopped at the latest try: 1",
        f"  {TRAIN}/segment_2.log",
        f"      {STOPPED.strip()}",
    ]


def test_a_dead_driver_and_a_dead_controller(directory):
    squeue(directory, "", code=1)
    (directory / ".snakemake" / "locks").mkdir()
    (directory / ".snakemake" / "locks" / "0.output.lock").touch()
    lines = list(report(directory, GREETING, DAG, rules))
    locked = "driver: none is alive, but the directory is locked: make recover (with the run's PROFILE and CONFIG)"
    assert locked in lines
    assert "SLURM: squeue failed, so SLURM jobs are not known (exit code 1)" in lines
    assert "running or waiting: nothing" in lines
    assert lines[-1] == "failed or stopped at the latest try: nothing"


def test_a_plan_that_names_no_results(directory):
    with pytest.raises(GalforgeError, match="names no folder of results"):
        list(report(directory, "Building DAG of jobs...\n", DAG, rules))
