"""Read images that somebody else generated, as stamps like the source's."""

from pathlib import Path

from galforge.models.given.settings import ModelSettings
from galforge.provenance.records import begin, finish
from galforge.sampling.given import take

spec = begin(snakemake, __file__)
given, *catalogue = map(
    Path, snakemake.input.given if isinstance(snakemake.input.given, list) else [snakemake.input.given]
)
counts = take(
    ModelSettings.from_spec(spec["settings"]),
    given,
    catalogue[0] if catalogue else None,
    *(Path(path) for path in (snakemake.input.source, snakemake.output.stamps, snakemake.output.rejected)),
)
finish(snakemake, __file__, **counts)
