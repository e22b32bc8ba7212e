"""Lets a driver outlive a SLURM that does not answer for a while: its controller restarts, or squeue or sbatch fails.

Version 2.8 of Snakemake's plugin forgets its running jobs when squeue fails five times in a row, and then waits for
them for ever. A submission that fails counts as a failed job, so that all retries of a rule are used up within seconds,
and each of them asks for more memory.
"""

import re
import threading
import time
from typing import Any

from galforge.operate.plugin import once

WAITS = (5.0, 10.0, 20.0, 40.0, 75.0, 150.0)
"""Between tries to submit a job [s], five minutes in all."""
_REFUSED = "SLURM sbatch failed"
_FOR_GOOD = re.compile(r"invalid|unrecognized|not available|permission denied|not permitted|not found", re.IGNORECASE)
_DONE = "_galforge_is_patient"
_stopped = threading.Event()
_here = threading.local()


def be_patient() -> None:
    """Replace functions of the plugin in this process; nothing where Snakemake has not loaded it.

    Raises:
        AttributeError: this version of the plugin has no such functions; see what became of them.
    """
    if (plugin := once(_DONE)) is None:
        return
    executor = plugin.Executor
    plugin.query_job_status = _asking(plugin.query_job_status)
    executor.run_job = _submitting(executor.run_job, executor._report_job_error_threadsafe)
    executor._report_job_error_threadsafe = _reporting(executor._report_job_error_threadsafe)
    executor.cancel = _cancelling(executor.cancel)


def _asking(query: Any) -> Any:
    """No answer is no news: an empty one leaves all jobs as they are, and they are asked for again later."""

    async def ask(command: str, logger: Any) -> tuple[dict[str, str], float]:
        began = time.monotonic()
        status, seconds = await query(command, logger)
        if status is not None:
            return status, seconds
        logger.warning(f"{command.split()[0]} does not answer; jobs in SLURM go on, and it is asked again later.")
        return {}, time.monotonic() - began

    return ask


def _submitting(run: Any, report: Any) -> Any:
    """Submit a job, again and again while sbatch fails for a reason that may pass."""

    def submit(executor: Any, job: Any) -> None:
        for wait in (*WAITS, None):
            _here.refused, _here.holds = None, wait is not None
            try:
                run(executor, job)
            finally:
                _here.holds = False
            if _here.refused is None:
                return
            info, said = _here.refused
            first = said.partition("\n")[0]
            executor.logger.warning(f"{first} Job {job.jobid} is submitted again in {wait:g} s.")
            if _stopped.wait(wait):
                report(executor, info, said)
                return

    return submit


def _reporting(report: Any) -> Any:
    """Report a failed job, unless it is a failed submission that is about to be tried again."""

    def note(executor: Any, info: Any, msg: str) -> None:
        said = msg.partition("sbatch call:")[0]
        if getattr(_here, "holds", False) and said.startswith(_REFUSED) and not _FOR_GOOD.search(said):
            _here.refused = info, msg
        else:
            report(executor, info, msg)

    return note


def _cancelling(cancel: Any) -> Any:
    """At Ctrl-C nothing waits any longer."""

    def stop(executor: Any) -> None:
        _stopped.set()
        cancel(executor)

    return stop
