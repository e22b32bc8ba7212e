"""Which tables and figures of galaxies made for a redshift and of sparse images are planned, and what their stages
read."""

import json

import pytest
import yaml

from galforge.compare.kind import Kind
from galforge.config import files
from galforge.config.parse import parse
from galforge.config.problems import merged
from galforge.datasets.galaxiesml import settings as galaxiesml
from galforge.papers.readings import table_of
from galforge.plan import comparisons
from galforge.plan.figures import REDSHIFT_FIGURES, SPARSE_FIGURES, figure_study, redshift_figures, sparse_figures
from galforge.plan.stage import SCRIPTS
from galforge.plan.stages import Stages
from galforge.plan.tables import planned_tables
from galforge.provenance.digest import reachable
from galforge.report import overall

OVERLAY = {
    "datasets": {"galaxiesml": {"family": "galaxiesml", "measuring": {"expected_count": 1400}}},
    "run": [{"dataset": name, "model": "vae", "seeds": [3, 4]} for name in ("galaxiesml", "sersic")],
}


def config(**overlay):
    return parse(merged(yaml.safe_load(files.CONFIG.read_text(encoding="utf-8")), {**OVERLAY, **overlay}))


@pytest.fixture
def measured(monkeypatch):
    """Redshifts, and comparisons by redshift made from measures that need no network."""
    monkeypatch.setattr(galaxiesml, "CONDITIONS", ("redshift",), raising=False)
    names = (*comparisons.GROUPS["conditional"], "redshift_loss")
    kinds = {name: Kind(("photometry",), {}, by_redshift=True, from_one=True) for name in names}
    monkeypatch.setattr(comparisons, "KINDS", {**comparisons.KINDS, **kinds})
    return config()


def test_figures_are_of_data_sets_with_redshifts_and_of_what_is_compared(measured, monkeypatch):
    assert redshift_figures(measured) == [(kind, "galaxiesml") for kind in REDSHIFT_FIGURES]
    lacking = {name: kind for name, kind in comparisons.KINDS.items() if name != "redshift_loss"}
    monkeypatch.setattr(comparisons, "KINDS", {**lacking, "redshift_loss": Kind(("absent",), {}, by_redshift=True)})
    assert {kind for kind, _ in redshift_figures(measured)} == set(REDSHIFT_FIGURES) - {"redshifts", "losses"}
    monkeypatch.setattr(galaxiesml, "CONDITIONS", ("ellipticity",))
    assert redshift_figures(measured) == []


def test_each_is_filed_under_its_study():
    assert {figure_study(kind) for kind in REDSHIFT_FIGURES} == {"li2024"}
    assert figure_study("stamps") == figure_study("sweep") == "holzschuh2022"
    assert {comparisons.study(table) for table in comparisons.LI2024} == {"li2024"}
    assert comparisons.study("morphology") == comparisons.study("cost") == "holzschuh2022"


@pytest.mark.parametrize("kind", REDSHIFT_FIGURES)
def test_every_figure_has_a_stage_that_can_be_digested(kind, measured):
    stage = Stages(measured).stage(f"figure_{kind}", {"dataset": "galaxiesml"})
    assert stage.spec["dataset"] == "galaxiesml"
    assert stage.spec["scale"] == "paper"
    assert f"galforge.papers.li2024.figures.{kind}" in reachable(SCRIPTS / stage.script, stage.modules)
    assert set(stage.libraries) <= set(json.loads(stage.code_param)["libraries"])


def test_figures_of_single_galaxies_show_the_first_training_of_each_model(measured):
    stages = Stages(measured)
    for kind in ("redshift_grid", "redshifts", "blind"):
        assert stages.stage(f"figure_{kind}", {"dataset": "galaxiesml"}).spec["models"] == [["vae", 3]]
    assert stages.stage("figure_evolution", {"dataset": "galaxiesml"}).spec["models"] == [["vae", 3], ["vae", 4]]


def test_bins_of_the_distributions_are_twice_as_wide_and_reach_as_far(measured):
    stages = Stages(measured)
    edges = stages.stage("figure_evolution", {"dataset": "galaxiesml"}).spec["edges"]
    assert edges == measured.compare.redshift_edges
    assert stages.stage("figure_properties", {"dataset": "galaxiesml"}).spec["edges"] == [0.01, 0.5, 1.0, 2.0, 4.0]
    odd = Stages(config(compare={"redshift_edges": [0.0, 1.0, 2.0, 3.0]}))
    assert odd.stage("figure_properties", {"dataset": "galaxiesml"}).spec["edges"] == [0.0, 2.0, 3.0]


