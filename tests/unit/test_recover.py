"""The way back after a killed driver ends the jobs of this directory, all of them and no others."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from galforge.errors import GalforgeError
from galforge.operate.recover import recover
from galforge.provenance.records import DRIVER_JOB_VARIABLE, PLAN_VARIABLE

SQUEUE = """\
#!/bin/sh
cat {queue}
"""
# A job of the name galforge_again puts itself back into the queue once, one of the name galforge_stuck never ends.
SCANCEL = """\
#!{python}
import sys
from pathlib import Path

queue = Path({queue!r})
left = []
for line in queue.read_text().splitlines():
    number, name, *_ = line.split("|")
    if number not in sys.argv[1:] or name == "galforge_stuck":
        left.append(line)
    elif name == "galforge_again":
        left.append(line.replace("again", "a").replace("RUNNING", "PENDING"))
queue.write_text("".join(line + "\\n" for line in left))
with open(queue.with_name("cancelled"), "a") as file:
    file.write(" ".join(sys.argv[1:]) + "\\n")
"""
# Says that it is ready, and at SIGTERM that it saved.
TRAINING = """\
import signal, sys, time
from pathlib import Path

def save(number, frame):
    Path(sys.argv[1], "saved").touch()
    sys.exit(1)

signal.signal(signal.SIGTERM, signal.SIG_IGN if sys.argv[2:] == ["deaf"] else save)
Path(sys.argv[1], "ready").touch()
time.sleep(60)
"""


@pytest.fixture
def directory(tmp_path):
    folder = tmp_path / "run"
    (folder / ".snakemake" / "galforge").mkdir(parents=True)
    return folder


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """A queue as a file of squeue's lines, and the stand-ins that read and change it."""
    tools = tmp_path / "slurm"
    tools.mkdir()
    queue = tools / "queue"
    queue.touch()
    for name, text in (("squeue", SQUEUE), ("scancel", SCANCEL)):
        (tools / name).write_text(text.format(queue=str(queue), python=sys.executable))
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    return queue


@pytest.fixture
def start():
    """Starts processes in a folder, and ends them at the end of the test."""
    started = []

    def begin(folder, *command, plan=None, **environment):
        variables = {**os.environ, **environment}
        variables.pop(PLAN_VARIABLE, None)
        if plan:
            variables[PLAN_VARIABLE] = str(plan)
        process = subprocess.Popen([sys.executable, *map(str, command)], cwd=folder, env=variables)
        started.append(process)
        # For a moment a new process has no command line and no environment to look at.
        while not Path(f"/proc/{process.pid}/environ").read_bytes():
            time.sleep(0.01)
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def no_slurm(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))


def plan_of(directory, host=None, pid=99999999):
    plan = directory / ".snakemake" / "galforge" / f"plan-{host or socket.gethostname()}-{pid}.json"
    plan.write_text("{}")
    return plan


def lock(directory):
    (directory / ".snakemake" / "locks").mkdir()
    (directory / ".snakemake" / "locks" / "0.output.lock").touch()


def training(start, tmp_path, name, folder, *words, **more):
    """A process that acts like a training; it is ready when this returns."""
    place = tmp_path / name
    place.mkdir()
    script = place / "train.py"
    script.write_text(TRAINING)
    process = start(folder, script, place, *words, **more)
    while not (place / "ready").exists():
        assert process.poll() is None
        time.sleep(0.02)
    return process


def test_slurm_jobs_of_this_directory_are_cancelled_and_no_others(directory, tmp_path, slurm, capsys):
    other = tmp_path / "other"
    slurm.write_text(
        f"11|galforge_a|RUNNING|n1|1:00|rule_train_segment|{directory}\n"
        f"12|galforge_again|RUNNING|n2|1:00|rule_sample|{directory}\n"
        f"13|galforge_b|RUNNING|n2|1:00|rule_sample|{other}\n"
        f"14|mine|PENDING||0:00|my job|{directory}\n"
    )
    recover(directory, poll_seconds=0.01)
    assert [line.split("|")[0] for line in slurm.read_text().splitlines()] == ["13", "14"]
    assert slurm.with_name("cancelled").read_text() == "11 12\n12\n"
    said = capsys.readouterr().out
    assert "cancelling job 11 (rule_train_segment, RUNNING on n1)" in said
    assert "none of them any more" in said


