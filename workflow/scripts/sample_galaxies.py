"""Draw galaxies of each size class of a model that draws them one by one."""

from pathlib import Path

from galforge.provenance.records import begin, finish
from galforge.studies.realism.drawing import sample_galaxies

spec = begin(snakemake, __file__)
sample_galaxies(
    Path(snakemake.input.weights),
    Path(snakemake.output.stamps),
    **{name: spec[name] for name in ("count", "seed", "batch", "device", "threads")},
)
finish(snakemake, __file__, seed=spec["seed"])
