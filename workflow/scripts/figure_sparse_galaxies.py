"""Draw galaxies of the source and of each model that draws them one by one."""

from galforge.drawing.labels import model_labels, source_label
from galforge.drawing.picked import generated_patches, real_patches
from galforge.papers.gantastic2020.figures.sparse_galaxies import draw
from galforge.provenance.records import begin, finish

spec = begin(snakemake, __file__)
count, seed = spec["count"], spec["seed"]
source = source_label(spec["dataset"], spec["origin"], spec["scale"])
rows = [(source, real_patches(snakemake.input.parts, count, seed))]
for label, path in zip(model_labels(spec["models"]), snakemake.input.galaxies, strict=True):
    rows += generated_patches(label, path, count, seed)
draw(rows, snakemake.output.png, snakemake.output.pdf, count=count)
finish(snakemake, __file__)
