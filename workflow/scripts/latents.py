"""Walk through a model's latent space, and reconstruct source stamps."""

from pathlib import Path

from galforge.provenance.records import begin, finish
from galforge.sampling.latents import walk

spec = begin(snakemake, __file__)
weights, stamps, out = Path(snakemake.input.weights), Path(snakemake.input.stamps), Path(snakemake.output.stamps)
walk(weights, stamps, out, spec["rows"], spec["steps"], spec["seed"], spec["device"], spec["threads"])
finish(snakemake, __file__, seed=spec["seed"])
