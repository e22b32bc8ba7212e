"""Draw the losses of a data set's trainings against images seen."""

import pandas as pd

from galforge.drawing.labels import model_labels
from galforge.papers.holzschuh2022.figures.history import draw
from galforge.provenance.records import begin, finish

spec = begin(snakemake, __file__)
histories = [pd.read_csv(path) for path in snakemake.input.histories]
draw(
    list(zip(model_labels(spec["models"]), histories, strict=True)),
    snakemake.output.png,
    snakemake.output.pdf,
)
finish(snakemake, __file__)
