"""Compare the measurements of a model's stamps with those of its source: all comparisons of a group."""

import importlib

import pandas as pd

from galforge.atomic import replacing
from galforge.compare.engines import common_engine
from galforge.compare.joined import check_alike, joined
from galforge.compare.settings import ComparisonSettings
from galforge.errors import GalforgeError
from galforge.measure.stored import read
from galforge.provenance.records import begin, finish

KEY = ["comparison", "measure", "protocol", "metric", "property"]

spec = begin(snakemake, __file__)
names = [tuple(name) for name in spec["tables"]]
tables = dict(zip(names, map(read, snakemake.input.tables), strict=True))
rows = []
for each in spec["comparisons"].values():
    source, generated = (joined([tables[who, measure] for measure in each["measures"]]) for who in each["sides"])
    check_alike(source, generated)
    settings = ComparisonSettings.from_spec(each["settings"])
    module = importlib.import_module(f"galforge.compare.{each['comparison']}")
    found = module.compare(source, generated, settings)
    if unknown := sorted(set(found["metric"]) - set(module.KIND.readings)):
        raise GalforgeError(
            f"{module.__file__}: there are rows of {', '.join(unknown)}; name them in `metrics` of KIND, and how each "
            "is read"
        )
    rows.append(
        found.assign(
            dataset=snakemake.wildcards.dataset,
            origin=source.attrs["origin"],
            model=snakemake.wildcards.model,
            seed=int(snakemake.wildcards.seed),
            comparison=each["comparison"],
            measure=each["measures"][0],
            protocol=settings.protocol,
            engine=common_engine(source, generated),
        )
    )
table = pd.concat(rows, ignore_index=True)
with replacing(snakemake.output.replicates) as temporary:
    table.loc[table["replicates"].map(len) > 0, [*KEY, "replicates"]].to_parquet(temporary, index=False)
with replacing(snakemake.output.distances) as temporary:
    table.drop(columns="replicates").to_csv(temporary, index=False, lineterminator="\n")
finish(snakemake, __file__)
