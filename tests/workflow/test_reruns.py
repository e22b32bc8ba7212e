"""Only what changed runs again, proved by mutation.

What should run is said by the jobs of a real run: the modules they had in sys.modules at their end, and the leaves of
their spec that they really looked at. What would run is said by the parameters of every job, for every module, library
and key, and confirmed by dry runs.
"""

import json
import os
import re
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest
from expected_reruns import (
    DOWNSTREAM_OF_TRAINING,
    FIXED,
    FROM_LOCK,
    FROM_WILDCARDS,
    LATENTS,
    MEASURING,
    NOT_REACHED,
    NOT_RUN,
    NUMERICAL,
    ONE_VALUE,
    PARTS,
    PASSIVE,
    PRINTED,
    STAMPS,
    TABLES,
    TOLD,
    UNUSED_HERE,
)
from tree import SMALLEST, planned, snakemake

HERE = Path(__file__).parent


def name_of(job):
    return f"{job['rule']} {json.dumps(job['wildcards'], sort_keys=True)}"


def made_by(smallest_run, what):
    """What each job and the parts it puts together had in their processes (``files``, ``read``, ``top``).

    Parts are temporary: the job that joins them answers for them too. And a segment of a training goes on from what
    the first one made of its settings.
    """
    found = {name_of(job): set(job[what]) for job in smallest_run.jobs}
    for job in smallest_run.jobs:
        if job["rule"] == "train_segment":
            later = {**job["wildcards"], "segment": "1"}
            found[name_of({"rule": "train_segment", "wildcards": later})] |= set(job[what])
        if "part" in job["wildcards"]:
            whole = {key: value for key, value in job["wildcards"].items() if key not in ("part", "parts")}
            rule = PARTS.get(job["rule"], job["rule"].removesuffix("_chunk"))
            found[name_of({"rule": rule, "wildcards": whole})] |= set(job[what])
    return found


LOOPED = {
    "tables_": "table",
    "figures_": "figure",
    "measure_": "measure",
    "latents_": "latents",
    "stamps": "stamps",
}
"""Beginnings of the names of rules that are written in a loop, and their scripts."""


def script_of(rule):
    looped = next((script for beginning, script in LOOPED.items() if rule.startswith(beginning)), None)
    return looped or {"sample_chunk": "sample", "merge_samples": "sample"}.get(rule, rule)


@pytest.fixture(scope="module")
def mutations(smallest_run):
    jobs = [[name_of(job), job["rule"], job["wildcards"]] for job in smallest_run.jobs]
    done = subprocess.run(
        [sys.executable, HERE / "oracle.py", smallest_run.tree],
        input=json.dumps(jobs),
        capture_output=True,
        text=True,
        check=False,
        cwd=smallest_run.tree,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_run_had_every_rule(smallest_run):
    rules = set(
        re.findall(
            r"^(?:use rule \w+ as|rule) (\w+)(?: with)?:",
            "".join(f.read_text() for f in smallest_run.tree.glob("workflow/rules/*.smk")),
            re.M,
        )
    )
    run = {job["rule"] for job in smallest_run.jobs}
    # Nothing is downloaded, and the checkout holds no network or images of others (test_brought.py, test_score.py);
    # test_taken.py has folds and images of other data sets. Tests of generators need an oracle.
    elsewhere = {"download", "evaluate_brought", "take_given", "take_sources", "fold_stamps", "judge_denoising"}
    assert {rule for rule in run if not rule.startswith(tuple(LOOPED))} == rules - elsewhere
    assert {rule for rule in run if rule.startswith("measure_")} == MEASURING
    assert {rule for rule in run if rule.startswith("latents_")} == LATENTS
    assert {rule for rule in run if rule.startswith("stamps")} == STAMPS
    assert {rule for rule in run if rule.startswith("tables_")} == set(TABLES)


def test_every_module_reruns_the_jobs_that_import_it_and_no_other(smallest_run, mutations):
    missed, spurious = {}, {}
    imported = made_by(smallest_run, "files")
    for file, jobs in mutations["files"].items():
        path = smallest_run.tree / file
        if path.parent == smallest_run.tree / "workflow/scripts":
            expected = {name_of(job) for job in smallest_run.jobs if path.stem == script_of(job["rule"])}
        elif re.search(r"^IN_DIGEST = False\b", path.read_text(), re.MULTILINE):
            expected = set()
        else:
            expected = {name for name, files in imported.items() if str(path) in files}
        missed[file] = sorted(expected - set(jobs))
        spurious[file] = sorted(set(jobs) - expected)
    assert len(mutations["files"]) > 60
    assert {file: jobs for file, jobs in missed.items() if jobs} == {}
    assert {file: jobs for file, jobs in spurious.items() if jobs} == {}


def test_settings_modules_hold_nothing_that_a_job_computes_with(smallest_run):
    """They are outside the digest: fields, limits and validators are all they may have."""
    import ast

    for file in sorted((smallest_run.tree / "workflow/galforge").glob("**/settings.py")):
        if file.parent.name == "galforge":
            continue
        assert "\nIN_DIGEST = False" in file.read_text(), file
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import | ast.ImportFrom):
                top = (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).split(".")[0]
                assert top in {"typing", "pydantic", "galforge", "math", "re", "urllib"}, f"{file} imports {top}"


