"""Write stamps as FITS."""

from pathlib import Path

from galforge.export_fits import write_fits
from galforge.provenance import begin, finish

spec = begin(snakemake, __file__)
write_fits(Path(snakemake.input.stamps), Path(snakemake.output.fits), spec["count"])
finish(snakemake, __file__)
