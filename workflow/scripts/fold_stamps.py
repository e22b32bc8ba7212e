"""Make a fold of a data set's galaxies its test split."""

from pathlib import Path

from galforge.datasets.folds import refold
from galforge.provenance.records import begin, finish

spec = begin(snakemake, __file__)
refold(Path(snakemake.input.whole), Path(snakemake.output.stamps), **spec)
finish(snakemake, __file__)
