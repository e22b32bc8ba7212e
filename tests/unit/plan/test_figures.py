"""Which figures are planned, what they are told, and which of them share a job."""

import json

import pytest
import yaml

from galforge.config import files
from galforge.config.parse import parse
from galforge.config.problems import merged
from galforge.datasets.galaxiesml import settings as galaxiesml
from galforge.papers import registry
from galforge.plan import comparisons
from galforge.plan.comparisons import Kind
from galforge.plan.facts import Facts
from galforge.plan.figures import Figures
from galforge.plan.stage import SCRIPTS
from galforge.provenance.digest import reachable

PAPER = yaml.safe_load(files.CONFIG.read_text(encoding="utf-8"))
OVERLAY = {
    "datasets": {"galaxiesml": {"family": "galaxiesml", "measuring": {"expected_count": 1400}}},
    "run": [{"dataset": name, "model": "vae", "seeds": [3, 4]} for name in ("galaxiesml", "sersic")],
}
LI = ["blind", "divergences", "evolution", "losses", "properties", "redshift_grid", "redshifts"]


def figures(**overlay):
    return Figures(Facts(parse(merged(PAPER, {**OVERLAY, **overlay}))))


def sparse(*models):
    runs = [{"dataset": "sparse", "model": name, "seeds": [0]} for name in models]
    return Figures(Facts(parse(merged(PAPER, {"run": runs}))))


def of(planned, paper):
    return [(each.name, each.subject) for each in planned.planned if each.paper == paper]


def told(planned, name, subject="galaxiesml"):
    return next(each.needs.told for each in planned.planned if (each.name, each.subject) == (name, subject))


@pytest.fixture
def measured(monkeypatch):
    """Redshifts, and comparisons by redshift made from measures that need no network."""
    monkeypatch.setattr(galaxiesml, "CONDITIONS", ("redshift",), raising=False)
    kinds = {
        name: Kind(("photometry",), {}, by_redshift=True, from_one=True)
        for name in (*comparisons.GROUPS["conditional"], "redshift_loss")
    }
    monkeypatch.setattr(comparisons, "KINDS", {**comparisons.KINDS, **kinds})
    return figures()


def test_figures_by_redshift_are_of_data_sets_with_redshifts_and_of_what_is_compared(measured, monkeypatch):
    assert of(measured, "li2024") == [(name, "galaxiesml") for name in LI]
    lacking = {name: kind for name, kind in comparisons.KINDS.items() if name != "redshift_loss"}
    monkeypatch.setattr(comparisons, "KINDS", {**lacking, "redshift_loss": Kind(("absent",), {}, by_redshift=True)})
    assert [name for name, _ in of(figures(), "li2024")] == [name for name in LI if name not in ("redshifts", "losses")]
    monkeypatch.setattr(galaxiesml, "CONDITIONS", ("ellipticity",))
    assert of(figures(), "li2024") == []


def test_every_figure_of_a_job_is_in_its_stage_and_its_digest(measured):
    for job in measured.jobs.values():
        stage, reached = job.stage(), reachable(SCRIPTS / "figure.py", job.stage().modules)
        for each in job.figures:
            assert stage.spec["figures"][each.name]["told"] == each.needs.told
            printed = stage.spec["figures"][each.name]["printed"]
            assert list(printed) == (["li2024"] if each.name in ("divergences", "losses", "redshifts") else [])
            assert f"galforge.papers.{each.paper}.figures.{each.name}" in reached
        assert set(stage.libraries) <= set(json.loads(stage.code_param)["libraries"])


def test_figures_of_single_galaxies_show_the_first_training_of_each_model(measured):
    for name in ("redshift_grid", "redshifts", "blind"):
        assert told(measured, name)["models"] == [["vae", 3]]
    assert told(measured, "evolution")["models"] == [["vae", 3], ["vae", 4]]


def test_bins_of_the_distributions_are_twice_as_wide_and_reach_as_far(measured):
    assert told(measured, "evolution")["edges"] == [0.01, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0]
    assert told(measured, "properties")["edges"] == [0.01, 0.5, 1.0, 2.0, 4.0]
    odd = figures(compare={"redshift_edges": [0.0, 1.0, 2.0, 3.0]})
    assert told(odd, "properties")["edges"] == [0.0, 2.0, 3.0]


def test_galaxies_of_sparse_images_are_shown_where_a_model_draws_them_one_by_one():
    own = ["score_features", "sparse_galaxies", "sparse_images"]
    assert of(sparse("baseline1", "two_stage_conditional"), "gantastic2020") == [(name, "sparse") for name in own]
    assert [name for name, _ in of(sparse("baseline1"), "gantastic2020")] == ["score_features", "sparse_images"]
    assert of(figures(), "gantastic2020") == []


def test_figures_share_a_job_where_they_show_the_same_trainings_and_nowhere_else():
    jobs = [
        sorted(each.name for each in job.figures) for job in sparse("baseline1", "two_stage_conditional").jobs.values()
    ]
    # Scored images need no training, galaxies one of the two, images both.
    assert ["score_features"] in jobs
    assert ["sparse_galaxies"] in jobs
    assert ["sparse_images"] in jobs
    assert ["history", "spectra"] in jobs
    planned = figures(run=[{"dataset": "sersic", "model": name, "seeds": [0]} for name in ("vae", "alae")])
    assert list(planned.jobs) == ["figures_holzschuh2022_sersic"]


def test_names_of_figures_are_those_of_modules_and_sections_show_them_all():
    for paper in registry.names():
        shown = [name for section in registry.paper(paper).sections for name in section.figures]
        assert sorted(shown) == registry.figure_names(paper)
