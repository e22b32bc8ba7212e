"""Summarise a sweep of the denoising study: means, gains over no generated galaxies, and their errors."""

import pandas as pd

from galforge.atomic import replacing
from galforge.provenance.records import begin, finish
from galforge.studies.denoising.summary import Run, summarise
from galforge.studies.denoising.sweep import with_brought

spec = begin(snakemake, __file__)
references = pd.read_parquet(snakemake.input.references)
about = {name: spec[name] for name in ("dataset", "model", "denoiser", "protocol")}
runs = [
    Run(
        **about, origin=references.attrs["origin"], alpha=float(alpha), replicate=replicate, table=pd.read_parquet(path)
    )
    for (_, alpha, replicate), path in zip(spec["networks"], snakemake.input.networks, strict=True)
]
brought = {
    name: pd.read_parquet(path)
    for name, path in zip(spec.get("brought", []), snakemake.input.get("brought", []), strict=True)
}
with replacing(snakemake.output.summary) as temporary:
    summarise(runs, with_brought(references, brought), spec["bootstrap"], spec["seed"]).to_csv(
        temporary, index=False, lineterminator="\n"
    )
finish(snakemake, __file__)
