"""Add a paper: a table of its own, with the printed values beside yours. In the checkout:

    .venv/bin/python examples/add_paper.py yours2027 values.csv "Yours et al. 2027, arXiv:2701.00000"
    make plan CONFIG=config/demo.yaml

values.csv has the columns of config/published/*.csv, without `paper` and `table`; here for Wasserstein distances of
morphology. Other tables, and figures, are described in docs/adding-a-paper.md.
"""

import argparse
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAPER = '''"""{reference}."""

from galforge.papers.paper import Paper, Section
from galforge.papers.table import Table

PAPER = Paper(
    reference="{reference}",
    tables={{
        "shapes": Table(
            "Shapes of galaxies",
            "morphology",
            ("wasserstein",),
            "Wasserstein-1 distance between source and generated stamps",
            "×10⁻² of the source's standard deviation",
            factors={{"wasserstein": 100.0}},
        ),
    }},
    sections=(Section("{name}", "{reference}", ("shapes",)),),
)
'''

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
for word in ("name", "values", "reference"):
    parser.add_argument(word)
given = parser.parse_args()
folder = ROOT / "workflow/galforge/papers" / given.name
folder.mkdir()
(folder / "__init__.py").touch()
(folder / "paper.py").write_text(PAPER.format(name=given.name, reference=given.reference), encoding="utf-8")
heading, *rows = Path(given.values).read_text(encoding="utf-8").splitlines()
lines = [f"paper,table,{heading}", *(f"{given.name},shapes,{row}" for row in rows if row)]
(ROOT / f"config/published/{given.name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
print(f"{folder.relative_to(ROOT)} and config/published/{given.name}.csv")
