"""Draw pairs of morphological properties of a source and its models as contours."""

import pandas as pd

from galforge.drawing.labels import model_labels, source_label
from galforge.papers.holzschuh2022.figures.contours import draw
from galforge.provenance.records import begin, finish

spec = begin(snakemake, __file__)
source, *generated = (pd.read_parquet(path) for path in snakemake.input.measurements)
draw(
    (source_label(spec["dataset"], source.attrs["origin"], spec["scale"]), source),
    list(zip(model_labels(spec["models"]), generated, strict=True)),
    snakemake.output.png,
    snakemake.output.pdf,
    protocol="corrected",
)
finish(snakemake, __file__)
