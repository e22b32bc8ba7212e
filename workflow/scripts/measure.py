"""Measure stamps in some variants of one measure: a part of them, or all, or the parts put together."""

import pandas as pd

from galforge import logs
from galforge.atomic import replacing
from galforge.measure.variants import measured
from galforge.provenance.records import begin, finish

spec = begin(snakemake, __file__)
wildcards = dict(snakemake.wildcards.items())
for name, variant in spec["variants"].items():
    who = variant.get("who", wildcards.get("who"))
    logs.to_file(snakemake.log[name])
    if chunks := snakemake.input.get(f"chunks {name}"):
        table = pd.concat([pd.read_parquet(chunk) for chunk in chunks], ignore_index=True)
    else:
        given = {kind: snakemake.input.get(f"{kind} {name}") for kind in ("noise", "weights", "scale")}
        stamps = snakemake.input[f"stamps {who}"]
        table = measured(spec["family"], variant, stamps, {**wildcards, "who": who}, given)
    with replacing(snakemake.output[name]) as temporary:
        table.to_parquet(temporary, index=False)
if "record" in snakemake.output.keys():
    finish(snakemake, __file__)
