"""Draw losses against redshift."""

import pandas as pd

from galforge.drawing.labels import source_label
from galforge.drawing.per_bin import origin_of
from galforge.papers.li2024.figures.losses import draw
from galforge.provenance.records import begin, finish

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
