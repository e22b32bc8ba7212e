"""Draw losses against redshift."""

import pandas as pd

from galforge.provenance import begin, finish
from galforge.report.figures.losses import draw
from galforge.report.figures.per_bin import origin_of
from galforge.report.labels import source_label

spec = begin(snakemake, __file__)
table = pd.read_csv(snakemake.input.table)
draw(
    table,
    snakemake.output.png,
    snakemake.output.pdf,
    dataset=spec["dataset"],
    label=source_label(spec["dataset"], origin_of(table, spec["dataset"]), spec["scale"]),
)
finish(snakemake, __file__)
