"""Choose which of the scored snapshots of a training is sampled, and hand its weights on."""

import json
from pathlib import Path

from galforge.atomic import link, write_text
from galforge.provenance.records import begin, finish
from galforge.snapshots.choose import choose

begin(snakemake, __file__)
wildcards = snakemake.wildcards
which = {"dataset": wildcards.dataset, "model": wildcards.model, "seed": int(wildcards.seed)}
choice = which | choose([Path(path) for path in snakemake.input.scores], Path(snakemake.input.cost))
link(Path(snakemake.input.snapshots[choice["segment"]]), Path(snakemake.output.weights))
write_text(snakemake.output.choice, json.dumps(choice, indent=1, sort_keys=True) + "\n")
finish(snakemake, __file__, chosen={name: choice[name] for name in ("segment", "images_seen", "by", "value", "of")})
