"""Draw the sheet of source and generated galaxies to be told apart, and write its key."""

from galforge.drawing.labels import source_label
from galforge.papers.li2024.figures.blind import draw
from galforge.provenance.records import begin, finish
from galforge.stamps.file import Stamps

spec = begin(snakemake, __file__)
source, *generated = snakemake.input.stamps
with Stamps(source) as stamps:
    title = source_label(spec["dataset"], stamps.header.origin, spec["scale"])
draw(
    ("source", source),
    [(f"{model}-seed{seed}", path) for (model, seed), path in zip(spec["models"], generated, strict=True)],
    snakemake.output.png,
    snakemake.output.pdf,
    snakemake.output.key,
    title=title,
    seed=spec["seed"],
    band=spec["band"],
)
finish(snakemake, __file__)
