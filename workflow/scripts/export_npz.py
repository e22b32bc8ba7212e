"""Write stamps as npz."""

from pathlib import Path

from galforge.provenance.records import begin, finish
from galforge.stamps.npz import write_npz

spec = begin(snakemake, __file__)
write_npz(Path(snakemake.input.stamps), Path(snakemake.output.npz), spec["count"])
finish(snakemake, __file__)
