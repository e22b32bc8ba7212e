"""Build the stamps of a data set from its raw cutouts, or from a stand-in for them that is made first."""

from pathlib import Path

from galforge import families
from galforge.logs import Progress
from galforge.provenance.records import begin, finish

spec = begin(snakemake, __file__)
family, raw = spec["family"], snakemake.input.get("raw", [])
known = families.load("datasets", family, "settings")
if "mock" in spec:
    mock = known.MockSettings.from_spec(spec["mock"])
    both, raw = Progress(mock.count, "mocks and their stamps"), [snakemake.output.raw]
    families.load("datasets", family, "mock").write_raw(mock, Path(snakemake.output.raw))
families.load("datasets", family, "dataset").build(
    known.DatasetSettings.from_spec(spec["settings"]),
    [Path(path) for path in raw],
    Path(snakemake.output.stamps),
    Path(snakemake.output.rejected),
    **{
        kind: Path(snakemake.output[kind])
        for kind in ("native", "scored", "parts", "thumbnails")
        if kind in snakemake.output.keys()
    },
)
if "mock" in spec:
    # The rate of the job, for estimates.
    both.advance(mock.count)
finish(snakemake, __file__)
