"""Draw source and generated galaxies at some redshifts."""

from galforge.provenance import begin, finish
from galforge.report.figures.redshift_grid import draw
from galforge.report.labels import model_labels, source_label
from galforge.stamps import Stamps

spec = begin(snakemake, __file__)
source, *generated = snakemake.input.stamps
with Stamps(source) as stamps:
    label = source_label(spec["dataset"], stamps.header.origin, spec["scale"])
draw(
    (label, source),
    list(zip(model_labels(spec["models"]), generated, strict=True)),
    snakemake.output.png,
    snakemake.output.pdf,
    redshifts=spec["redshifts"],
    seed=spec["seed"],
)
finish(snakemake, __file__)
