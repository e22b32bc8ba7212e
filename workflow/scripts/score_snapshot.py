"""Score the averaged weights of one segment of a training by images that are drawn from them."""

import json
from pathlib import Path

from galforge.atomic import write_text
from galforge.provenance.records import begin, finish
from galforge.snapshots.score import score

spec, wildcards = begin(snakemake, __file__), snakemake.wildcards
found = score(
    spec,
    Path(snakemake.input.snapshot),
    Path(snakemake.input.source),
    Path(snakemake.input.measured),
    {name: snakemake.input.get(name) for name in ("noise", "scale", "weights")},
    f"{wildcards.model}-seed{wildcards.seed}",
)
write_text(snakemake.output.score, json.dumps(found, sort_keys=True) + "\n")
finish(snakemake, __file__, seed=spec["drawing"]["seed"])
