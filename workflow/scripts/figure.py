"""Draw all figures of one paper and subject that show the same trainings."""

import importlib

from galforge.provenance.records import begin, finish

spec = begin(snakemake, __file__)
for name, figure in spec["figures"].items():
    files = {each: snakemake.input[f"{name}__{each}"] for each in figure["files"]}
    out = {each: snakemake.output[f"{name}__{each}"] for each in figure["out"]}
    module = importlib.import_module(f"galforge.papers.{spec['paper']}.figures.{name}")
    module.draw(files, figure["told"], {"png": snakemake.output[name], **out})
finish(snakemake, __file__)
