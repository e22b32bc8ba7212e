"""Restore the test galaxies by the methods that a user would try before a network, in all tests."""

from pathlib import Path

from galforge.atomic import replacing
from galforge.provenance.records import begin, finish
from galforge.studies.denoising.evaluation import evaluate, examples, measuring_of, write_examples
from galforge.studies.denoising.galaxies import Galaxies
from galforge.studies.denoising.methods import references

spec = begin(snakemake, __file__)
measuring = measuring_of(spec["measuring"], snakemake.input.get("noise"))
with Galaxies(snakemake.input.real) as galaxies:
    methods = references(galaxies, spec)
    table = evaluate(galaxies, spec, methods, measuring, spec["who"])
    table.attrs = {"origin": galaxies.stamps.header.origin}
    write_examples(Path(snakemake.output.examples), examples(galaxies, spec, methods, with_pair=True))
with replacing(snakemake.output.table) as temporary:
    table.to_parquet(temporary, index=False)
finish(snakemake, __file__)
