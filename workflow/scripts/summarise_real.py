"""What real images score, as rows of a table."""

import pandas as pd

from galforge.atomic import replacing
from galforge.provenance.records import begin, finish
from galforge.studies.realism.summary import real_rows

spec = begin(snakemake, __file__)
table = real_rows(
    pd.read_parquet(snakemake.input.scores),
    pd.read_parquet(snakemake.input.real),
    {name: spec[name] for name in ("dataset", "origin", "scorer", "images")},
)
with replacing(snakemake.output.rows) as temporary:
    table.to_csv(temporary, index=False, lineterminator="\n")
finish(snakemake, __file__)
