"""Scores that scorers of features give to images that they were not trained on, and the scorer of generated images."""

from pathlib import Path

import pandas as pd

from galforge import logs
from galforge.atomic import replacing
from galforge.compare.joined import joined
from galforge.provenance.records import begin, finish
from galforge.studies.realism.chosen import chosen
from galforge.studies.realism.trees import fit_scorer
from galforge.studies.realism.validation import cross_validate

spec = begin(snakemake, __file__)
settings = chosen(spec["settings"])
tables = {measure: pd.read_parquet(snakemake.input[measure]) for measure in spec["measures"]}
for scorer, measures in spec["scorers"].items():
    logs.to_file(snakemake.log[scorer])
    predictions = cross_validate(joined([tables[measure] for measure in measures]), scorer, settings)
    with replacing(snakemake.output[scorer]) as temporary:
        predictions.to_parquet(temporary, index=False)
features, *_ = spec["scorers"][spec["scorer"]]
fit_scorer(tables[features], spec["scorer"], settings, Path(snakemake.output.scorer))
finish(snakemake, __file__)
