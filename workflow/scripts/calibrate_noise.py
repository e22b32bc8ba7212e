"""Find the noise that the corrected protocol adds before it measures a data set and its models."""

import json

from galforge import families
from galforge.atomic import write_text
from galforge.provenance.records import begin, finish
from galforge.stamps.file import Stamps

spec = begin(snakemake, __file__)
settings = families.load("measure", spec["family"], "settings").MeasureSettings.from_spec(spec["settings"])
measuring = spec["measuring"]
with Stamps(snakemake.input.stamps) as stamps:
    sigma = families.load("measure", spec["family"], "noise").calibrate(
        stamps,
        settings,
        measuring["calibration_target"],
        measuring["calibration_stamps"],
        measuring["seed"],
        measuring["band"],
    )
write_text(snakemake.output.noise, json.dumps({"sigma": sigma}) + "\n")
finish(snakemake, __file__)
