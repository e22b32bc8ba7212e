"""Scores that a network gives to images that it was not trained on."""

from pathlib import Path

from galforge.atomic import replacing
from galforge.provenance.records import begin, finish
from galforge.studies.realism.chosen import chosen
from galforge.studies.realism.networks import cross_validate_network

spec = begin(snakemake, __file__)
settings = chosen(spec["settings"])
weights = snakemake.input.get("weights")
table = cross_validate_network(
    Path(snakemake.input.stamps), spec["scorer"], settings, spec["device"], Path(weights) if weights else None
)
with replacing(snakemake.output.predictions) as temporary:
    table.to_parquet(temporary, index=False)
finish(snakemake, __file__)
