"""Write the card of a run: headline numbers in one file, and as a table to paste."""

import json

from galforge.atomic import write_text
from galforge.cards import card
from galforge.provenance.records import begin, finish

spec = begin(snakemake, __file__)
made = card.make(spec, *(snakemake.input[name] for name in ("stamps", "tables", "records")))
write_text(snakemake.output.card, json.dumps(made, indent=1, sort_keys=True, allow_nan=False) + "\n")
write_text(snakemake.output.table, "\n".join(card.lines(made)) + "\n")
finish(snakemake, __file__)
