"""Measure stamps in some variants of one measure: a part of them, or all, or the parts put together."""

from galforge import logs
from galforge.measure.stored import join, write
from galforge.measure.variants import measured
from galforge.provenance.records import begin, finish

spec = begin(snakemake, __file__)
wildcards = dict(snakemake.wildcards.items())
for name, variant in spec["variants"].items():
    who = variant.get("who", wildcards.get("who"))
    logs.to_file(snakemake.log[name])
    if chunks := snakemake.input.get(f"chunks {name}"):
        join(chunks, snakemake.output[name])
    else:
        given = {kind: snakemake.input.get(f"{kind} {name}") for kind in ("noise", "weights", "scale")}
        stamps = snakemake.input[f"stamps {who}"]
        write(measured(spec["family"], variant, stamps, {**wildcards, "who": who}, given), snakemake.output[name])
if "record" in snakemake.output.keys():
    finish(snakemake, __file__)
