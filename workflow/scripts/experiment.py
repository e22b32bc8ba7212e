"""Experiments: images with their positions or galaxies exchanged, and what that does to their scores."""

from pathlib import Path

from galforge import families, logs
from galforge.atomic import replacing
from galforge.provenance.records import begin, finish
from galforge.studies.realism.experiments import run
from galforge.studies.realism.rows import experiment_rows
from galforge.studies.realism.trees import Scorer

spec = begin(snakemake, __file__)
measuring = families.load("measure", "realism", "settings").MeasureSettings.from_spec(spec["measure"])
features_of = families.load("measure", "realism", "measure").features_of
weights, scorer = Path(snakemake.input.weights), Scorer.load(Path(snakemake.input.scorer))
how, results = {name: spec[name] for name in ("seed", "batch", "device", "threads")}, {}
for name, settings in spec["experiments"].items():
    logs.to_file(snakemake.log[name])
    results[name] = run(name, weights, scorer, features_of, measuring, settings, **how)
    with replacing(snakemake.output[name]) as temporary:
        results[name].to_parquet(temporary, index=False)
rows = experiment_rows(results, {name: spec[name] for name in ("dataset", "origin")}, snakemake.wildcards)
with replacing(snakemake.output.rows) as temporary:
    rows.to_csv(temporary, index=False, lineterminator="\n")
finish(snakemake, __file__, seed=spec["seed"])
