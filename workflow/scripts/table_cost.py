"""Make the table of what each model cost."""

from pathlib import Path

import pandas as pd

from galforge.provenance.records import begin, finish
from galforge.report import tables
from galforge.report.cost import costs, origin_of

spec = begin(snakemake, __file__)
segments, rows = iter(snakemake.input.segments), []
for (dataset, model, seed, count, generator), weights in zip(spec["trainings"], snakemake.input.weights, strict=True):
    found = costs([Path(next(segments)) for _ in range(count)], Path(weights), generator)
    trained = {"dataset": dataset, "origin": origin_of(Path(weights)), "model": model, "seed": seed}
    rows += [{**trained, "property": name, "value": value} for name, value in found.items()]
frame = tables.assemble_cost(pd.DataFrame(rows))
output = snakemake.output
tables.write("cost", frame, spec["scale"], spec["statmorph"], output.csv, output.md, output.tex)
finish(snakemake, __file__)
