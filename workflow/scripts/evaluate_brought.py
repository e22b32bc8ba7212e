"""Denoise the test galaxies with a network that was trained elsewhere, in all tests."""

from pathlib import Path

from galforge.atomic import replacing
from galforge.logs import log
from galforge.measure import networks
from galforge.models import device as devices
from galforge.provenance.records import begin, finish
from galforge.studies.denoising.apply import restoring
from galforge.studies.denoising.brought import load
from galforge.studies.denoising.evaluation import evaluate, measuring_of
from galforge.studies.denoising.galaxies import Galaxies
from galforge.studies.denoising.settings import DenoiserNetwork

spec = begin(snakemake, __file__)
measuring = measuring_of(spec["measuring"], snakemake.input.get("noise"))
place, layers = devices.pick(spec["device"]), DenoiserNetwork.from_spec(spec["network"])
log.info("denoising on %s", place.type)
with networks.measuring(place, spec["threads"]), Galaxies(snakemake.input.real) as galaxies:
    network = load(Path(snakemake.input.weights), layers, galaxies.bands, spec["input_scale"], place)
    table = evaluate(galaxies, spec, {"network": restoring(network, place)}, measuring, spec["who"])
with replacing(snakemake.output.table) as temporary:
    table.to_parquet(temporary, index=False)
finish(snakemake, __file__)
