"""Denoise the test galaxies with one network, in all tests."""

from pathlib import Path

from galforge.atomic import replacing
from galforge.logs import log
from galforge.measure import networks
from galforge.models import device as devices
from galforge.provenance.records import begin, finish
from galforge.studies.denoising.apply import network
from galforge.studies.denoising.evaluation import evaluate, examples, measuring_of, write_examples
from galforge.studies.denoising.galaxies import Galaxies

spec = begin(snakemake, __file__)
measuring = measuring_of(spec["measuring"], snakemake.input.get("noise"))
place = devices.pick(spec["device"])
log.info("denoising on %s", place.type)
with networks.measuring(place, spec["threads"]), Galaxies(snakemake.input.real) as galaxies:
    methods = {"network": network(Path(snakemake.input.weights), spec["device"])}
    table = evaluate(galaxies, spec, methods, measuring, spec["who"])
    write_examples(Path(snakemake.output.examples), examples(galaxies, spec, methods, with_pair=False))
with replacing(snakemake.output.table) as temporary:
    table.to_parquet(temporary, index=False)
finish(snakemake, __file__)
