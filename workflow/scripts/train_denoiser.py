"""Train one denoising network: of one share of generated galaxies and one replicate."""

import hashlib
import os
from pathlib import Path

from galforge.provenance.records import DRIVER_JOB_VARIABLE, begin, file_digest, finish
from galforge.studies.denoising.settings import DenoiserSettings
from galforge.studies.denoising.training import Job, train

spec = begin(snakemake, __file__)
if os.environ.get("SLURM_JOB_ID") == os.environ.get(DRIVER_JOB_VARIABLE):
    # The driver runs inside an allocation: that job is not this training's to watch or to requeue.
    os.environ.pop("SLURM_JOB_ID", None)
real, generated = Path(snakemake.input.real), snakemake.input.get("generated")
parts = (snakemake.params.spec, snakemake.params.code, *map(file_digest, filter(None, (real, generated))))
key = hashlib.sha256("\n".join(parts).encode()).hexdigest()
weights = Path(snakemake.output.weights)
job = Job(
    real=real,
    generated=Path(generated) if generated else None,
    settings=DenoiserSettings.from_spec(spec["settings"]),
    **{name: spec[name] for name in ("psf_sigma", "noise_sigma", "alpha", "seed", "replicate")},
    key=key,
)
train(
    job,
    weights,
    Path(snakemake.output.history),
    weights.parent / "work" / f"{weights.stem}-{key[:16]}",
    # Only a scheduler ends a job after its runtime.
    minutes=snakemake.resources.get("runtime") if "SLURM_JOB_ID" in os.environ else None,
    checkpoint_seconds=snakemake.resources.checkpoint_seconds,
)
finish(snakemake, __file__, seed=spec["seed"], key=key)
