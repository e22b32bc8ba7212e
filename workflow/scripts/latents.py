"""Walk through the latent space of each model of a data set, and reconstruct source stamps."""

from pathlib import Path

from galforge.provenance.records import begin, finish
from galforge.sampling.latents import walk

spec = begin(snakemake, __file__)
for who, model in spec["models"].items():
    walk(
        Path(snakemake.input[who]),
        Path(snakemake.input.stamps),
        Path(snakemake.output[who]),
        seed=model["seed"],
        **{name: spec[name] for name in ("rows", "steps", "device", "threads")},
    )
finish(snakemake, __file__)
