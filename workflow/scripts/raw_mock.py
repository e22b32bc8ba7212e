"""Write a stand-in for a survey's release, in the survey's own raw format."""

from pathlib import Path

from galforge import families
from galforge.provenance.records import begin, finish

spec = begin(snakemake, __file__)
settings = families.load("datasets", spec["family"], "settings").MockSettings.from_spec(spec["mock"])
families.load("datasets", spec["family"], "mock").write_raw(settings, Path(snakemake.output.raw))
finish(snakemake, __file__)
