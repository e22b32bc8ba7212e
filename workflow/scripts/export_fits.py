"""Write stamps as FITS."""

from pathlib import Path

from galforge.provenance.records import begin, finish
from galforge.stamps.fits import write_fits

spec = begin(snakemake, __file__)
write_fits(Path(snakemake.input.stamps), Path(snakemake.output.fits), spec["count"])
finish(snakemake, __file__)
