"""Build the stamps of a data set from its raw cutouts."""

from pathlib import Path

from galforge import families
from galforge.provenance.records import begin, finish

spec = begin(snakemake, __file__)
family = spec["family"]
settings = families.load("datasets", family, "settings").DatasetSettings.from_spec(spec["settings"])
families.load("datasets", family, "dataset").build(
    settings,
    [Path(path) for path in snakemake.input.get("raw", [])],
    Path(snakemake.output.stamps),
    Path(snakemake.output.rejected),
    **{
        kind: Path(snakemake.output[kind])
        for kind in ("native", "scored", "parts", "thumbnails")
        if kind in snakemake.output.keys()
    },
)
finish(snakemake, __file__)
