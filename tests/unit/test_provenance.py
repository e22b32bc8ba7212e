"""A job starts only as the one the driver planned, and says afterwards what it was made from."""

import hashlib
import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import h5py
import pytest

from galforge.errors import GalforgeError
from galforge.provenance import records
from galforge.provenance.records import PLAN_VARIABLE, begin, code_param, file_digest, finish, job_key, planned_job
from galforge.settings import canonical

SCRIPTS = records.ROOT / "workflow" / "scripts"
SCRIPT = SCRIPTS / "table.py"
KEY = job_key("table", {"table": "headline"})


class Named(list):
    """Stands in for Snakemake's named lists."""

    def __init__(self, **items):
        super().__init__(items.values())
        self.__dict__.update(items)
        self._items = items

    def items(self):
        return self._items.items()

    def keys(self):
        return self._items.keys()


@pytest.fixture
def job(tmp_path, monkeypatch):
    """A planned job of rule table, as Snakemake hands it to its script."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    (tmp_path / "in.csv").write_text("1\n")
    params = SimpleNamespace(spec=canonical({"table": "headline"}), code=code_param(SCRIPT, (), ("numpy", "pandas")))
    planned = SimpleNamespace(
        rule="table",
        wildcards=Named(table="headline"),
        params=params,
        log=[str(tmp_path / "log")],
        input=Named(source=str(tmp_path / "in.csv")),
        output=Named(csv=str(tmp_path / "out.csv"), record=str(tmp_path / "out.json")),
    )
    plan = tmp_path / "plan.json"
    plan.write_text(canonical({KEY: planned_job(params.spec, params.code, ())}))
    monkeypatch.setenv(PLAN_VARIABLE, str(plan))
    return planned


def test_a_planned_job_gets_its_spec(job):
    assert begin(job, str(SCRIPT)) == {"table": "headline"}


def test_modules_that_a_script_finds_at_run_time_stand_in_the_plan_only(job, tmp_path):
    """Their names are no part of a parameter: moving one plans nothing."""
    modules = ("galforge.stamps.sizes",)
    job.params.code = code_param(SCRIPT, modules, ("numpy", "pandas"))
    assert "galforge" not in job.params.code
    (tmp_path / "plan.json").write_text(canonical({KEY: planned_job(job.params.spec, job.params.code, modules)}))
    assert begin(job, str(SCRIPT)) == {"table": "headline"}
    Path(job.output.csv).write_text("2\n")
    finish(job, str(SCRIPT))
    assert "galforge.stamps.sizes" in json.loads(Path(job.output.record).read_bytes())["modules"]


@pytest.mark.parametrize("what", ["code", "spec", "wildcards", "plan", "modules"])
def test_another_job_than_the_planned_one_is_refused(job, what):
    if what == "code":
        job.params.code = job.params.code.replace('"digest":"', '"digest":"0')
    elif what == "spec":
        job.params.spec = canonical({"table": "morphology"})
    elif what == "plan":
        # As galforge 0.1.0 wrote it, whose driver may go on after an update.
        Path(os.environ[PLAN_VARIABLE]).write_text(canonical({KEY: [job.params.spec, job.params.code]}))
    elif what == "modules":
        plan = canonical({KEY: planned_job(job.params.spec, job.params.code, ("galforge.stamps.sizes",))})
        Path(os.environ[PLAN_VARIABLE]).write_text(plan)
    else:
        job.wildcards = Named(table="morphology")
    with pytest.raises(GalforgeError, match="was edited after this job was planned"):
        begin(job, str(SCRIPT))


def test_a_job_without_a_plan_is_refused(job, monkeypatch):
    Path(job.log[0]).with_name("plan.json").unlink()
    with pytest.raises(GalforgeError, match="is gone; run Snakemake again"):
        begin(job, str(SCRIPT))
    monkeypatch.delenv(PLAN_VARIABLE)
    with pytest.raises(GalforgeError, match="jobs are started by `snakemake`"):
        begin(job, str(SCRIPT))


def test_an_installed_copy_of_the_package_is_refused(job, tmp_path):
    with pytest.raises(GalforgeError, match="galforge was imported from"):
        begin(job, str(tmp_path / "workflow" / "scripts" / "table.py"))


def test_a_library_of_another_version_than_the_lock_is_refused(job, tmp_path, monkeypatch):
    lock = tmp_path / "requirements.lock"
    lock.write_text(records.LOCK.read_text().replace("numpy==", "numpy==0."))
    monkeypatch.setattr(records, "LOCK", lock)
    job.params.code = code_param(SCRIPT, (), ("numpy", "pandas"))
    (tmp_path / "plan.json").write_text(canonical({KEY: planned_job(job.params.spec, job.params.code, ())}))
    with pytest.raises(GalforgeError, match=r"numpy \S+ is installed, the lock says 0\.\S+: run `make setup`"):
        begin(job, str(SCRIPT))


def test_a_library_must_be_in_the_lock():
    with pytest.raises(GalforgeError, match="no version of nosuchlibrary"):
        code_param(SCRIPT, (), ("nosuchlibrary",))


def test_the_record_says_what_a_job_read_and_made_and_holds_no_times(job):
    spec = begin(job, str(SCRIPT))
    Path(job.output.csv).write_text("2\n")
    finish(job, str(SCRIPT), seed=3)
    first = Path(job.output.record).read_bytes()
    finish(job, str(SCRIPT), seed=3)
    assert Path(job.output.record).read_bytes() == first
    record = json.loads(first)
    assert record["spec"] == spec
    assert record["seed"] == 3
    assert record["inputs"] == {job.input.source: file_digest(job.input.source)}
    assert record["outputs"] == {job.output.csv: file_digest(job.output.csv)}
    assert set(record["code"]) == {"digest", "libraries"}
    assert set(record["code"]["libraries"]) == {"numpy", "pandas"}
    assert "galforge.papers.assembly" in record["modules"]
    assert {"commit", "dirty"} <= set(record)


def test_the_digest_of_an_hdf5_file_is_what_it_carries_or_of_the_file(tmp_path):
    path = tmp_path / "weights.h5"
    with h5py.File(path, "w") as file:
        file["kernel"] = [1.0, 2.0]
    assert file_digest(path) == hashlib.sha256(path.read_bytes()).hexdigest()
    with h5py.File(path, "a") as file:
        file.attrs["content_sha256"] = "0a"
    assert file_digest(path) == "0a"


def test_scripts_are_short_and_take_everything_from_their_spec():
    for script in SCRIPTS.glob("*.py"):
        text = script.read_text()
        assert "snakemake.config" not in text, f"{script.name} would read what no trigger sees"
        assert len(text.splitlines()) <= 50, f"{script.name} is no thin script any more"
