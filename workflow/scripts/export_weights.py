"""Give a model's weights away, with their card."""

import shutil

from galforge.atomic import replacing, write_text
from galforge.export.model_card import model_card
from galforge.provenance.records import begin, finish

spec = begin(snakemake, __file__)
write_text(snakemake.output.card, model_card(spec, dict(snakemake.input.items())))
# A copy and no second name: Snakemake would take it for older than what the card is made of.
with replacing(snakemake.output.weights) as temporary:
    shutil.copyfile(snakemake.input.weights, temporary)
finish(snakemake, __file__, seed=spec["seed"])
