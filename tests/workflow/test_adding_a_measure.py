"""docs/adding-a-measure.md, followed to the letter: a folder, a module, one block of configuration, and no more."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from tree import ROOT, SMALLEST, copy_tree, snakemake

CONFIG = ["--configfile", SMALLEST, "mine.yaml"]
COLLECTING = {"all", "table_all", "page", "card"}
"""Rules that put everything of a run together."""
ADDED = {
    "workflow/galforge/measure/clumps/__init__.py",
    "workflow/galforge/measure/clumps/settings.py",
    "workflow/galforge/measure/clumps/measure.py",
    "workflow/galforge/compare/clumpiness.py",
    "mine.yaml",
}
STAGES = """
import json, sys
sys.path.insert(0, "workflow")
import yaml
from galforge.config.parse import parse
from galforge.config.problems import merged
from galforge.plan.stages import Stages
tree = {}
for name in ("config/config.yaml", *sys.argv[1:]):
    tree = merged(tree, yaml.safe_load(open(name)))
for section in ("measures", "denoisers"):
    tree[section] = {name: entry for name, entry in tree[section].items() if entry is not None}
cases = tree["denoising"]["cases"]
tree["denoising"]["cases"] = {name: case for name, case in cases.items() if case is not None}
stages, found = Stages(parse(tree)), []
for rule, wildcards in json.load(sys.stdin):
    stage = stages.stage(rule, wildcards)
    found.append([stage.spec_param, stage.code_param, list(stage.modules)])
heavy = sorted({"torch", "pandas", "scipy", "sklearn"} & set(sys.modules))
print(json.dumps([found, heavy]))
"""
JOB = """
import json, runpy, sys
from types import SimpleNamespace
sys.path.insert(0, "workflow")
from galforge.provenance import records
script, spec, names, output, wildcards = json.load(sys.stdin)
records.begin = lambda job, file: spec
records.finish = lambda job, file: None
class Files(dict):
    __getattr__ = dict.__getitem__
log = Files(dict.fromkeys(output, "job.log"))
job = SimpleNamespace(input=Files(names), output=Files(output), wildcards=Files(wildcards), log=log)
runpy.run_path(f"workflow/scripts/{script}", init_globals={"snakemake": job})
"""
TOYS = """
import sys
from pathlib import Path
sys.path[:0] = ["workflow", "tests"]
from toys.galaxies import write_stamps
for name, count in (("source", 40), ("made", 30)):
    write_stamps(Path(f"{name}.h5"), count, noise=0.3)
"""


def example() -> tuple[list[str], dict]:
    """The modules and the configuration that the page shows."""
    page = (ROOT / "docs/adding-a-measure.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    return re.findall(r"```python\n(.*?)```", page, re.DOTALL), yaml.safe_load(block)


def python(tree: Path, code: str, given: object = None, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=tree, input=json.dumps(given), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def jobs_of(tree: Path, *words: str) -> list[tuple[str, dict[str, str]]]:
    """(rule, wildcards) of every job of a dry run but the one that asks for all."""
    done = snakemake(tree, "-n", *words, config=None)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    found = []
    for rule, lines in re.findall(r"^\s*(?:local)?rule (\w+):\n((?: {4}.*\n)+)", said, re.MULTILINE):
        wildcards = re.search(r"wildcards: (.*)", lines)
        pairs = [pair.split("=", 1) for pair in wildcards[1].split(", ")] if wildcards else []
        found.append((rule, dict(pairs)))
    return [job for job in found if job[0] != "all"]


def stages(tree: Path, jobs: list, *configs: str) -> tuple[dict, list[str]]:
    """Parameters `spec` and `code` and modules of jobs, and what planning imported that it should not."""
    found, heavy = json.loads(python(tree, STAGES, jobs, *configs))
    names = [f"{rule} {json.dumps(wildcards, sort_keys=True)}" for rule, wildcards in jobs]
    return dict(zip(names, found, strict=True)), heavy


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list, dict, list]:
    """The tree with the page's examples, and the jobs and parameters before they were added, and the jobs after."""
    tree = copy_tree(tmp_path_factory.mktemp("added") / "galforge")
    before = jobs_of(tree, "--configfile", SMALLEST)
    parameters, _ = stages(tree, before, SMALLEST)
    (settings, measure, comparison), block = example()
    (tree / "workflow/galforge/measure/clumps").mkdir()
    texts = {"__init__.py": "", "settings.py": settings, "measure.py": measure}
    for name, text in texts.items():
        (tree / "workflow/galforge/measure/clumps" / name).write_text(text)
    (tree / "workflow/galforge/compare/clumpiness.py").write_text(comparison)
    (tree / "mine.yaml").write_text(yaml.safe_dump(block))
    return tree, before, parameters, jobs_of(tree, *CONFIG)


