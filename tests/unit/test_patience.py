"""A driver goes on when squeue or sbatch fails for a while, and does not when sbatch fails for good."""

import asyncio
import importlib
import logging
import sys
from types import SimpleNamespace

import pytest

from galforge.operate import patience
from galforge.operate.plugin import PLUGIN


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
def real():
    """The plugin itself; imported here, where no dead SLURM slows that down."""
    return importlib.import_module(PLUGIN)


@pytest.fixture
def plugin(real, monkeypatch):
    """One with as much as is replaced, which is made patient."""

    async def silent(command, logger):
        return None, None

    kind = type("Executor", (Executor,), dict(vars(Executor)))
    plugin = SimpleNamespace(Executor=kind, query_job_status=silent)
    monkeypatch.setitem(sys.modules, PLUGIN, plugin)
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


async def _kept(real, query, monkeypatch) -> list:
    """Jobs that the plugin still knows after it has asked for them."""
    monkeypatch.setattr(real, "query_job_status", query)
    monkeypatch.setattr(real, "get_min_job_age", lambda: 300)
    settings = SimpleNamespace(init_seconds_before_status_checks=40, status_attempts=5)
    executor = SimpleNamespace(
        workflow=SimpleNamespace(executor_settings=settings), logger=logging.getLogger(__name__), run_uuid="run",
        get_status_command=lambda: "squeue", status_rate_limiter=asyncio.Lock(), next_seconds_between_status_checks=40,
        _status_query_calls=0, _status_query_failures=0, _status_query_total_seconds=0.0,
        _status_query_min_seconds=None, _status_query_max_seconds=0.0, _status_query_cycle_rows=[],
    )  # fmt: skip
    jobs = [SimpleNamespace(external_jobid="12", aux={})]
    return [job async for job in real.Executor.check_active_jobs(executor, jobs)]


def test_the_plugin_forgets_its_jobs_and_a_patient_one_does_not(real, plugin, monkeypatch):
    """Where the first of these fails, the plugin was mended, and ours can go."""

    async def silent(command, logger):
        return None, None

    assert asyncio.run(_kept(real, silent, monkeypatch)) == []
    assert len(asyncio.run(_kept(real, plugin.query_job_status, monkeypatch))) == 1


def test_the_plugin_has_what_is_replaced(real):
    for name in ("run_job", "_report_job_error_threadsafe", "cancel"):
        assert callable(getattr(real.Executor, name))
    assert asyncio.iscoroutinefunction(real.query_job_status)
