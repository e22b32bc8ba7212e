"""Make one table of a study: what was measured beside what was published."""

from galforge.provenance.records import begin, finish
from galforge.report import tables

spec = begin(snakemake, __file__)
frame = tables.assemble(
    spec["table"], tables.read_distances(snakemake.input.distances), tables.read_published([snakemake.input.published])
)
output = snakemake.output
tables.write(spec["table"], frame, spec["scale"], spec["statmorph"], output.csv, output.md, output.tex)
finish(snakemake, __file__)
