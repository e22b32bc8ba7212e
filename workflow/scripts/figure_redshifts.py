"""Draw the redshifts that a network finds against those that were asked for."""

import pandas as pd

from galforge.drawing.labels import model_labels, source_label
from galforge.papers.li2024.figures.redshifts import draw
from galforge.provenance.records import begin, finish

spec = begin(snakemake, __file__)
source, *generated = map(pd.read_parquet, snakemake.input.measurements)
models = [model for model, _ in spec["models"]]
draw(
    (source_label(spec["dataset"], source.attrs["origin"], spec["scale"]), source),
    list(zip(models, model_labels(spec["models"]), generated, strict=True)),
    pd.read_csv(snakemake.input.table),
    snakemake.output.png,
    snakemake.output.pdf,
    dataset=spec["dataset"],
    high=spec["high"],
)
finish(snakemake, __file__)
