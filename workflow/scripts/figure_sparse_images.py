"""Draw whole images of the source and of each model."""

from galforge.provenance import begin, finish
from galforge.report.figures.sparse_images import PER_ROW, draw
from galforge.report.labels import model_labels, source_label
from galforge.seeds import generator
from galforge.stamps import Stamps

spec = begin(snakemake, __file__)
rows = []
for number, path in enumerate(snakemake.input.stamps):
    with Stamps(path) as stamps:
        origin = stamps.header.origin
        chosen = sorted(generator(spec["seed"], "images", number).permutation(len(stamps))[:PER_ROW])
        images = [stamps.images[int(index), 0] for index in chosen]
    label = model_labels(spec["models"])[number - 1] if number else ""
    rows.append((label or source_label(spec["dataset"], origin, spec["scale"]), images))
draw(rows, snakemake.output.png, snakemake.output.pdf)
finish(snakemake, __file__)
