"""Make the table of what the models cost."""

from itertools import islice
from pathlib import Path

import pandas as pd

from galforge.costs import costs
from galforge.models.about import read_about
from galforge.provenance import begin, finish
from galforge.report import tables
from galforge.stamps import Header

spec = begin(snakemake, __file__)
segments = iter(map(Path, snakemake.input.segments))
rows = []
for (dataset, model, seed), count, weights in zip(spec["runs"], spec["segments"], snakemake.input.weights, strict=True):
    origin = Header.from_json(read_about(Path(weights))["header"]).origin
    found = costs(list(islice(segments, count)), Path(weights))
    rows += [
        {"dataset": dataset, "origin": origin, "model": model, "seed": seed, "property": name, "value": value}
        for name, value in found.items()
    ]
output = snakemake.output
tables.write("cost", tables.assemble_cost(pd.DataFrame(rows)), spec["scale"], "", output.csv, output.md, output.tex)
finish(snakemake, __file__)
