"""Measure stamps: a part of them, or all, or the parts put together."""

import json
from pathlib import Path

import pandas as pd

from galforge import families
from galforge.atomic import replacing
from galforge.parts import bounds
from galforge.provenance.records import begin, finish
from galforge.seeds import seed_of
from galforge.stamps.file import Stamps
from galforge.stamps.galaxies import side_of

spec = begin(snakemake, __file__)
if chunks := snakemake.input.get("chunks"):
    table = pd.concat([pd.read_parquet(chunk) for chunk in chunks], ignore_index=True)
else:
    settings = families.load("measure", spec["family"], "settings").MeasureSettings.from_spec(spec["settings"])
    noise = spec.get("noise", {"sigma": 0.0, "seed": 0})
    if calibrated := snakemake.input.get("noise"):
        noise["sigma"] = json.loads(Path(calibrated).read_text())["sigma"]
    given = {"weights": weights} if (weights := snakemake.input.get("weights")) else {}
    if scale := snakemake.input.get("scale"):
        given["stretch"] = families.load("measure", spec["family"], "preparation").stretch_from(scale, spec["band"])
    with Stamps(snakemake.input.stamps) as stamps:
        start, stop = bounds(len(stamps), snakemake.wildcards)
        # Source and generated stamps must not share a noise realisation: their distance would come out too small.
        seed = seed_of(noise["seed"], "noise", snakemake.wildcards.who) % 2**63
        table = families.load("measure", spec["family"], "measure").measure(
            stamps, start, stop, settings, spec["band"], noise["sigma"], seed, **given
        )
        table.attrs = {
            "origin": stamps.header.origin,
            "noise_sigma": noise["sigma"],
            "side": side_of(stamps),
            "bands": list(stamps.header.bands),
            "engine": getattr(settings, "engine", ""),
        }
with replacing(snakemake.output.measurements) as temporary:
    table.to_parquet(temporary, index=False)
if "record" in snakemake.output.keys():
    finish(snakemake, __file__)
