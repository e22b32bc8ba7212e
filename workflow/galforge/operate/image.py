"""The image that jobs run in, where Snakemake is asked to use one."""

from pathlib import Path
from typing import Any

from snakemake.settings.types import DeploymentMethod

from galforge.errors import GalforgeError

IMAGE = "envs/galforge.sif"
"""What the Snakefile names; relative to the working directory, as its results are."""


def check_image(workflow: Any) -> None:
    """Make sure that the image is there, before a job waits in a queue for it.

    Args:
        workflow: Snakemake's workflow object.

    Raises:
        GalforgeError: jobs are to run in the image and there is none.
    """
    settings = workflow.deployment_settings
    wanted = settings is not None and DeploymentMethod.APPTAINER in settings.deployment_method
    if wanted and not Path(IMAGE).exists():
        raise GalforgeError(
            f"{IMAGE} does not exist, and jobs are to run in it (software-deployment-method: apptainer): build it with "
            f"`apptainer build {IMAGE} envs/galforge.def` (docs/cluster.md), or leave that setting out to use .venv"
        )
