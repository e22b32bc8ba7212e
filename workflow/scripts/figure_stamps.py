"""Draw source stamps beside each model's, at one stretch."""

from galforge.drawing.labels import model_labels, source_label
from galforge.papers.holzschuh2022.figures.stamps import draw
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
    count=spec["count"],
    seed=spec["seed"],
    band=spec["band"],
)
finish(snakemake, __file__)
