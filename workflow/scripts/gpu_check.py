"""Say what a training would find on the machine that it is given."""

import json

from galforge import atomic
from galforge.provenance.records import begin
from galforge.training.check import check
from galforge.training.gpus import gpus

begin(snakemake, __file__)
found = check(gpus(snakemake.resources.get("gpu"), snakemake.resources.get("gres")), snakemake.threads)
atomic.write_text(snakemake.output.numbers, json.dumps(found, indent=1, sort_keys=True) + "\n")
