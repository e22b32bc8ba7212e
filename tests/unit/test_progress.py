"""One line says where a run is; what Snakemake says, its exit code and the signals pass through."""

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tree import ROOT, SNAKEMAKE

from galforge.operate import events
from galforge.operate.events import Run
from galforge.operate.processes import Process, drivers
from galforge.operate.progress import describe, endings

SCRIPT = ROOT / "workflow/galforge/operate/progress.py"
STATS = """\
Provided cores: 2
Job stats:
job      count
-----  -------
train        4
table        2
all          1
total        7

"""
START = """\
[Mon Nov 30 18:46:23 2026]
localrule {rule}:
    output: results/{number}.txt
    log: results/logs/{number}.log
    jobid: {number}
    wildcards: {wildcards}
    resources: tmpdir=/tmp
"""
FAILED = """\
[Mon Nov 30 18:46:24 2026]
Error in rule {rule}:
    message: {message}
    jobid: {number}
    log: {log} (check log file(s) for error details)
    shell:
        train
"""


@pytest.fixture
def run(tmp_path) -> Run:
    table = tmp_path / "seconds.csv"
    table.write_text("rule,seconds\ntrain,30\ntable,3\n")
    return Run(table)


def start(number: int, rule: str = "train", wildcards: str = "dataset=sky, model=vae, seed=3") -> str:
    return START.format(number=number, rule=rule, wildcards=wildcards)


def read(run: Run, now: float, *texts: str) -> list[str]:
    return [line for text in texts for line in run.read(text, now)]


def test_nothing_is_known_before_the_plan_and_the_driver_is_heard(run):
    assert describe(run, 0.0) == "planning"
    assert read(run, 0.0, "Building DAG of jobs...\ngalforge: configuration 'a'", " (demo)\n") == [
        "galforge: configuration 'a' (demo)"
    ]


def test_how_long_it_takes_is_first_the_tables_word_and_then_that_of_the_jobs(run):
    read(run, 100.0, STATS)
    assert run.seconds_left(100.0) == pytest.approx((4 * 30 + 2 * 3) / 2)
    read(run, 100.0, start(1), start(2))
    read(run, 160.0, "Finished jobid: 1 (Rule: train)\n")
    # The machine is half as fast as the table's, also for the rule of which nothing is done; two run at once.
    assert run.seconds_left(160.0) == pytest.approx((2 * 60 + 2 * 6) / 2)
    assert run.share_done(160.0) == pytest.approx(120 / (120 + 132))
    assert describe(run, 160.0) == " 48 %, 1 of 7 jobs, about 2 min left: train sky vae seed3"


def test_what_is_done_never_shrinks(run):
    read(run, 0.0, STATS, start(1, "table"), start(2, "table"))
    read(run, 3.0, "Finished jobid: 1 (Rule: table)\nFinished jobid: 2 (Rule: table)\n", start(3))
    before = run.share_done(30.0)
    read(run, 300.0, "Finished jobid: 3 (Rule: train)\n")
    assert run.share_done(300.0) >= before > 0.1
    for number in (4, 5, 6, 0):
        rule = "train" if number else "all"
        read(run, 301.0 + number, start(number, rule), f"Finished jobid: {number} (Rule: {rule})\n")
    assert run.share_done(310.0) == 1.0
    assert describe(run, 310.0) == "100 %, 7 of 7 jobs"


def test_a_job_that_is_tried_again_has_not_failed(run):
    log = "results/logs/1.log"
    failed = FAILED.format(rule="train", number=1, log=log, message="None")
    read(run, 0.0, STATS, start(1), failed, "Trying to restart job 1.\n")
    assert (run.failed, run.running) == ({}, {})
    assert run.seconds_left(1.0) == pytest.approx((4 * 30 + 2 * 3) / 2)
    read(run, 2.0, start(1), failed, "Select jobs to execute...\n")
    assert [job.name for job in run.failed.values()] == ["train sky vae seed3"]
    assert ", 1 failed" in describe(run, 2.0)


def test_of_a_failed_run_the_jobs_their_logs_and_the_last_words_are_shown(run, tmp_path):
    log = tmp_path / "1.log"
    log.write_text("".join(f"line {number}\n" for number in range(40)))
    text = STATS + start(1) + FAILED.format(rule="train", number=1, log=log, message="killed by SLURM")
    text += "Exiting because a job execution failed. Look above for error messages\nWorkflowError:\n"
    read(run, 0.0, text)
    shown = endings(run, text)
    assert shown[:2] == ["failed: train sky vae seed3 (killed by SLURM)", f"  {log}:"]
    assert shown[-3:] == ["    line 39", *text.splitlines()[-2:]]
    assert "    line 20" not in shown


