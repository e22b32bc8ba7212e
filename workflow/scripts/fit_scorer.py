"""Train the scorer of generated images on all images with scores."""

from pathlib import Path

import pandas as pd

from galforge.provenance.records import begin, finish
from galforge.studies.realism.chosen import chosen
from galforge.studies.realism.trees import fit_scorer

spec = begin(snakemake, __file__)
settings = chosen(spec["settings"])
fit_scorer(pd.read_parquet(snakemake.input.features), spec["scorer"], settings, Path(snakemake.output.scorer))
finish(snakemake, __file__)
