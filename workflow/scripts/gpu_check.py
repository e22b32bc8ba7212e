"""Say what a training would find on the machine that it is given."""

import json

from galforge import atomic
from galforge.provenance import begin
from galforge.training.check import check
from galforge.training.launch import processes

begin(snakemake, __file__)
gpu, gres = snakemake.resources.get("gpu"), snakemake.resources.get("gres")
found = check(processes(gpu, gres) if gpu or gres else 0, snakemake.threads)
atomic.write_text(snakemake.output.numbers, json.dumps(found, indent=1, sort_keys=True) + "\n")
