"""Build the page a person opens first."""

from pathlib import Path

import pandas as pd

from galforge.provenance.records import begin, commit, finish
from galforge.report import page
from galforge.report.summary import figures, summarise

spec = begin(snakemake, __file__)
paths = [Path(path) for path in snakemake.input.tables]
tables = {page.table_at(path): pd.read_csv(path, keep_default_na=True) for path in paths}
page.build(
    summarise(spec, snakemake.input.stamps, *commit()),
    tables,
    figures(snakemake.input.figures, spec["figures"], tables, spec["statmorph"]),
    snakemake.output.page,
)
finish(snakemake, __file__)
