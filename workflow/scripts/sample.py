"""Draw a part of the generated stamps, or put the parts together."""

from pathlib import Path

from galforge.parts import bounds
from galforge.provenance.records import begin, finish
from galforge.stamps.merging import merge

spec = begin(snakemake, __file__)
weights, out = Path(snakemake.input.weights), Path(snakemake.output.stamps)
if chunks := snakemake.input.get("chunks"):
    merge([Path(chunk) for chunk in chunks], out)
else:
    # Only here: they bring torch, whose import takes longer than to put chunks together.
    from galforge.sampling.conditions import conditions_for, divided
    from galforge.sampling.sample import sample

    start, stop = bounds(spec["count"], snakemake.wildcards)
    source = snakemake.input.get("source")
    asked = spec.get("conditions")
    told, beside = divided(asked, conditions_for(asked, spec["count"], weights, source)) if asked else (None, None)
    sample(weights, out, start, stop, spec["seed"], spec["batch"], spec["device"], spec["threads"], told, beside)
if "record" in snakemake.output.keys():
    finish(snakemake, __file__, seed=spec["seed"])
