"""A driver goes on when squeue or sbatch fails for a while, and does not when sbatch fails for good."""

import asyncio
import logging
import sys
from types import SimpleNamespace

import pytest

from galforge.operate import patience


class Executor:
    """As much of the plugin's as is replaced."""

    def __init__(self, answers: list[str]):
        self.answers, self.reported, self.logger = answers, [], logging.getLogger(__name__)

    def run_job(self, job):
        if answer := self.answers.pop(0):
            self._report_job_error_threadsafe(job, f"SLURM sbatch failed. The error message was '{answer}'.\n")

    def _report_job_error_threadsafe(self, job_info, msg):
        self.reported.append(msg)

    def cancel(self):
        pass


@pytest.fixture
def plugin(monkeypatch):
    async def silent(command, logger):
        return None, None

    kind = type("Executor", (Executor,), dict(vars(Executor)))
    plugin = SimpleNamespace(Executor=kind, query_job_status=silent)
    monkeypatch.setitem(sys.modules, patience.PLUGIN, plugin)
    monkeypatch.setattr(patience, "WAITS", (0.0, 0.0))
    monkeypatch.setattr(patience, "_stopped", type(patience._stopped)())
    patience.be_patient()
    # A workflow may have galforge as a module several times.
    patience.be_patient()
    return plugin


JOB = SimpleNamespace(jobid=7)


def test_no_answer_is_no_news(plugin):
    status, seconds = asyncio.run(plugin.query_job_status("squeue --me", logging.getLogger(__name__)))
    assert status == {}
    assert seconds >= 0


@pytest.mark.parametrize(
    ("answers", "reported", "left"),
    [
        ([""], 0, 0),
        (["Socket timed out", "Unable to contact slurm controller", ""], 0, 0),
        (["Socket timed out"] * 4, 1, 1),
        (["invalid partition specified: gpus", ""], 1, 1),
    ],
    ids=["at once", "later", "never", "for good"],
)
def test_sbatch_that_fails(plugin, answers, reported, left):
    executor = plugin.Executor(answers)
    executor.run_job(JOB)
    assert (len(executor.reported), len(executor.answers)) == (reported, left)


def test_nothing_is_submitted_again_after_ctrl_c(plugin):
    executor = plugin.Executor(["Socket timed out", ""])
    executor.cancel()
    executor.run_job(JOB)
    assert len(executor.reported) == len(executor.answers) == 1


def test_the_plugin_has_what_is_replaced():
    # Here, where no dead SLURM slows its import down.
    import snakemake_executor_plugin_slurm as real

    for name in ("run_job", "_report_job_error_threadsafe", "cancel"):
        assert callable(getattr(real.Executor, name))
    assert asyncio.iscoroutinefunction(real.query_job_status)
