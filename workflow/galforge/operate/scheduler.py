"""Keeps Snakemake's scheduler from looking at its waiting jobs all the time.

Jobs are started at a limited rate, so Snakemake 9.27 sets a timer after each look at the waiting jobs, to look again
when the rate allows more. Each job that ends makes it look, too, and sets a timer more. After a thousand jobs a
thousand timers run, each followed by the next, and the driver does nothing else.
"""

import threading

from snakemake.scheduling.job_scheduler import JobScheduler

_SETS_A_TIMER = "_schedule_reevalutation"
"""Snakemake's method, in its spelling."""


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
