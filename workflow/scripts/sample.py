"""Draw the generated stamps of a model, or a part of them, or put the parts together."""

import json
from pathlib import Path

from galforge.atomic import write_text
from galforge.models.about import read_about
from galforge.parts import bounds
from galforge.provenance.records import begin, finish
from galforge.sampling.account import together
from galforge.stamps.merging import merge

spec = begin(snakemake, __file__)
weights, out = Path(snakemake.input.weights), Path(snakemake.output.stamps)
if chunks := snakemake.input.get("chunks"):
    merge([Path(chunk) for chunk in chunks], out)
    account = together([json.loads(Path(cost).read_text()) for cost in snakemake.input.costs])
else:
    # Only here: they bring torch, whose import takes longer than to put chunks together.
    from galforge.sampling.conditions import conditions_for, divided
    from galforge.sampling.sample import sample

    start, stop = bounds(spec["count"], snakemake.wildcards)
    source = snakemake.input.get("source")
    asked = spec.get("conditions")
    told, beside = divided(asked, conditions_for(asked, spec["count"], weights, source)) if asked else (None, None)
    names = ("seed", "batch", "device", "threads")
    precision = spec.get("precision", "float32")
    account = sample(weights, out, start, stop, *(spec[name] for name in names), told, beside, precision)
write_text(snakemake.output.cost, json.dumps(account, sort_keys=True) + "\n")
if "record" in snakemake.output.keys():
    finish(snakemake, __file__, seed=spec["seed"], images_seen=read_about(weights)["images_seen"])
