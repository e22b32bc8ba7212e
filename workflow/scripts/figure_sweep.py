"""Draw gain and MSE against the share of generated galaxies."""

import pandas as pd

from galforge.provenance import begin, finish
from galforge.report.figures.sweep import draw

spec = begin(snakemake, __file__)
draw(
    pd.read_csv(snakemake.input.table),
    snakemake.output.png,
    snakemake.output.pdf,
    **{name: spec[name] for name in ("dataset", "model", "protocol", "denoiser", "scale")},
)
finish(snakemake, __file__)
