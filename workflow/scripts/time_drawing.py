"""How long a model takes to draw images."""

from pathlib import Path

from galforge.provenance.records import begin, finish
from galforge.studies.realism.drawing import time_drawing

spec = begin(snakemake, __file__)
time_drawing(
    Path(snakemake.input.weights),
    Path(snakemake.output.cost),
    **{name: spec[name] for name in ("images", "seed", "batch", "device", "threads")},
)
finish(snakemake, __file__, seed=spec["seed"])