def test_comments_docstrings_and_formatting_rerun_nothing(mutations):
    assert mutations["silent"] == []


def test_every_library_reruns_the_jobs_whose_numbers_it_makes(smallest_run, mutations):
    imported = made_by(smallest_run, "top")
    spurious, missed = set(), set()
    for module, library in NUMERICAL.items():
        changed = set(mutations["libraries"][library])
        loaded = {name for name, top in imported.items() if module in top}
        spurious |= {f"{name.split()[0]}: {library}" for name in changed - loaded}
        missed |= {f"{name.split()[0]}: {library}" for name in loaded - changed}
    assert spurious == set(), "declared by jobs that never import it"
    # Loaded by other libraries, or to read a file: none of the job's numbers comes from them.
    assert missed == {f"{rule}: {library}" for rule, libraries in PASSIVE.items() for library in libraries}


def test_every_key_reruns_the_jobs_that_read_it_and_no_other(smallest_run, mutations):
    read = made_by(smallest_run, "read")
    spurious, dead, reached = {}, [], {name: set() for name in read}
    untried = [key for key, mutation in mutations["keys"].items() if mutation is None and not key.startswith(NOT_RUN)]
    assert sorted(untried) == sorted(ONE_VALUE)
    for key, mutation in mutations["keys"].items():
        if mutation is None:
            continue
        for name, leaves in mutation["jobs"].items():
            if (unread := sorted(set(leaves) - read[name])) and key not in NOT_REACHED:
                spurious.setdefault(key, {})[name] = unread
            reached[name] |= set(leaves)
        if not mutation["jobs"] and not mutation["shape"]:
            dead.append(key)
    missed = {
        name: sorted(left)
        for name in read
        if (left := {leaf for leaf in read[name] - reached[name] if leaf.split(".")[-1] not in FROM_WILDCARDS})
    }
    assert len(mutations["keys"]) > 90
    assert spurious == {}
    # Variants of a measure and figures share a job: each has a part of the spec.
    part = re.compile(r"^(variants\.[^.]+|figures\.\w+(\.told)?)\.")
    known = FIXED | PRINTED | set(FROM_LOCK)
    missed = {
        name: left for name, leaves in missed.items() if (left := [x for x in leaves if part.sub("", x) not in known])
    }
    assert missed == {}, "read by a job, but no key of the configuration changes it"
    assert sorted(key for key in dead if not key.startswith(NOT_RUN)) == sorted(UNUSED_HERE)


