"""Draw means of what was measured against redshift."""

import pandas as pd

from galforge.provenance import begin, finish
from galforge.report.figures.evolution import draw
from galforge.report.labels import model_labels, source_label

spec = begin(snakemake, __file__)
source, *generated = map(pd.read_parquet, snakemake.input.measurements)
draw(
    (source_label(spec["dataset"], source.attrs["origin"], spec["scale"]), source),
    list(zip(model_labels(spec["models"]), generated, strict=True)),
    snakemake.output.png,
    snakemake.output.pdf,
    edges=spec["edges"],
)
finish(snakemake, __file__)
