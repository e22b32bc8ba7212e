"""Make the table of the denoising study: every sweep, beside what was published."""

import pandas as pd

from galforge.papers.holzschuh2022 import denoising_table
from galforge.provenance.records import begin, finish
from galforge.report import tables

spec = begin(snakemake, __file__)
frame = denoising_table.assemble(
    [pd.read_csv(path) for path in snakemake.input.summaries], tables.read_published([snakemake.input.published])
)
out = snakemake.output
tables.write("denoising", frame, spec["scale"], spec["statmorph"], out.csv, out.md, out.tex)
finish(snakemake, __file__)
