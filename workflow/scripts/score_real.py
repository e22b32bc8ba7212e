"""Score the images that people scored or labelled; what real ones score, and errors of all scorers, as rows."""

import pandas as pd

from galforge.atomic import replacing
from galforge.provenance.records import begin, finish
from galforge.studies.realism.scores import write_scores
from galforge.studies.realism.summary import real_rows, scorer_rows

spec = begin(snakemake, __file__)
features = pd.read_parquet(snakemake.input.features)
scores = write_scores(snakemake.input.scorer, features, snakemake.output.scores)
predictions = {name: pd.read_parquet(snakemake.input[name]) for name in spec["scorers"]}
about = {name: spec[name] for name in ("dataset", "origin", "scorer", "images", "real_score", "held_out")}
tables = {"real": real_rows(scores, features, about), "scorers": scorer_rows(predictions, scores, about)}
for name, table in tables.items():
    with replacing(snakemake.output[name]) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
finish(snakemake, __file__)
