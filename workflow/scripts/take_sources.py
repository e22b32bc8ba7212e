"""Take images that other data sets of the configuration have, as a model's."""

from pathlib import Path

from galforge.provenance.records import begin, finish
from galforge.sampling.taken import take

spec = begin(snakemake, __file__)
sources = zip(spec["sources"], map(Path, snakemake.input.sources), strict=True)
stamps, out = Path(snakemake.input.source), Path(snakemake.output.stamps)
taken = take(dict(sources), stamps, out, spec["count"], spec["columns"])
finish(snakemake, __file__, taken=taken)
