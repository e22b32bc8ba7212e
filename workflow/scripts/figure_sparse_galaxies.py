"""Draw galaxies of the source and of each model that draws them one by one."""

from galforge.provenance import begin, finish
from galforge.report.figures.sparse_galaxies import draw, rows_of
from galforge.report.labels import model_labels, source_label

spec = begin(snakemake, __file__)
rows = rows_of(
    source_label(spec["dataset"], spec["origin"], spec["scale"]),
    snakemake.input.parts,
    list(zip(model_labels(spec["models"]), snakemake.input.galaxies, strict=True)),
    spec["count"],
    spec["seed"],
)
draw(rows, snakemake.output.png, snakemake.output.pdf)
finish(snakemake, __file__)
