"""Draw distributions of what was measured in bins of redshift."""

import pandas as pd

from galforge.drawing.labels import model_labels, source_label
from galforge.papers.li2024.figures.properties import draw
from galforge.provenance.records import begin, finish

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