def test_no_torch_in_a_measuring_job(smallest_run):
    for job in smallest_run.jobs:
        measures = script_of(job["rule"]) in ("measure", "calibrate_noise", "distances")
        network = ("measure_features", "measure_band_features", "measure_redshift")
        if measures and not job["rule"].startswith(network):
            assert "torch" not in job["top"], job["rule"]


def test_the_run_made_its_page_and_snakemakes_own_report_works(smallest_run, tmp_path):
    page = (smallest_run.tree / "results/smallest/report/index.html").read_text(encoding="utf-8")
    for said in ("smallest scale", "mock", "analytic", "corrected", "published", "floor"):
        assert said in page, said
    done = snakemake(smallest_run.tree, "--report", str(tmp_path / "report.zip"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "report.zip").stat().st_size > 100_000


# Dry runs of the real thing, one of each kind.


def test_a_finished_run_has_nothing_to_do(smallest_run):
    assert planned(smallest_run.tree) == {}


def test_touching_everything_reruns_nothing(smallest_run):
    tracked = subprocess.run(["git", "ls-files"], cwd=smallest_run.tree, capture_output=True, text=True, check=True)
    for name in tracked.stdout.split():
        os.utime(smallest_run.tree / name)
    results = sorted((path for path in (smallest_run.tree / "results").rglob("*") if path.is_file()), reverse=True)
    assert any(path.stat().st_size > 2**20 for path in results), "one artefact must be above Snakemake's own limit"
    # In the past: this tree is used by later tests, and Snakemake refuses outputs older than their inputs.
    oldest = time.time() - len(results)
    for i, path in enumerate(results):
        os.utime(path, (oldest + i, oldest + i))
    assert planned(smallest_run.tree) == {}


def test_a_fresh_clone_beside_moved_results_reruns_nothing(smallest_run, tmp_path):
    clone = tmp_path / "galforge"
    subprocess.run(["git", "clone", "-q", smallest_run.tree, clone], check=True)
    for name in ("results", ".snakemake"):
        (smallest_run.tree / name).rename(clone / name)
    try:
        assert planned(clone) == {}
    finally:
        for name in ("results", ".snakemake"):
            (clone / name).rename(smallest_run.tree / name)


@pytest.fixture
def edited(smallest_run):
    """Edit files of the finished run's tree for one test."""
    before: dict[Path, str | None] = {}

    def edit(name: str, change) -> None:
        path = smallest_run.tree / name
        before.setdefault(path, path.read_text() if path.exists() else None)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = change(before[path] or "")
        assert text != before[path], f"{name}: the edit changed nothing"
        path.write_text(text)

    yield edit
    for path, text in before.items():
        if text is None:
            path.unlink()
        else:
            path.write_text(text)


def test_reordered_keys_comments_and_a_family_nobody_uses_rerun_nothing(smallest_run, edited):
    def reordered(text):
        head, *sections = re.split(r"\n(?=\w+:)", text)
        return "\n".join([head, *reversed(sections)]) + "\n"

    edited(SMALLEST, reordered)
    edited("workflow/galforge/training/loop.py", lambda text: text.replace('"""', '"""Edited. ', 1) + "# a comment\n")
    for part in ("__init__", "settings", "family"):
        edited(f"workflow/galforge/models/unused/{part}.py", lambda text: "x = 1\n")
    assert planned(smallest_run.tree) == {}


def test_two_swapped_values_rerun_their_dependents(smallest_run, edited):
    """A set of values without names would not see it (Snakemake's own view of parameters)."""
    edited(
        SMALLEST,
        lambda text: text.replace("ema_half_life_images: 40", "ema_half_life_images: 20").replace(
            "history_images: 20", "history_images: 40"
        ),
    )
    plan = planned(smallest_run.tree)
    assert set(plan) == {"train_segment", *DOWNSTREAM_OF_TRAINING}
    assert plan["train_segment"] == 14


def test_a_changed_function_reruns_its_dependents(smallest_run, edited):
    edited("workflow/galforge/compare/photometry.py", lambda text: text + "\n_added = 1\n")
    # One job makes all comparisons of a model's properties, and four jobs make tables of them.
    of = ("holzschuh2022_headline", "holzschuh2022_morphology", "holzschuh2022_colour_bulge", "all")
    assert planned(smallest_run.tree) == {"distances": 5, **{f"tables_{name}": 1 for name in of}, "page": 1, "card": 1}


def test_a_raised_library_version_reruns_its_dependents(smallest_run, edited):
    edited("envs/requirements.lock", lambda text: re.sub(r"(?m)^(statmorph==[0-9.]+)", r"\1.1", text))
    plan = planned(smallest_run.tree)
    # The corrected morphology, and the calibration for it, are measured by the other engine; every caption names it.
    shown = {f"figures_holzschuh2022_{name}": 1 for name in ("sersic", "cosmos", "skirt")}
    named = {**TABLES, **shown, "page": 1, "card": 1}
    measured = {"measure_morphology_source": 2, "measure_morphology_source_and_native": 1, "measure_morphology": 4}
    measured |= {"measure_morphology_source_chunk": 2, "measure_morphology_chunk": 2}
    assert plan == {**measured, "distances": 5, **named}


def test_another_alpha_trains_and_tests_its_own_networks_only(smallest_run, edited):
    edited(SMALLEST, lambda text: text.replace("alphas: [0.0, 0.5]", "alphas: [0.0, 0.25, 0.5]"))
    assert planned(smallest_run.tree) == {"train_denoiser": 1, "evaluate_denoiser": 1, **TOLD}


def test_another_replicate_trains_and_tests_its_own_networks_only(smallest_run, edited):
    edited(SMALLEST, lambda text: text.replace("replicates: 1", "replicates: 3"))
    assert planned(smallest_run.tree) == {"train_denoiser": 4, "evaluate_denoiser": 4, **TOLD}


def test_another_denoising_test_trains_no_network(smallest_run, edited):
    edited(SMALLEST, lambda text: text.replace("noise_curve: [1.0, 2.0]", "noise_curve: [1.0, 2.0, 4.0]"))
    plan = planned(smallest_run.tree)
    assert plan == {"evaluate_denoiser": 2, "denoising_references": 1, **TOLD}


def test_the_driver_says_which_denoisers_would_be_trained_again(smallest_run, edited):
    edited(SMALLEST, lambda text: text.replace("steps_per_epoch: 3", "steps_per_epoch: 4"))
    said = snakemake(smallest_run.tree, "-n").stderr
    assert "2 of 2 networks of the sweep skirt-stylegan-seed0-denoiser are finished and will be trained again" in said
    assert "denoiser: settings.steps_per_epoch was 3, is 4" in said


def test_another_measure_of_the_choice_scores_and_chooses_again_and_trains_nothing(smallest_run, edited):
    edited(SMALLEST, lambda text: text.replace("by: power_spectrum, count: 20", "by: morphology, count: 24"))
    plan = planned(smallest_run.tree)
    assert plan.items() >= {"score_snapshot": 2, "choose_snapshot": 1, "merge_samples": 1}.items()
    assert "train_segment" not in plan
    assert "will be trained again" not in snakemake(smallest_run.tree, "-n").stderr


def test_the_last_weights_again_need_no_choice_and_no_training(smallest_run, edited):
    edited(SMALLEST, lambda text: text.replace("choose: best, by", "choose: last, by"))
    plan = planned(smallest_run.tree)
    assert plan["merge_samples"] == 1, "the weights have another name"
    assert not {"train_segment", "score_snapshot", "choose_snapshot"} & set(plan)


def test_the_chosen_weights_are_those_of_a_segment_by_another_name(smallest_run):
    folder = smallest_run.tree / "results/smallest/models/sersic/vae/seed0"
    chosen = json.loads((folder / "snapshot.json").read_text())
    assert (folder / "snapshot.safetensors").samefile(folder / f"weights_{chosen['segment']}.safetensors")
    assert chosen["value"] == min(each["value"] for each in chosen["scores"])
    record = json.loads((folder / "snapshot.record.json").read_text())
    assert record["chosen"] == {name: chosen[name] for name in ("segment", "images_seen", "by", "value", "of")}
    drawn = json.loads((smallest_run.tree / "results/smallest/samples/sersic/vae/seed0.json").read_text())
    assert drawn["images_seen"] == chosen["images_seen"]


def test_longer_training_adds_segments_and_retrains_none(smallest_run, edited):
    edited(SMALLEST, lambda text: text.replace("images_total: 80", "images_total: 120"))
    plan = planned(smallest_run.tree)
    assert plan["train_segment"] == 7, "one new segment for each of seven trainings"


def test_the_driver_says_what_would_be_trained_again_and_why(smallest_run, edited):
    edited(SMALLEST, lambda text: text.replace("ema_half_life_images: 40", "ema_half_life_images: 20"))
    said = snakemake(smallest_run.tree, "-n").stderr
    assert "configuration 'smallest' (smallest scale) from config/config.yaml, tests/config/smallest.yaml" in said
    why = "training: training.ema_half_life_images was 40, is 20"
    assert f"vae on sersic, seed 0, was trained and will be trained again: {why}" in said


def test_results_without_snakemakes_records_stop_the_run_with_the_remedy(smallest_run):
    metadata = smallest_run.tree / ".snakemake/metadata"
    metadata.rename(metadata.with_name("away"))
    try:
        done = snakemake(smallest_run.tree, "-n")
        assert done.returncode != 0
        assert "Copy the folder .snakemake along" in done.stdout + done.stderr
    finally:
        metadata.with_name("away").rename(metadata)


def test_a_killed_driver_leaves_a_way_back(smallest_run):
    """An output that a killed driver left is marked incomplete and has no metadata: it is made again, not refused."""
    record = "results/smallest/tables/holzschuh2022/headline.json"
    name = urlsafe_b64encode(record.encode()).decode()
    metadata, incomplete = (smallest_run.tree / ".snakemake" / store / name for store in ("metadata", "incomplete"))
    kept = metadata.read_bytes()
    metadata.rename(incomplete)
    try:
        assert snakemake(smallest_run.tree, "--unlock").returncode == 0
        assert planned(smallest_run.tree) == {"tables_holzschuh2022_headline": 1, "page": 1, "card": 1}
    finally:
        incomplete.unlink(missing_ok=True)
        metadata.write_bytes(kept)
    assert planned(smallest_run.tree) == {}


def test_the_pages_template_counts_as_code(smallest_run, edited):
    edited("workflow/galforge/report/page.html.j2", lambda text: text.replace("Printed values: ", "Values printed: "))
    assert planned(smallest_run.tree) == {"page": 1}


def test_an_edit_while_a_job_waits_is_refused(smallest_run, tmp_path):
    """The page is planned, then the module behind it is edited while the tables before it are made.

    In a copy: it leaves the run unfinished.
    """
    tree = tmp_path / "galforge"
    subprocess.run(["cp", "-a", smallest_run.tree, tree], check=True)
    layout = tree / "workflow/galforge/report/layout.py"
    command = [Path(sys.executable).with_name("snakemake"), "--profile", "profiles/local"]
    command += ["--configfile", SMALLEST, "--cores", "1", "--forcerun", "tables_holzschuh2022_headline"]
    running = subprocess.Popen(command, cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said = []
    for line in running.stdout:
        said.append(line)
        if "rule tables_" in line:
            layout.write_text(layout.read_text() + "\n_added = 1\n")
            break
    said += running.stdout.read()
    running.wait(timeout=120)
    text = "".join(said)
    assert running.returncode != 0, text
    assert "was edited after this job was planned" in text, text
