"""Bring generated galaxies back to their own size."""

from pathlib import Path

from galforge.provenance.records import begin, finish
from galforge.studies.denoising.galaxies import decode

begin(snakemake, __file__)
decode(Path(snakemake.input.stamps), Path(snakemake.output.galaxies))
finish(snakemake, __file__)