def test_a_job_that_does_not_end_is_named(directory, slurm):
    slurm.write_text(f"11|galforge_stuck|COMPLETING|n1|1:00|rule_sample|{directory}\n")
    with pytest.raises(GalforgeError, match=r"after 0\.05 s SLURM still lists job 11 .* again"):
        recover(directory, cancel_seconds=0.05, poll_seconds=0.01)


def test_a_folder_with_a_bar_in_its_name(tmp_path, slurm):
    folder = tmp_path / "a|b"
    folder.mkdir()
    slurm.write_text(f"11|galforge_a|RUNNING|n1|1:00|rule_sample|{folder}\n")
    recover(folder, poll_seconds=0.01)
    assert slurm.read_text() == ""


def test_without_squeue_or_controller_it_says_so(directory, slurm, monkeypatch, capsys):
    squeue = slurm.with_name("squeue")
    squeue.write_text("#!/bin/sh\necho 'Unable to contact slurm controller' >&2\nexit 1\n")
    with pytest.raises(GalforgeError, match=r"Unable to contact slurm controller.*FORCE=1"):
        recover(directory)
    recover(directory, force=True)
    assert "not known (Unable to contact slurm controller)" in capsys.readouterr().out
    monkeypatch.setenv("PATH", str(directory))
    recover(directory)
    assert "there is no squeue here" in capsys.readouterr().out


def test_a_living_driver_is_left_alone(directory, tmp_path, start, slurm):
    program = tmp_path / "snakemake"
    program.write_text("import time\ntime.sleep(60)\n")
    slurm.write_text(f"11|galforge_a|RUNNING|n1|1:00|rule_sample|{directory}\n")
    elsewhere = start(tmp_path, program)
    driver = start(directory, program, "--profile", "profiles/slurm")
    with pytest.raises(GalforgeError, match=f"process {driver.pid} .*--profile profiles/slurm"):
        recover(directory)
    assert "galforge_a" in slurm.read_text()
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    # A job's own Snakemake is none, nor is a later process that was given the number of a driver.
    plan_of(directory, pid=elsewhere.pid)
    job = start(directory, program, plan=plan_of(directory))
    recover(directory, poll_seconds=0.01)
    assert slurm.read_text() == ""
    assert job.wait(10) == -signal.SIGTERM
    assert elsewhere.poll() is None


def test_processes_of_jobs_save_and_end(directory, tmp_path, start, no_slurm, capsys):
    plan, foreign = plan_of(directory), tmp_path / "foreign" / ".snakemake" / "galforge" / "plan-a-1.json"
    saves = training(start, tmp_path, "saves", directory, plan=plan)
    deaf = training(start, tmp_path, "deaf", tmp_path, "deaf", plan=plan)
    inside = training(start, tmp_path, "inside", directory, plan=plan, SLURM_JOB_ID="7", **{DRIVER_JOB_VARIABLE: "7"})
    others = [
        training(start, tmp_path, "foreign_one", directory, plan=foreign),
        training(start, tmp_path, "in_slurm", directory, plan=plan, SLURM_JOB_ID="7", **{DRIVER_JOB_VARIABLE: ""}),
        training(start, tmp_path, "by_hand", directory),
    ]
    reapers = [saves, deaf, inside]
    recover(directory, grace_seconds=1.5)
    assert [process.wait(10) for process in reapers] == [1, -signal.SIGKILL, 1]
    assert (tmp_path / "saves" / "saved").exists()
    assert [process.poll() for process in others] == [None] * 3
    said = capsys.readouterr().out
    assert f"ending process {saves.pid} " in said
    assert "1 still there after SIGTERM" in said


def test_a_driver_on_another_machine_may_be_alive(directory, no_slurm):
    recover(directory)
    plan = plan_of(directory, host="login-2")
    recover(directory)  # not locked: that driver has ended
    lock(directory)
    os.utime(plan)
    with pytest.raises(GalforgeError, match=r"login-2, which cannot be looked at .* FORCE=1"):
        recover(directory)
    recover(directory, force=True)
    old = time.time() - 1000
    os.utime(plan, (old, old))
    recover(directory)  # older than the lock: another driver's


def test_the_command_line_says_why_in_one_line(directory, no_slurm):
    plan = plan_of(directory, host="login-2")
    lock(directory)
    os.utime(plan)
    script = Path(__file__).resolve().parents[2] / "workflow" / "galforge" / "operate" / "recover.py"
    done = subprocess.run([sys.executable, script], cwd=directory, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("recover: ")
    assert "Traceback" not in done.stderr
    forced = subprocess.run([sys.executable, script, "--force"], cwd=directory, capture_output=True, check=False)
    assert forced.returncode == 0
