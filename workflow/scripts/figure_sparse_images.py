"""Draw whole images of the source and of each model."""

from galforge.provenance import begin, finish
from galforge.report.figures.sparse_images import ACROSS, draw
from galforge.report.labels import model_labels, source_label
from galforge.studies.realism.shown import whole_images

spec = begin(snakemake, __file__)
labels = [source_label(spec["dataset"], spec["origin"], spec["scale"]), *model_labels(spec["models"])]
samples = [whole_images(path, ACROSS, spec["seed"]) for path in snakemake.input.stamps]
draw(list(zip(labels, samples, strict=True)), snakemake.output.png, snakemake.output.pdf)
finish(snakemake, __file__)
