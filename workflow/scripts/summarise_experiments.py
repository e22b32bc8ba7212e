"""The experiments with a model, as rows of a table."""

import pandas as pd

from galforge.atomic import replacing
from galforge.provenance.records import begin, finish
from galforge.studies.realism.summary import experiment_rows

spec = begin(snakemake, __file__)
results = dict(zip(spec["experiments"], map(pd.read_parquet, snakemake.input.experiments), strict=True))
table = experiment_rows(results, {name: spec[name] for name in ("dataset", "origin")}, snakemake.wildcards)
with replacing(snakemake.output.rows) as temporary:
    table.to_csv(temporary, index=False, lineterminator="\n")
finish(snakemake, __file__)
