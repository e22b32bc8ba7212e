"""Make tables: what was measured beside what was printed, for machines and for people."""

from galforge.papers import assembly, printed_files
from galforge.papers.table import Table
from galforge.provenance.records import begin, finish
from galforge.report import formats
from galforge.report.given import with_given
from galforge.report.snapshots import with_snapshots

spec = begin(snakemake, __file__)
inputs = dict(snakemake.input.items()) | {"published": printed_files.planned(spec["printed"])}
for name, about in spec["tables"]:
    table = Table.from_spec(name, about)
    frame = with_snapshots(assembly.make(table, inputs, spec), inputs.get("choices", []))
    frame = with_given(frame, spec.get("given", []))
    paths = [snakemake.output[f"{table.file}_{kind}"] for kind in ("csv", "md", "tex")]
    formats.write(table, frame, spec["scale"], spec["statmorph"], paths)
finish(snakemake, __file__)
