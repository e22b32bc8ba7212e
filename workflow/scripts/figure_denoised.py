"""Draw galaxies before and after denoising."""

import pandas as pd

from galforge.papers.holzschuh2022.denoising_table import alpha_label, best_reference, of_sweep, shown_alphas
from galforge.papers.holzschuh2022.figures.denoised import Case, draw
from galforge.provenance.records import begin, finish

spec = begin(snakemake, __file__)
sweep = {name: spec[name] for name in ("dataset", "model", "protocol", "denoiser")}
rows = of_sweep(pd.read_csv(snakemake.input.table), **sweep)
tests = list(dict.fromkeys(spec["tests"]))
factors = rows[rows["property"].isin(tests)].drop_duplicates("property").set_index("property")
first: dict[float, str] = {}
for (_, alpha, _), path in zip(spec["networks"], snakemake.input.networks, strict=True):
    first.setdefault(float(alpha), path)
draw(
    [(alpha_label(alpha), first[alpha]) for alpha in shown_alphas(rows, tests[0])],
    snakemake.input.references,
    snakemake.output.png,
    snakemake.output.pdf,
    cases=[
        Case(name, factors.loc[name, "pixel_size"], factors.loc[name, "noise"], best_reference(rows, name))
        for name in tests
    ],
    noise_sigma=spec["noise_sigma"],
    band=spec["band"],
)
finish(snakemake, __file__)
