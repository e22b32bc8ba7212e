"""Build the page a person opens first."""

from pathlib import Path

import pandas as pd

from galforge.provenance import begin, commit, finish
from galforge.report import page
from galforge.report.summary import figures, summarise

spec = begin(snakemake, __file__)
page.build(
    summarise(spec, snakemake.input.stamps, *commit()),
    {Path(path).stem: pd.read_csv(path, keep_default_na=True) for path in snakemake.input.tables},
    figures(snakemake.input.figures),
    snakemake.output.page,
)
finish(snakemake, __file__)
