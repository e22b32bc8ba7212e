"""Fetch the release of a survey: checked against its checksum, resumed where it broke off."""

from pathlib import Path

from galforge.download import fetch
from galforge.provenance import begin, finish

spec = begin(snakemake, __file__)
fetch(spec["url"], Path(snakemake.output.raw), sha256=spec["sha256"], md5=spec["md5"])
finish(snakemake, __file__)
