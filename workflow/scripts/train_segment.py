"""Train a model for one segment, from the state before to the next."""

import hashlib
import json
import os
from pathlib import Path

from galforge.logs import TENSORBOARD_VARIABLE
from galforge.provenance.records import DRIVER_JOB_VARIABLE, begin, finish
from galforge.stamps.file import Stamps
from galforge.training.export import export
from galforge.training.gpus import gpus, processes
from galforge.training.passing import launch_or_pass_on

spec = begin(snakemake, __file__)
if os.environ.get("SLURM_JOB_ID") == os.environ.get(DRIVER_JOB_VARIABLE):
    # The driver runs inside an allocation: that job is not this training's to watch or to requeue.
    os.environ.pop("SLURM_JOB_ID", None)
with Stamps(snakemake.input.stamps) as stamps:
    parts = (snakemake.params.spec, snakemake.params.code, stamps.digest)
key = hashlib.sha256("\n".join(parts).encode()).hexdigest()
state = Path(snakemake.output.state)
folder = os.environ.get(TENSORBOARD_VARIABLE)
segment = {
    **{name: spec[name] for name in ("family", "network", "normalisation", "training", "seed", "stop")},
    "stamps": snakemake.input.stamps,
    "state_in": snakemake.input.get("state") or None,
    "key": key,
}
job = {
    "segment": segment,
    "state_out": str(state),
    "work": str(state.parent / "work" / f"{state.stem}-{key[:16]}"),
    "checkpoint_seconds": snakemake.resources.checkpoint_seconds,
    # Only a scheduler ends a job after its runtime.
    "minutes": snakemake.resources.get("runtime") if "SLURM_JOB_ID" in os.environ else None,
    "tensorboard": str(Path(folder, *state.parent.parts[1:])) if folder else None,
    "log": snakemake.log[0],
    "cost_out": snakemake.output.cost,
}
asked = snakemake.resources.get("gpu"), snakemake.resources.get("gres")
job["gpus"] = gpus(*asked)
diverged = launch_or_pass_on(job, processes(*asked), snakemake.resources.whole_from)
export(state, Path(segment["state_in"]) if segment["state_in"] else None, diverged)
# A state that a later segment passes on says so, too.
said = json.loads(Path(snakemake.output.cost).read_text()).get("diverged")
finish(snakemake, __file__, seed=spec["seed"], key=key, **({"diverged": said} if said else {}))
