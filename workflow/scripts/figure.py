"""Draw all figures of one paper and subject that show the same trainings."""

from galforge.papers import printed_files
from galforge.papers.figure import load
from galforge.provenance.records import begin, finish

spec = begin(snakemake, __file__)
for name, needs in spec["figures"].items():
    files = {each: snakemake.input[f"{name}__{each}"] for each in needs["files"]}
    if needs["printed"]:
        (files["published"],) = printed_files.planned(needs["printed"])
    out = {each: snakemake.output[f"{name}__{each}"] for each in needs["out"]}
    load(spec["paper"], name).draw(files, needs["told"], {"png": snakemake.output[name], **out})
finish(snakemake, __file__)
