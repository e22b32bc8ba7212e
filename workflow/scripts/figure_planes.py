"""Draw the Gini-M20 plane and size against magnitude of a source and its models."""

import pandas as pd

from galforge.compare.joined import joined
from galforge.drawing.labels import model_labels, source_label
from galforge.papers.holzschuh2022.figures.planes import draw
from galforge.provenance.records import begin, finish
from galforge.stamps.file import Stamps

spec = begin(snakemake, __file__)
pairs = zip(snakemake.input.morphology, snakemake.input.photometry, strict=True)
source, *generated = (joined([pd.read_parquet(path) for path in pair]) for pair in pairs)
with Stamps(snakemake.input.stamps) as stamps:
    header = stamps.header
draw(
    (source_label(spec["dataset"], source.attrs["origin"], spec["scale"]), source),
    list(zip(model_labels(spec["models"]), generated, strict=True)),
    snakemake.output.png,
    snakemake.output.pdf,
    protocol="corrected",
    header=header,
    band=spec["band"],
)
finish(snakemake, __file__)