def test_both_are_planned_and_no_other_file_is_edited(plans):
    tree, before, _, after = plans
    said = subprocess.run(
        ["git", "status", "--porcelain", "-uall"], cwd=tree, capture_output=True, text=True, check=True
    )
    assert {line[3:] for line in said.stdout.splitlines() if ".snakemake" not in line} == ADDED
    new = [job for job in after if job not in before]
    measured = {(job["dataset"], job.get("who", "both")) for rule, job in new if rule.startswith("measure_clumps")}
    compared = {(job["dataset"], job["model"]) for rule, job in new if job.get("group") == "clumpiness"}
    assert {("sersic", "source"), ("sersic", "vae-seed0"), ("skirt", "both")} <= measured
    assert {("sersic", "vae"), ("cosmos", "vae"), ("skirt", "stylegan"), ("skirt", "roundtrip")} == compared
    assert {job.get("group") or re.sub("_source(_and_native)?$", "", rule) for rule, job in new} == {
        "measure_clumps",
        "clumpiness",
    }
    assert [job for job in before if job not in after] == []


def test_their_modules_are_in_the_digests_and_no_other_job_changes(plans):
    tree, _, parameters, after = plans
    found, heavy = stages(tree, after, SMALLEST, "mine.yaml")
    assert heavy == [], "planning imported what only jobs need"
    new = {name: stage for name, stage in found.items() if name not in parameters}
    modules = {module for _, _, own in new.values() for module in own if "clump" in module}
    assert modules == {"galforge.measure.clumps.measure", "galforge.compare.clumpiness"}
    changed = [name for name, stage in parameters.items() if found[name] != stage]
    assert [name for name in changed if name.split()[0] not in COLLECTING] == []
    for file in ("measure/clumps/measure.py", "compare/clumpiness.py"):
        path = tree / "workflow/galforge" / file
        text = path.read_text()
        path.write_text(text + "\n_added = 1\n")
        edited, _ = stages(tree, after, SMALLEST, "mine.yaml")
        path.write_text(text)
        moved = {name for name in edited if edited[name][1] != found[name][1]}
        own = {name for name in new if ("clumpiness" in name) == ("compare" in file)}
        assert moved == own


def test_they_measure_and_compare_stamps(plans):
    tree = plans[0]
    python(tree, TOYS)
    (spec, _, _), (compared, _, _) = (
        stages(tree, [job], SMALLEST, "mine.yaml")[0].popitem()[1]
        for job in (
            ("measure_clumps_source", {"dataset": "sersic", "who": "source"}),
            ("distances", {"dataset": "sersic", "model": "vae", "seed": "0", "group": "clumpiness"}),
        )
    )
    for name in ("source", "made"):
        output = {"clumps": f"{name}.parquet"}
        python(tree, JOB, ["measure.py", json.loads(spec), {f"stamps {name}": f"{name}.h5"}, output, {"who": name}])
    names = {"tables": ["source.parquet", "made.parquet"]}
    wildcards = {"dataset": "sersic", "model": "vae", "seed": "0"}
    python(
        tree,
        JOB,
        [
            "distances.py",
            json.loads(compared),
            names,
            {"distances": "clumpiness.csv", "replicates": "clumpiness.parquet"},
            wildcards,
        ],
    )
    rows = pd.read_csv(tree / "clumpiness.csv").set_index("metric")
    assert list(rows.index) == ["wasserstein", "clump_ratio"]
    assert (rows["comparison"] == "clumpiness").all()
    assert (rows["n_source"] == 40).all()
    assert 0.5 < rows["value"]["clump_ratio"] < 2
    assert rows["floor"]["wasserstein"] > 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("reads=(", "reads=READ + ("), "KIND cannot be read"),
        (('"ratio": (', '"quotient": ('), "not as quotient"),
        (('("wasserstein",)', '("kid",)'), "the metric kid is read as distance and as unbiased"),
        (("KIND = Kind(", 'KIND = Kind(\n    group="conditional",'), "only some of them are by redshift"),
        (('"halvings"', '"halving"'), "KIND reads halving; the section compare has bootstrap, "),
    ],
)
def test_what_a_comparison_says_wrong_is_refused_with_the_remedy(plans, change, said):
    tree = plans[0]
    path = tree / "workflow/galforge/compare/clumpiness.py"
    text = path.read_text()
    assert text.count(change[0]) == 1
    path.write_text(text.replace(*change))
    wildcards = {"dataset": "sersic", "model": "vae", "seed": "0", "group": "clumpiness"}
    try:
        done = subprocess.run(
            [sys.executable, "-c", STAGES, SMALLEST, "mine.yaml"],
            cwd=tree,
            input=json.dumps([["distances", wildcards]]),
            capture_output=True,
            text=True,
        )
    finally:
        path.write_text(text)
    assert done.returncode != 0
    assert "GalforgeError" in done.stderr
    assert said in done.stderr
