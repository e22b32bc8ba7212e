"""Run Snakemake and say in one line how far it is, what runs and how long still (``make demo``).

``python workflow/galforge/operate/progress.py snakemake --profile ...`` runs that command and ends with its exit code.
All that it says goes to a log in ``.snakemake/log``. Of a failed run the failed jobs and Snakemake's own message are
printed at the end. Ctrl-C, SIGTERM and SIGHUP are passed on.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import TextIO

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from galforge.logs import duration
from galforge.operate.events import Run

POLL_SECONDS = 0.5
STEP_PERCENT = 5
"""Where lines are not written over each other, one is printed each time that so much more is done."""
TAIL_LINES = 15
"""Of a failed job's log."""
LAST_WORDS = ("Exiting because", "Terminating processes", "Will exit after")
"""How Snakemake begins what it says of a run that failed or was stopped."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Line:
    """The one line: written over itself on a terminal, and elsewhere printed anew at every step."""

    def __init__(self, out: TextIO):
        self._out, self._step, self._shown = out, -1, ""

    def show(self, run: Run) -> None:
        """Say where a run is."""
        percent = int(100 * run.share_done(time.monotonic()))
        text = describe(run, time.monotonic())
        if self._out.isatty():
            width = shutil.get_terminal_size().columns - 1
            if text[:width] != self._shown:
                self._shown = text[:width]
                self._out.write(f"\r\x1b[K{self._shown}")
        elif run.done < run.total and percent // STEP_PERCENT > self._step:
            self._step = percent // STEP_PERCENT
            self._out.write(f"{text}\n")
        self._out.flush()

    def say(self, text: str) -> None:
        """A line that stays."""
        self._out.write(f"\r\x1b[K{text}\n" if self._out.isatty() else f"{text}\n")
        self._shown = ""
        self._out.flush()


def describe(run: Run, now: float) -> str:
    """How far a run is: ``42 %, 109 of 260 jobs, about 6 min left: train_segment cosmos edm, and 1 more``."""
    if not run.total:
        return "planning"
    names = list(run.running.values())
    more = f", and {len(names) - 1} more" if len(names) > 1 else ""
    running = f": {names[0].name}{more}" if names else ""
    failed = f", {len(run.failed)} failed" if run.failed else ""
    left = run.seconds_left(now)
    about = "less than a minute" if left < 60 else f"about {duration(max(left, 90))}"
    still = f", {about} left" if run.done < run.total else ""
    return f"{100 * run.share_done(now):3.0f} %, {run.done} of {run.total} jobs{failed}{still}{running}"


def endings(run: Run, text: str) -> list[str]:
    """What is said of a run that failed: its failed jobs, the ends of their logs, and Snakemake's own message.

    Args:
        run: the run.
        text: all that Snakemake said.
    """
    lines = []
    for job in run.failed.values():
        lines.append(f"failed: {job.name}" + (f" ({job.message})" if job.message else ""))
        for log in map(Path, job.logs):
            if log.is_file():
                tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL_LINES:]
                lines += [f"  {log}:", *(f"    {line}" for line in tail)]
            else:
                lines.append(f"  {log}: not written")
    said = text.splitlines()
    if not run.total:
        # It stopped before its first job: all that it said after its heading is the reason.
        first = next((n for n, line in enumerate(said, 1) if line.startswith("Building DAG of jobs")), 0)
    else:
        first = next((n for n, line in enumerate(said) if line.startswith(LAST_WORDS)), len(said) - TAIL_LINES)
    return [*lines, *(line for line in said[max(first, 0) :] if line.strip())]


def main(command: list[str]) -> int:
    """Run a ``snakemake`` command; see the module.

    Returns:
        Its exit code; 128 and the signal's number if a signal ended it.
    """
    log = Path(".snakemake/log") / f"{time.strftime('%Y-%m-%dT%H%M%S')}-{os.getpid()}.progress.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    child: subprocess.Popen | None = None
    early: list[int] = []

    def pass_on(number: int, _: FrameType | None = None) -> None:
        if child is None:
            early.append(number)
        elif child.poll() is None:
            # As a terminal does it: to all processes of the run at once. SIGTERM is for the driver alone, which ends
            # after the jobs that run.
            (os.kill if number == signal.SIGTERM else os.killpg)(child.pid, number)

    for number in SIGNALS:
        # Under nohup the end of the terminal stays ignored, here and by Snakemake.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, pass_on)
    run, line = Run(), Line(sys.stdout)
    line.say(f"log: {log}")
    with open(log, "w", encoding="utf-8") as out, open(log, encoding="utf-8", errors="replace") as said:
        # In a group of its own, so that Ctrl-C comes once, from here. It writes to the file itself: it lives on, and
        # keeps its log, if this process is killed.
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, process_group=0
        )
        for number in early:
            pass_on(number)
        while True:
            code = child.poll()
            for told in run.read(said.read(), time.monotonic()):
                line.say(told)
            if code is not None:
                break
            line.show(run)
            time.sleep(POLL_SECONDS)
        if code == 0:
            line.say(describe(run, time.monotonic()) if run.total else "nothing to be done")
            return 0
        said.seek(0)
        for told in endings(run, said.read()):
            line.say(told)
    line.say(f"Snakemake ended with {f'signal {-code}' if code < 0 else f'exit code {code}'}; all it said is in {log}")
    return 128 - code if code < 0 else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
