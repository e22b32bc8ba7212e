"""Fetch the release of a survey: checked against its checksum, resumed where it broke off."""

from pathlib import Path

from galforge.download.fetch import fetch
from galforge.provenance.records import begin, finish

spec = begin(snakemake, __file__)
fetch(
    spec["url"],
    Path(snakemake.output.raw),
    sha256=spec.get("sha256"),
    md5=spec.get("md5"),
    # The spec names the variable; the key itself is in no file.
    api_key_variable=spec.get("api_key_variable"),
)
finish(snakemake, __file__)
