"""Which tables of galaxies made for a redshift and of sparse images are planned, and what their stages
read."""

import pytest
import yaml

from galforge.compare.kind import Kind
from galforge.config import files
from galforge.config.parse import parse
from galforge.config.problems import merged
from galforge.datasets.galaxiesml import settings as galaxiesml
from galforge.papers.readings import table_of
from galforge.plan import comparisons
from galforge.plan.comparisons import Kind
from galforge.plan.stages import Stages
from galforge.plan.tables import planned_tables
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


def test_the_table_of_the_study_has_the_stage_of_the_others(measured):
    stage = Stages(measured).stage("table_li2024", {"table": "table1"})
    assert (stage.spec["table"], stage.script) == ("table1", "table.py")


def sparse(**overlay):
    models = ("baseline1", "two_stage_conditional")
    runs = [{"dataset": "sparse", "model": name, "seeds": [0]} for name in models]
    return parse(merged(yaml.safe_load(files.CONFIG.read_text(encoding="utf-8")), {"run": runs, **overlay}))


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
    stages = Stages(sparse())
    names = {"dataset": "sparse"}
    spec = stages.stage("cross_validate", {**names, "scorer": "random_forest-fourier"}).spec
    assert set(spec["settings"]) == {"folds", "seed", "threads", "random_forest"}
    assert set(stages.stage("cross_validate", {**names, "scorer": "median-none"}).spec["settings"]) == {
        *("folds", "seed", "threads"),
    }
    assert stages.realism.scorer_measures("random_forest-fourier") == ["realism", "realism-texture"]
    assert stages.realism.scorer_measures("xgboost-histogram_power_spectrum") == ["realism"]
    one = {**names, "model": "two_stage_conditional", "seed": "0"}
    assert stages.stage("experiment", {**one, "experiment": "new_galaxies"}).spec["settings"] == {
        "images": 1000,
        "sets": 50,
    }
    assert stages.stage("summarise_generator", one).spec["thresholds"] == [50, 90]
    assert stages.stage("summarise_generator", {**one, "model": "baseline1"}).spec["thresholds"] == []
    assert stages.facts.view("sparse", "baseline1") == "parts"
    assert stages.stage("sample", one).spec["count"] == 1000
