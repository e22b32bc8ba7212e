"""Train a model for one segment, from the state before to the next."""

import hashlib
import os
from pathlib import Path

from galforge import families
from galforge.provenance import DRIVER_JOB_VARIABLE, begin, finish
from galforge.stamps import Stamps
from galforge.training.segment import run_segment
from galforge.training.settings import NormalisationSettings, StepSettings

spec = begin(snakemake, __file__)
if os.environ.get("SLURM_JOB_ID") == os.environ.get(DRIVER_JOB_VARIABLE):
    # The driver runs inside an allocation: that job is not this training's to watch or to requeue.
    os.environ.pop("SLURM_JOB_ID", None)
with Stamps(snakemake.input.stamps) as stamps:
    parts = (snakemake.params.spec, snakemake.params.code, stamps.digest)
key = hashlib.sha256("\n".join(parts).encode()).hexdigest()
state = Path(snakemake.output.state)
run_segment(
    stamps=Path(snakemake.input.stamps),
    family=spec["family"],
    network=families.load("models", spec["family"], "settings").ModelSettings.from_spec(spec["network"]),
    normalisation=NormalisationSettings.from_spec(spec["normalisation"]),
    training=StepSettings.from_spec(spec["training"]),
    seed=spec["seed"],
    stop=spec["stop"],
    state_in=Path(snakemake.input.state) if snakemake.input.get("state") else None,
    state_out=state,
    work=state.parent / "work" / f"{state.stem}-{key[:16]}",
    key=key,
    # Only a scheduler ends a job after its runtime.
    minutes=snakemake.resources.get("runtime") if "SLURM_JOB_ID" in os.environ else None,
)
finish(snakemake, __file__, seed=spec["seed"], key=key)
