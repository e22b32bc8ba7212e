"""Scores that a scorer gives to images that it was not trained on."""

import pandas as pd

from galforge.atomic import replacing
from galforge.compare.joined import joined
from galforge.provenance.records import begin, finish
from galforge.studies.realism.chosen import chosen
from galforge.studies.realism.validation import cross_validate

spec = begin(snakemake, __file__)
settings = chosen(spec["settings"])
images = joined([pd.read_parquet(path) for path in snakemake.input.features])
table = cross_validate(images, spec["scorer"], settings)
with replacing(snakemake.output.predictions) as temporary:
    table.to_parquet(temporary, index=False)
finish(snakemake, __file__)
