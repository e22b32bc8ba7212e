"""One experiment: images with their positions or galaxies exchanged, and what that does to their scores."""

from pathlib import Path

from galforge import families
from galforge.atomic import replacing
from galforge.provenance.records import begin, finish
from galforge.studies.realism.experiments import run
from galforge.studies.realism.trees import Scorer

spec = begin(snakemake, __file__)
measuring = families.load("measure", "realism", "settings").MeasureSettings.from_spec(spec["measure"])
table = run(
    spec["experiment"],
    Path(snakemake.input.weights),
    Scorer.load(Path(snakemake.input.scorer)),
    families.load("measure", "realism", "measure").features_of,
    measuring,
    spec["settings"],
    **{name: spec[name] for name in ("seed", "batch", "device", "threads")},
)
with replacing(snakemake.output.scores) as temporary:
    table.to_parquet(temporary, index=False)
finish(snakemake, __file__, seed=spec["seed"])
