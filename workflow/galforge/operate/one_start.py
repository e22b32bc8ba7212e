"""Starts Snakemake once in each SLURM job, where the plugin starts it twice.

Version 2.8 of Snakemake's plugin has a job start Snakemake, which reads the workflow and starts a second one by srun,
which reads the workflow again and does the work. Here the driver writes the call of srun itself: a job takes half of
the CPU time that it took beside its work, and 200 MB less while it works.

The work stays a job step, because SLURM sends SIGTERM to the steps of a job that is to make room, and not to its batch
script: a training saves its progress then.
"""

import shlex
from pathlib import Path
from typing import Any

from galforge.operate.plugin import once

STEP = Path(__file__).resolve().with_name("step.sh")
_DONE = "_galforge_starts_once"


def start_once() -> None:
    """Replace functions of the plugin in this process; nothing where Snakemake has not loaded it.

    Raises:
        AttributeError: this version of the plugin has no such functions; see what became of them.
    """
    if (plugin := once(_DONE)) is None:
        return
    executor = plugin.Executor
    executor.format_job_exec = _as_step(executor.format_job_exec)
    executor.additional_general_args = _without_jobstep(executor.additional_general_args)


def _as_step(formatted: Any) -> Any:
    """The command of a job as a step; of a job that calls MPI by itself, without one."""

    def command(executor: Any, job: Any) -> str:
        plain = formatted(executor, job)
        if not _by_srun(executor) or job.resources.get("mpi") is not None:
            return plain
        return shlex.join(["sh", str(STEP), *_options(job)]) + f" {plain}"

    return command


def _without_jobstep(arguments: Any) -> Any:
    """The Snakemake of the job does its work itself."""

    def general(executor: Any) -> str:
        return "" if _by_srun(executor) else arguments(executor)

    return general


def _by_srun(executor: Any) -> bool:
    """Tasks of a job array find their commands by the plugin's own second start."""
    return not executor.workflow.executor_settings.array_jobs


def _options(job: Any) -> list[str]:
    """Options of srun, as the plugin's second start gives them."""
    from snakemake_executor_plugin_slurm.utils import set_gres_string
    from snakemake_executor_plugin_slurm_jobstep import get_cpu_setting, get_gpu_setting, get_node_setting

    # Quiet is the plugin's choice: a failed binding to cores is no error.
    own = (get_cpu_setting(job, "--gpus" in set_gres_string(job)), get_gpu_setting(job), get_node_setting(job))
    return ["-n1", "--cpu-bind=q", *(word for each in own for word in each.split())]
