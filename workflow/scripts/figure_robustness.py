"""Draw the MSE against noise and pixel size."""

import pandas as pd

from galforge.papers.holzschuh2022.figures.robustness import draw
from galforge.provenance.records import begin, finish

spec = begin(snakemake, __file__)
draw(
    pd.read_csv(snakemake.input.table),
    snakemake.output.png,
    snakemake.output.pdf,
    **{name: spec[name] for name in ("dataset", "model", "protocol", "denoiser")},
)
finish(snakemake, __file__)
