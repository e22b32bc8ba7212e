"""The image that jobs run in, where Snakemake is asked to use one."""

import os
import shutil
from pathlib import Path
from typing import Any

from snakemake.settings.types import DeploymentMethod

from galforge.errors import GalforgeError

IMAGE = "envs/galforge.sif"
"""What the Snakefile names; relative to the working directory, as its results are."""


def use_image(workflow: Any) -> None:
    """Where jobs are to run in the image, make sure that it is there, and that they import galforge from the checkout.

    Called in the driver, before a job waits in a queue for an image that is not there, and on the node of each job.

    Args:
        workflow: Snakemake's workflow object.

    Raises:
        GalforgeError: jobs are to run in the image and there is none.
    """
    settings = workflow.deployment_settings
    if settings is None or DeploymentMethod.APPTAINER not in settings.deployment_method:
        return
    if not Path(IMAGE).exists():
        raise GalforgeError(
            f"{IMAGE} does not exist, and jobs are to run in it (software-deployment-method: apptainer): build it with "
            f"`apptainer build {IMAGE} envs/galforge.def` (docs/cluster.md), or leave that setting out to use .venv"
        )
    # Snakemake shows the library to the image below /mnt, where the lock and the commit of the checkout are not.
    prefix = "APPTAINERENV" if shutil.which("apptainer") else "SINGULARITYENV"
    os.environ[f"{prefix}_PYTHONPATH"] = str(Path(workflow.basedir).absolute())
