"""Errors of every scorer, as rows of a table."""

import pandas as pd

from galforge.atomic import replacing
from galforge.provenance.records import begin, finish
from galforge.studies.realism.summary import scorer_rows

spec = begin(snakemake, __file__)
predictions = dict(zip(spec["scorers"], map(pd.read_parquet, snakemake.input.predictions), strict=True))
table = scorer_rows(
    predictions,
    pd.read_parquet(snakemake.input.scores),
    {name: spec[name] for name in ("dataset", "origin", "scorer", "real_score", "held_out")},
)
with replacing(snakemake.output.rows) as temporary:
    table.to_csv(temporary, index=False, lineterminator="\n")
finish(snakemake, __file__)
