"""Draw walks through the latent space of each model, and source stamps beside their reconstructions."""

from galforge.drawing.labels import model_labels, source_label
from galforge.papers.holzschuh2022.figures.interpolations import draw
from galforge.provenance.records import begin, finish
from galforge.stamps.file import Stamps

spec = begin(snakemake, __file__)
with Stamps(snakemake.input.stamps) as stamps:
    label = source_label(spec["dataset"], stamps.header.origin, spec["scale"])
draw(
    (label, snakemake.input.stamps),
    list(zip(model_labels(spec["models"]), snakemake.input.latents, strict=True)),
    snakemake.output.png,
    snakemake.output.pdf,
    count=spec["count"],
    seed=spec["seed"],
    band=spec["band"],
)
finish(snakemake, __file__)
