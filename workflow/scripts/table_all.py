"""Make the table of every generator on every data set."""

from galforge.provenance.records import begin, finish
from galforge.report import overall, tables

spec = begin(snakemake, __file__)
published = tables.read_published(snakemake.input.published)
frame = overall.assemble(tables.read_distances(snakemake.input.distances), published)
out = snakemake.output
tables.write("all", frame, spec["scale"], spec["statmorph"], out.csv, out.md, out.tex)
finish(snakemake, __file__)
