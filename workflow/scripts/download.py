"""Fetch the release of a survey: checked against its checksum, resumed where it broke off."""

from pathlib import Path

from galforge.download.api_key import ApiKey
from galforge.download.fetch import fetch
from galforge.provenance.records import begin, finish

spec = begin(snakemake, __file__)
fetch(
    spec["url"],
    Path(snakemake.output.raw),
    sha256=spec.get("sha256"),
    md5=spec.get("md5"),
    # The spec names the variable; the key itself is in no file.
    api_key=ApiKey(spec["api_key_variable"]) if "api_key_variable" in spec else None,
)
finish(snakemake, __file__)
