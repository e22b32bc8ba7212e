"""Draw whole images of the source and of each model."""

from galforge.drawing.labels import model_labels, source_label
from galforge.drawing.picked import whole_images
from galforge.papers.gantastic2020.figures.sparse_images import ACROSS, draw
from galforge.provenance.records import begin, finish

spec = begin(snakemake, __file__)
labels = [source_label(spec["dataset"], spec["origin"], spec["scale"]), *model_labels(spec["models"])]
samples = [whole_images(path, ACROSS, spec["seed"]) for path in snakemake.input.stamps]
draw(list(zip(labels, samples, strict=True)), snakemake.output.png, snakemake.output.pdf)
finish(snakemake, __file__)
