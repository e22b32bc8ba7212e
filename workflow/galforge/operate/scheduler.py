"""Keeps Snakemake's scheduler from looking at its waiting jobs all the time, and does something before its first job.

Jobs are started at a limited rate, so Snakemake 9.27 sets a timer after each look at the waiting jobs, to look again
when the rate allows more. Each job that ends makes it look, too, and sets a timer more. After a thousand jobs a
thousand timers run, each followed by the next, and the driver does nothing else.
"""

import threading
from collections.abc import Callable
from typing import Any

from snakemake.scheduling.job_scheduler import JobScheduler

_SETS_A_TIMER = "_schedule_reevalutation"
"""Snakemake's method, in its spelling."""
_BEFORE = "_galforge_before_jobs"
_schedule = JobScheduler.schedule


def look_again(scheduler: JobScheduler, delay: float) -> None:
    """Wake the scheduler after a delay [s], once for all requests until then; the end of a run does not wait for it."""
    pending: set[float] = scheduler.__dict__.setdefault("_pending_looks", set())
    if delay in pending:
        return
    pending.add(delay)

    def wake() -> None:
        # Before waking, because the scheduler may ask for its next look at once.
        pending.discard(delay)
        scheduler._open_jobs.release()

    timer = threading.Timer(delay, wake)
    timer.daemon = True
    timer.start()


def calm() -> None:
    """Replace Snakemake's method in this process.

    Raises:
        AttributeError: this version of Snakemake has no such method; see what became of it.
    """
    getattr(JobScheduler, _SETS_A_TIMER)
    setattr(JobScheduler, _SETS_A_TIMER, look_again)


def before_jobs(workflow: Any, act: Callable[[], None]) -> None:
    """Do something when the driver of a workflow is about to start its first job; not in a dry run, nor in jobs.

    Snakemake's own ``onstart`` is no place for it: that of a module is not run.

    Args:
        workflow: Snakemake's workflow object.
        act: what is done; a workflow may have several, which are done in their order.
    """
    workflow.__dict__.setdefault(_BEFORE, []).append(act)
    JobScheduler.schedule = _prepared


def _prepared(scheduler: JobScheduler) -> bool:
    workflow = scheduler.workflow
    if workflow.is_main_process and not workflow.dryrun:
        for act in workflow.__dict__.get(_BEFORE, ()):
            act()
    return _schedule(scheduler)
