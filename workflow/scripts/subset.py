"""The stamps of a data set that is another one with fewer galaxies to train on."""

from pathlib import Path

from galforge.provenance.records import begin, finish
from galforge.stamps.subset import write_subset

spec = begin(snakemake, __file__)
for kind, whole in snakemake.input.items():
    write_subset(Path(whole), Path(snakemake.output[kind]), spec["train_images"], spec["seed"])
finish(snakemake, __file__)
