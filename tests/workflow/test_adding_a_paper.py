"""A fourth paper as docs/adding-a-paper.md says: one folder and its printed values, and no other file."""

import re
import shutil

import pytest
from tree import ROOT, planned, snakemake

DATASETS = ("sersic", "cosmos", "skirt")


@pytest.fixture
def paper(smallest_run):
    """The paper of the guide, with its table and its figure, in the finished run's tree for one test."""
    page = (ROOT / "docs/adding-a-paper.md").read_text(encoding="utf-8")
    paper, figure, section = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[:3]
    tree = smallest_run.tree
    folder, values = tree / "workflow/galforge/papers/yours2027", tree / "config/published/yours2027.csv"
    (folder / "figures").mkdir(parents=True)
    for package in (folder, folder / "figures"):
        (package / "__init__.py").touch()
    without = section.strip().replace(', ("radii",)', "")
    assert without in paper
    (folder / "paper.py").write_text(paper.replace(without, section.strip()))
    (folder / "figures/radii.py").write_text(figure)
    values.write_text(re.search(r"```csv\n(.*?)```", page, re.DOTALL)[1])
    yield folder
    shutil.rmtree(folder)
    values.unlink()


def test_a_paper_is_planned_made_and_shown_and_makes_nothing_else_again(smallest_run, paper):
    tree = smallest_run.tree
    own = {"tables_yours2027_shapes": 1, **{f"figures_yours2027_{name}": 1 for name in DATASETS}}
    assert planned(tree) == {**own, "page": 1, "card": 1}
    done = snakemake(tree)
    assert done.returncode == 0, done.stdout + done.stderr
    results = tree / "results/smallest"
    table = (results / "tables/yours2027/shapes.csv").read_text()
    assert "cosmos,mock,vae,wasserstein,rhalf," in table
    assert ",0.21," in table, "the printed value"
    shown = (results / "report/index.html").read_text(encoding="utf-8")
    assert "Are sizes and shapes those of real galaxies?" in shown
    assert "Histograms of half-light radii of cosmos and its models" in shown
    assert "arXiv:2701.00000" in shown
    assert planned(tree) == {}
    # A reworded caption draws nothing; a changed figure is drawn again, and nothing else.
    figure = paper / "figures/radii.py"
    figure.write_text(figure.read_text().replace("each histogram has the area 1", "every histogram has the area 1"))
    assert planned(tree) == {"page": 1}
    figure.write_text(figure.read_text().replace("bins=20", "bins=10"))
    assert planned(tree) == {**{name: 1 for name in own if name.startswith("figures")}, "page": 1}
