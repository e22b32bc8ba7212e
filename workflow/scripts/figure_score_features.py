"""Draw features of images with low and high scores, and what the best scorer makes of them."""

import pandas as pd

from galforge.drawing.labels import scorer_label, source_label
from galforge.papers.gantastic2020.figures.score_features import draw
from galforge.provenance.records import begin, finish

spec = begin(snakemake, __file__)
draw(
    (source_label(spec["dataset"], spec["origin"], spec["scale"]), pd.read_parquet(snakemake.input.features)),
    (scorer_label(spec["scorer"]), pd.read_parquet(snakemake.input.predictions)),
    snakemake.output.png,
    snakemake.output.pdf,
    side=spec["side"],
)
finish(snakemake, __file__)