def test_the_table_of_the_study_has_the_stage_of_the_others(measured):
    stage = Stages(measured).stage("table_li2024", {"table": "table1"})
    assert (stage.spec["table"], stage.script) == ("table1", "table.py")


def sparse(**overlay):
    models = ("baseline1", "two_stage_conditional")
    runs = [{"dataset": "sparse", "model": name, "seeds": [0]} for name in models]
    return parse(merged(yaml.safe_load(files.CONFIG.read_text(encoding="utf-8")), {"run": runs, **overlay}))


def test_galaxies_of_sparse_images_are_shown_where_a_model_draws_them_one_by_one():
    assert sparse_figures(Stages(sparse())) == [(kind, "sparse") for kind in SPARSE_FIGURES]
    without = sparse(run=[{"dataset": "sparse", "model": "baseline1", "seeds": [0]}])
    assert [kind for kind, _ in sparse_figures(Stages(without))] == ["sparse_images", "score_features"]
    assert sparse_figures(Stages(config())) == []


def test_files_of_two_studies_have_one_name_and_tables_two():
    assert comparisons.table_path("table1") == "li2024/table1"
    assert comparisons.table_path("gantastic_table1") == "gantastic2020/table1"
    assert comparisons.table_path("experiments") == "gantastic2020/experiments"
    assert comparisons.table_path("all") == "all"
    for table, file in comparisons.GANTASTIC.items():
        assert table_of("gantastic2020", file) == table
    assert table_of("li2024", "table1") == "table1"


@pytest.mark.parametrize(
    ("measures", "there"),
    [
        (["photometry"], False),
        (["morphology-published", "power_spectrum-published", "features-published"], False),
        (["morphology"], True),
        (["power_spectrum"], True),
        (["features"], True),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else "",
)
def test_all_generators_have_a_table_where_it_would_have_a_row(measures, there):
    made = config(
        datasets={"sersic": {"family": "sersic", "measuring": {"expected_count": 100, "measures": measures}}},
        run=[{"dataset": "sersic", "model": "vae", "seeds": [0]}],
    )
    assert ("all" in planned_tables(Stages(made))) == there


def test_what_fills_the_table_of_all_generators_is_what_it_takes():
    taken = {comparisons.TABLES.get(table) for table in overall.TAKEN} - {None}
    assert taken == comparisons.OF_ALL
    assert "gantastic_table2" in overall.TAKEN, "scores, which are no comparisons"


def test_scores_alone_fill_the_table_of_all_generators():
    scored = {
        "sparse": {"family": "sparse", "measuring": {"expected_count": 9, "measures": ["realism", "realism-texture"]}}
    }
    assert "all" in planned_tables(Stages(sparse(datasets=scored)))


def test_scorers_read_what_they_are_made_of_and_nothing_else():
    stages = Stages(sparse(realism={"scorers": ["median-none", "xgboost-histogram_power_spectrum", "cnn-image"]}))
    names = {"dataset": "sparse"}
    spec = stages.stage("cross_validate", names).spec
    assert set(spec["settings"]) == {"folds", "seed", "threads", "xgboost"}
    assert spec["scorers"] == {"median-none": ["realism"], "xgboost-histogram_power_spectrum": ["realism"]}
    assert spec["measures"] == ["realism"]
    stages = Stages(sparse())
    spec = stages.stage("cross_validate", names).spec
    assert set(spec["settings"]) == {"folds", "seed", "threads", "xgboost", "xgboost_properties", "random_forest"}
    assert spec["scorers"]["random_forest-fourier"] == ["realism", "realism-texture"]
    assert spec["scorers"]["xgboost-histogram_power_spectrum"] == ["realism"]
    network = stages.stage("cross_validate_network", {**names, "scorer": "cnn-image"}).spec
    assert set(network["settings"]) == {"folds", "seed", "threads", "cnn"}
    one = {**names, "model": "two_stage_conditional", "seed": "0"}
    experiments = stages.stage("experiment", one).spec["experiments"]
    assert experiments["random_positions"] == {"images": 1000}
    assert experiments["new_galaxies"] == {"images": 1000, "sets": 50}
    assert stages.stage("score_generator", one).spec["thresholds"] == [50, 90]
    assert stages.stage("score_generator", {**one, "model": "baseline1"}).spec["thresholds"] == []
    assert stages.facts.view("sparse", "baseline1") == "parts"
    assert stages.stage("sample", one).spec["count"] == 1000
