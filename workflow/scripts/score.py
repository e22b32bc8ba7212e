"""Score stamps by their features."""

from pathlib import Path

import pandas as pd

from galforge.atomic import replacing
from galforge.provenance.records import begin, finish
from galforge.studies.realism.trees import Scorer

begin(snakemake, __file__)
features = pd.read_parquet(snakemake.input.features)
known = [name for name in ("index", "set", "label", "score", "kind", "truth") if name in features]
scores = features[known].assign(predicted=Scorer.load(Path(snakemake.input.scorer)).score(features))
with replacing(snakemake.output.scores) as temporary:
    scores.to_parquet(temporary, index=False)
finish(snakemake, __file__)
