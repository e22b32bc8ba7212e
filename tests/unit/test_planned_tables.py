"""Which tables are planned, what they are made of, and which of them one job makes."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from galforge.config import files
from galforge.config.parse import parse
from galforge.config.problems import merged
from galforge.errors import GalforgeError
from galforge.papers import printed_files, registry
from galforge.papers.table import Table
from galforge.plan.comparisons import KINDS
from galforge.plan.stage import SCRIPTS
from galforge.plan.stages import Stages
from galforge.plan.table_stages import PREFIX
from galforge.plan.trainings import behind
from galforge.provenance.digest import reachable

ROOT = Path(__file__).resolve().parents[2]
DEMO = yaml.safe_load((ROOT / "config/demo.yaml").read_text(encoding="utf-8"))


def stages(**overlay) -> Stages:
    return Stages(parse(merged(yaml.safe_load(files.CONFIG.read_text(encoding="utf-8")), overlay)))


def of_sersic(measures, **more) -> Stages:
    return stages(
        datasets={"sersic": {"family": "sersic", "measuring": {"expected_count": 100, "measures": measures}}},
        run=[{"dataset": "sersic", "model": "vae", "seeds": [0]}],
        **more,
    )


@pytest.fixture(scope="module")
def demo() -> Stages:
    return stages(**DEMO)


def made_with(stages: Stages, table: str) -> set[str]:
    """Tables of the job that makes a table."""
    return next({each.name for each in job.tables} for job in jobs(stages) if table in [t.name for t in job.tables])


def jobs(stages: Stages):
    return stages.tables.planned.jobs.values()


def test_the_demo_fills_every_table_once(demo):
    # The tests of the denoising study need an oracle.
    assert sorted(demo.tables.planned.names) == sorted(set(registry.tables()) - {"holzschuh2022/denoising_tests"})
    assert len(demo.tables.planned.names) == len(set(demo.tables.planned.names))


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
    assert ("all" in of_sersic(measures).tables.planned.names) == there


def test_scores_alone_fill_the_table_of_all_generators():
    scored = {
        "sparse": {"family": "sparse", "measuring": {"expected_count": 9, "measures": ["realism", "realism-texture"]}}
    }
    planned = stages(datasets=scored, run=[{"dataset": "sparse", "model": "baseline1", "seeds": [0]}]).tables.planned
    (taken,) = planned.jobs["all"].taken
    assert taken.name == "gantastic2020/table2"
    assert list(planned.jobs["all"].printed) == ["gantastic2020"]
    assert all("/studies/realism/sparse/generators/" in file for file in planned.jobs["all"].inputs["distances"])


def test_a_headline_needs_two_groups_of_properties():
    assert "holzschuh2022/headline" not in of_sersic(["morphology"]).tables.planned.names
    assert "holzschuh2022/headline" in of_sersic(["morphology", "power_spectrum"]).tables.planned.names


def test_tables_that_show_the_same_trainings_are_one_job():
    planned = of_sersic(["morphology", "power_spectrum", "photometry", "features"])
    together = made_with(planned, "holzschuh2022/headline")
    names = ("headline", "morphology", "power_spectrum", "photometry", "joint", "fid", "kid", "coverage")
    assert together == {f"holzschuh2022/{name}" for name in names}
    (job,) = (job for job in jobs(planned) if job.tables[0].name == "holzschuh2022/headline")
    folder = "results/paper/distances/sersic/vae/seed0"
    assert job.inputs == {
        "distances": [f"{folder}/properties.csv"],
        "replicates": [f"{folder}/properties.parquet"],
    }
    assert list(job.printed) == ["holzschuh2022"]


def test_a_table_never_waits_for_a_training_that_it_does_not_show():
    """Two data sets, one without features: its training may fail, and the tables of features are made all the same."""
    of = {"family": "sersic", "measuring": {"expected_count": 100}}
    measured = {"sersic": ["morphology", "features"], "other": ["morphology"]}
    planned = stages(
        datasets={name: {**of, "measuring": {**of["measuring"], "measures": own}} for name, own in measured.items()},
        run=[{"dataset": name, "model": "vae", "seeds": [0]} for name in measured],
    )
    (features,) = (job for job in jobs(planned) if "holzschuh2022/fid" in [table.name for table in job.tables])
    assert [table.file for table in features.tables] == ["fid", "kid", "coverage"]
    assert not any("/other/" in file for files in features.inputs.values() for file in files)
    (both,) = (job for job in jobs(planned) if "holzschuh2022/morphology" in [table.name for table in job.tables])
    assert [table.file for table in both.tables] == ["morphology"]
    assert {file.split("/")[3] for file in both.inputs["distances"]} == {"sersic", "other"}


def test_a_network_that_measures_is_a_training_that_is_shown(demo):
    """It has to be trained before redshifts are found, which one of the tables shows."""
    assert made_with(demo, "li2024/table1") == {"li2024/table1"}
    assert made_with(demo, "li2024/successors") == {"li2024/successors"}
    files = {table.name: job.inputs for job in jobs(demo) for table in job.tables}
    shown = [behind(demo.config, files[f"li2024/{name}"]) for name in ("table1", "successors")]
    assert shown[0] - shown[1] == {("galaxiesml", "redshift_cnn")}


def test_studies_and_costs_and_the_table_of_all_are_jobs_of_their_own(demo):
    alone = ("gantastic2020/table1", "gantastic2020/table2", "gantastic2020/experiments", "all")
    for name in (*alone, "holzschuh2022/denoising", "holzschuh2022/cost"):
        assert made_with(demo, name) == {name}


def test_what_fills_a_table_is_a_comparison_or_a_study(monkeypatch):
    wrong = replace(registry.table("holzschuh2022/joint"), comparison="joined")
    monkeypatch.setattr(registry, "tables", lambda: {wrong.name: wrong})
    with pytest.raises(
        GalforgeError, match="holzschuh2022: the table joint is filled by joined, which is no comparison"
    ):
        of_sersic(["morphology"]).tables.planned  # noqa: B018 - it is made when asked for


def test_jobs_know_the_code_of_their_own_tables_only(demo):
    found = {job.name: demo.stage(f"{PREFIX}{job.name}", {}) for job in jobs(demo)}
    papers = {
        name: {
            each
            for each in reachable(SCRIPTS / stage.script, stage.modules)
            if each.count(".") > 2 and "papers" in each
        }
        for name, stage in found.items()
    }
    assert papers["gantastic2020_table2"] == set()
    assert papers["li2024_table1"] == {"galforge.papers.li2024.rows"}
    assert papers["holzschuh2022_denoising"] == {"galforge.papers.holzschuh2022.denoising_table"}
    assert "safetensors" in found["holzschuh2022_cost"].libraries
    assert [table.modules for table in demo.tables.planned.jobs["all"].tables] == [("galforge.report.overall",)]


@pytest.mark.parametrize("name", registry.tables())
def test_every_metric_that_is_laid_out_is_read_as_its_comparison_says(name):
    table = registry.table(name)
    assert table.blocks or {*table.metrics} <= {*table.readings}
    for comparison in {*table.comparisons} & {*KINDS}:
        known = KINDS[comparison].readings
        assert {metric: table.readings[metric] for metric in known if metric in table.metrics}.items() <= known.items()


@pytest.mark.parametrize("name", registry.tables())
def test_a_table_comes_back_from_its_spec(name):
    table = registry.table(name)
    assert Table.from_spec(name, json.loads(json.dumps(table.spec()))) == table


PLANNED = """
import json, sys
from pathlib import Path
sys.path[:0] = ["workflow"]
import yaml
from galforge.config import files
from galforge.config.parse import parse
from galforge.config.problems import merged
from galforge.plan.stages import Stages
config = merged(yaml.safe_load(files.CONFIG.read_text()), yaml.safe_load(Path("config/demo.yaml").read_text()))
stages = Stages(parse(config))
jobs = stages.tables.planned.jobs
params = {name: stages.stage("tables_" + name, {}) for name in jobs}
told = {name: (each.spec_param, each.code_param) for name, each in params.items()}
print(json.dumps({name: [*told[name], job.inputs, job.printed] for name, job in jobs.items()}))
"""


@pytest.fixture
def tree(tmp_path) -> Path:
    """A copy of what planning reads."""
    tree = tmp_path / "galforge"
    for name in ("workflow", "config", "envs"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tree


def run(tree: Path, code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=tree, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def add_paper(tree: Path) -> None:
    """The paper of docs/adding-a-paper.md: its folder and its printed values, and nothing else."""
    page = (ROOT / "docs/adding-a-paper.md").read_text(encoding="utf-8")
    folder = tree / "workflow/galforge/papers/yours2027"
    folder.mkdir()
    folder.joinpath("__init__.py").touch()
    folder.joinpath("paper.py").write_text(re.search(r"```python\n(.*?)```", page, re.DOTALL)[1], encoding="utf-8")
    values = re.search(r"```csv\n(.*?)```", page, re.DOTALL)[1]
    tree.joinpath("config/published/yours2027.csv").write_text(values, encoding="utf-8")


def test_a_fourth_paper_is_one_folder_and_makes_no_other_table_again(tree):
    before = json.loads(run(tree, PLANNED))
    add_paper(tree)
    after = json.loads(run(tree, PLANNED))
    assert set(after) - set(before) == {"yours2027_shapes"}
    assert {name for name in before if before[name] != after[name]} == set(), "it has no part in the table of all"
    spec, _, inputs, printed = after["yours2027_shapes"]
    values = tree / "config/published/yours2027.csv"
    assert printed == {"yours2027": hashlib.sha256(values.read_bytes()).hexdigest()} == json.loads(spec)["printed"]
    assert "results/demo/distances/cosmos/edm/seed0/properties.csv" in inputs["distances"]


def test_printed_values_are_known_by_their_content_wherever_the_checkout_lies(tree):
    before = json.loads(run(tree, PLANNED))
    moved = tree.rename(tree.with_name("moved"))
    assert json.loads(run(moved, PLANNED)) == before
    values = moved / "config/published/li2024.csv"
    values.write_text(values.read_text(encoding="utf-8").replace("galaxy_kl,all,0.23", "galaxy_kl,all,0.24"))
    after = json.loads(run(moved, PLANNED))
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {name for name in before if "li2024" in before[name][3]} != set()


def test_a_job_refuses_printed_values_that_were_edited_after_it_was_planned(tmp_path, monkeypatch):
    monkeypatch.setattr(printed_files, "FOLDER", tmp_path)
    values = tmp_path / "yours2027.csv"
    values.write_text("paper,table\n")
    digests = {"yours2027": printed_files.digest("yours2027")}
    assert printed_files.planned(digests) == [str(values)]
    values.write_text("paper,table,dataset\n")
    with pytest.raises(GalforgeError, match=r"yours2027\.csv was edited after this job was planned"):
        printed_files.planned(digests)
    values.unlink()
    with pytest.raises(GalforgeError, match=r"yours2027\.csv does not exist"):
        printed_files.planned(digests)


MADE = """
import sys
sys.path[:0] = ["workflow"]
import pandas as pd
from galforge.papers import registry
from galforge.papers import assembly
from galforge.report import formats
common = dict(dataset="cosmos", origin="mock", model="vae", seed=0, comparison="morphology", protocol="published")
common |= dict(engine="numba", metric="wasserstein", standard_error=0.03, floor=0.1, n_source=280, n_generated=270)
rows = pd.DataFrame([dict(common, property=name, value=0.4) for name in ("gini", "sersic_n", "rhalf")])
table = registry.table("yours2027/shapes")
frame = assembly.assemble(table, [rows], assembly.read_published(["config/published/yours2027.csv"]))
formats.write(table, frame, "demo", "7.8", ["shapes.csv", "shapes.md", "shapes.tex"])
print(open("shapes.md").read())
"""


def test_its_printed_values_stand_beside_an_existing_comparison(tree):
    add_paper(tree)
    said = run(tree, MADE)
    assert said.startswith("# Sizes and shapes of galaxies")
    lines = {line.split("|")[1].strip(): line.split("|")[2:-1] for line in said.splitlines() if line.startswith("| ")}
    assert [cell.strip() for cell in lines["Half-light radius"]] == ["40 ± 3 (floor 10, printed 21.00)"]
    assert [cell.strip() for cell in lines["Gini"]] == ["40 ± 3 (floor 10)"]
    assert list(lines).index("Half-light radius") < list(lines).index("Sérsic index") < list(lines).index("Gini")
