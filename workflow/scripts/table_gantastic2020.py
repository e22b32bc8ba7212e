"""Make one table of sparse images and their scores from its rows."""

from galforge.papers.readings import table_of
from galforge.papers.table import GANTASTIC
from galforge.provenance.records import begin, finish
from galforge.report import tables

spec = begin(snakemake, __file__)
table = table_of(GANTASTIC, spec["file"])
frame = tables.assemble(
    table, tables.read_distances(snakemake.input.distances), tables.read_published([snakemake.input.published])
)
out = snakemake.output
tables.write(table, frame, spec["scale"], spec["statmorph"], out.csv, out.md, out.tex)
finish(snakemake, __file__)
