"""Score stamps by their features."""

import pandas as pd

from galforge.provenance.records import begin, finish
from galforge.studies.realism.scores import write_scores

begin(snakemake, __file__)
write_scores(snakemake.input.scorer, pd.read_parquet(snakemake.input.features), snakemake.output.scores)
finish(snakemake, __file__)
