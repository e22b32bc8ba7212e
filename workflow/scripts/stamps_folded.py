"""Build the stamps of a data set as stamps.py does, and make one fold of its galaxies the test split."""

from pathlib import Path

from galforge import families
from galforge.datasets.folds import refold
from galforge.provenance.records import begin, finish

spec = begin(snakemake, __file__)
family, raw = spec["family"], snakemake.input.get("raw", [])
known = families.load("datasets", family, "settings")
if "mock" in spec:
    raw = [snakemake.output.raw]
    families.load("datasets", family, "mock").write_raw(
        known.MockSettings.from_spec(spec["mock"]), Path(snakemake.output.raw)
    )
settings, stamps = known.DatasetSettings.from_spec(spec["settings"]), Path(snakemake.output.stamps)
families.load("datasets", family, "dataset").build(
    settings, [Path(path) for path in raw], stamps, Path(snakemake.output.rejected)
)
refold(stamps, settings.seed, train=settings.splits.train, validation=settings.splits.validation, **spec["folds"])
finish(snakemake, __file__)
