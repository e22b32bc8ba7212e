"""Compare the measurements of a model's stamps with those of its source."""

import importlib

import pandas as pd

from galforge.atomic import replacing
from galforge.compare.engines import common_engine
from galforge.compare.settings import ComparisonSettings
from galforge.provenance import begin, finish

spec = begin(snakemake, __file__)
source, generated = (pd.read_parquet(snakemake.input[side]) for side in ("source", "generated"))
settings = ComparisonSettings.from_spec(spec["settings"])
rows = importlib.import_module(f"galforge.compare.{spec['group']}").compare(source, generated, settings)
rows = rows.assign(
    dataset=snakemake.wildcards.dataset,
    origin=source.attrs["origin"],
    model=snakemake.wildcards.model,
    seed=int(snakemake.wildcards.seed),
    measure=spec["measure"],
    protocol=spec["settings"]["protocol"],
    engine=common_engine(source, generated),
)
with replacing(snakemake.output.distances) as temporary:
    rows.to_csv(temporary, index=False, lineterminator="\n")
finish(snakemake, __file__)
