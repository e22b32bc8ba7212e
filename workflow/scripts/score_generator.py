"""Score a model's images; what they score, how diverse they are, what they lack and cost, as rows of a table."""

from pathlib import Path

import pandas as pd

from galforge.atomic import replacing
from galforge.provenance.records import begin, finish
from galforge.studies.realism.scores import write_scores
from galforge.studies.realism.summary import generator_rows

spec = begin(snakemake, __file__)
given = snakemake.input
features = pd.read_parquet(given.features)
table = generator_rows(
    write_scores(given.scorer, features, snakemake.output.scores),
    features,
    pd.read_parquet(given.real),
    [Path(path) for path in given.segments],
    Path(given.drawing),
    Path(given.galaxies) if given.get("galaxies") else None,
    {name: spec[name] for name in ("dataset", "origin", "scorer", "images", "thresholds", "threshold", "seed")},
    snakemake.wildcards,
)
with replacing(snakemake.output.rows) as temporary:
    table.to_csv(temporary, index=False, lineterminator="\n")
finish(snakemake, __file__)
