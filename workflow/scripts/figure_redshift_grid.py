"""Draw source and generated galaxies at some redshifts."""

from galforge.drawing.labels import model_labels, source_label
from galforge.papers.li2024.figures.redshift_grid import draw
from galforge.provenance.records import begin, finish
from galforge.stamps.file import Stamps

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
