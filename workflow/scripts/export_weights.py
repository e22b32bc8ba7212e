"""Export the averaged weights and the loss history from the last state of a training."""

from pathlib import Path

from galforge.provenance.records import begin, finish
from galforge.training.export import export_history, export_weights

begin(snakemake, __file__)
export_weights(Path(snakemake.input.state), Path(snakemake.output.weights))
export_history(Path(snakemake.input.state), Path(snakemake.output.history))
finish(snakemake, __file__)
