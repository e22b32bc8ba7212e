"""Test whether generated galaxies help denoisers, on all data sets together, beside an oracle."""

import pandas as pd

from galforge.atomic import replacing
from galforge.provenance.records import begin, finish
from galforge.studies.denoising.judging import judged

spec = begin(snakemake, __file__)
columns = ["kind", "case", "pixel_size", "noise", "index", "mse"]
networks = [tuple(network) for network in spec["networks"]]
tables = [pd.read_parquet(path, columns=columns) for path in snakemake.input.networks]
with replacing(snakemake.output.verdicts) as temporary:
    judged(spec["tests"], dict(zip(networks, tables, strict=True))).to_csv(temporary, index=False, lineterminator="\n")
finish(snakemake, __file__)
