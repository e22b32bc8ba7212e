"""Make one table of sparse images and their scores from its rows."""

from galforge.provenance import begin, finish
from galforge.report import tables
from galforge.report.about import GANTASTIC
from galforge.report.metrics import table_of

spec = begin(snakemake, __file__)
table = table_of(GANTASTIC, spec["file"])
frame = tables.assemble(
    table, tables.read_distances(snakemake.input.distances), tables.read_published([snakemake.input.published])
)
out = snakemake.output
tables.write(table, frame, spec["scale"], spec["statmorph"], out.csv, out.md, out.tex)
finish(snakemake, __file__)
