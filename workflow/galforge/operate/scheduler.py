"""Snakemake's scheduler, kept from looking at its waiting jobs all the time.

Jobs are started at a limited rate, so Snakemake 9.27 sets a timer after each look at the jobs that wait, to look again
when the rate allows more. A job that ends makes it look, too, and that look sets a timer of its own: after a thousand
jobs a thousand timers run, each followed by the next, and the driver does nothing else.
"""

import threading

from snakemake.scheduling.job_scheduler import JobScheduler

_SETS_A_TIMER = "_schedule_reevalutation"
"""Snakemake's method, in its spelling."""


def look_again(scheduler: JobScheduler, delay: float) -> None:
    """Wake the scheduler after a delay [s], once for all who ask meanwhile; nobody waits for it when the run ends."""
    pending: set[float] = scheduler.__dict__.setdefault("_pending_looks", set())
    if delay in pending:
        return
    pending.add(delay)

    def wake() -> None:
        # First: who is woken may ask for the next look at once.
        pending.discard(delay)
        scheduler._open_jobs.release()

    timer = threading.Timer(delay, wake)
    timer.daemon = True
    timer.start()


def calm() -> None:
    """Make it so for this run.

    Raises:
        AttributeError: this version of Snakemake has no such method: see what became of it.
    """
    getattr(JobScheduler, _SETS_A_TIMER)
    setattr(JobScheduler, _SETS_A_TIMER, look_again)