def test_the_table_of_seconds_is_read_and_names_rules():
    lines = events.TABLE.read_text().splitlines()
    assert lines[0] == "rule,seconds"
    known = dict(line.split(",") for line in lines[1:])
    assert len(known) == len(lines) - 1
    assert all(float(seconds) >= 0 for seconds in known.values())
    assert {"train_segment", "sample", "distances", "tables_", "figures_", "page"} <= set(known)


def test_rules_that_the_table_does_not_name_take_what_those_of_like_names_do(run):
    read(run, 0.0, STATS.replace("table   ", "table_a ").replace("train ", "other "))
    assert run.seconds_left(0.0) == pytest.approx((4 * 16.5 + 2 * 3) / 2)


def test_a_script_that_is_given_the_command_is_no_driver(tmp_path):
    snakemake = (".venv/bin/snakemake", "--profile", "profiles/local")
    scripts = ((sys.executable, str(SCRIPT), *snakemake), (sys.executable, "operate/status.py", *snakemake))
    commands = (*scripts, snakemake, (sys.executable, "-X", "dev", *snakemake), (sys.executable, "-m", "snakemake"))
    there = [Process(number, command, tmp_path, None, "") for number, command in enumerate(commands)]
    assert [process.pid for process in drivers(tmp_path, there)] == [2, 3, 4]


SNAKEFILE = """\
rule all:
    input: "a.txt", "b.txt"
rule good:
    output: "a.txt"
    shell: "echo made > {output}"
rule other:
    output: "b.txt"
    log: "b.log"
    shell: "OTHER"
"""


def command(folder: Path, other: str, *words: str) -> list[str]:
    (folder / "Snakefile").write_text(SNAKEFILE.replace("OTHER", other))
    return [sys.executable, str(SCRIPT), str(SNAKEMAKE), "--cores", "2", *words]


def logged(folder: Path) -> str:
    (log,) = (folder / ".snakemake/log").glob("*.progress.log")
    return log.read_text()


def test_on_a_terminal_one_line_is_written_over(tmp_path):
    ours, theirs = pty.openpty()
    child = subprocess.Popen(command(tmp_path, "echo made > {output}"), cwd=tmp_path, stdout=theirs, stderr=theirs)
    os.close(theirs)
    said = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:
            break
        if not piece:
            break
        said += piece
    os.close(ours)
    assert child.wait() == 0
    lines = said.decode().split("\r\n")
    assert len(lines) == 3, "Snakemake's scroll is in the log only"
    assert lines[0].startswith("\r\x1b[Klog: .snakemake/log/")
    states = lines[1].split("\r\x1b[K")
    assert states[1] == "planning"
    assert states[-1] == "100 %, 3 of 3 jobs"
    assert "3 of 3 steps (100%) done" in logged(tmp_path)


def test_a_failure_is_shown_and_the_exit_code_is_snakemakes(tmp_path):
    done = subprocess.run(
        command(tmp_path, "echo the reason > {log}; exit 3", "--keep-going"),
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "failed: other\n  b.log:\n    the reason\n" in done.stdout
    assert "Exiting because a job execution failed" in done.stdout
    assert "localrule" not in done.stdout
    assert "\x1b" not in done.stdout
    # A run that cannot be planned says why.
    (tmp_path / "Snakefile").write_text('rule all:\n    input: "nowhere.txt"\n')
    done = subprocess.run(
        [sys.executable, SCRIPT, SNAKEMAKE, "--cores", "1"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "Missing input files for rule all:\n    affected files:\n        nowhere.txt" in done.stdout


@pytest.mark.parametrize(
    ("prefix", "number", "code"),
    [([], signal.SIGINT, 1), ([], signal.SIGTERM, 1), (["nohup"], signal.SIGHUP, 0)],
    ids=["ctrl-c", "terminated", "nohup"],
)
def test_signals_end_the_run_as_without_this(tmp_path, prefix, number, code):
    """Ctrl-C ends the jobs, too; SIGTERM lets those that run finish; nohup outlives its terminal; no lock is left."""
    other = "touch started; sleep 5; echo made > {output}"
    with open(tmp_path / "said", "w") as out:
        child = subprocess.Popen([*prefix, *command(tmp_path, other)], cwd=tmp_path, stdout=out, stderr=out)
    while not (tmp_path / "started").exists():
        assert child.poll() is None, (tmp_path / "said").read_text()
        time.sleep(0.1)
    child.send_signal(number)
    found = child.wait(timeout=300)
    said = (tmp_path / "said").read_text()
    assert found == code, said
    assert (f"Snakemake ended with exit code {code}" in said) == bool(code)
    assert said.count("100 %") == (0 if code else 1)
    assert (tmp_path / "b.txt").exists() == (number != signal.SIGINT), said
    assert list((tmp_path / ".snakemake/locks").glob("*")) == []
