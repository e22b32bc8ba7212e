"""What the Snakefile asks for before rules are read: the checked configuration, and a word to the user at the start."""

import os
import re
import socket
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from galforge.atomic import write_text
from galforge.config.declared import optional
from galforge.config.parse import ConfigError, parse
from galforge.config.tree import Config, downloadable, is_scored
from galforge.download.wanted import downloads_of
from galforge.errors import GalforgeError
from galforge.measure.family import declared
from galforge.plan.measuring import Measuring
from galforge.plan.retraining import record_of, retrained
from galforge.plan.stages import Stages
from galforge.plan.tracks import check_track
from galforge.provenance.digest import PACKAGE
from galforge.provenance.folders import contents_digest
from galforge.provenance.records import DRIVER_JOB_VARIABLE, PLAN_VARIABLE, file_digest, job_key, planned_job
from galforge.provenance.remembered import remember
from galforge.raw.walk import walked
from galforge.settings import canonical

PLAN_DAYS = 30
_PLANNED: dict[str, Any] = {}
"""What was planned in this process: a workflow may have galforge as a module several times, and all share a file."""


class Driver:
    """The configuration of this run and its stages.

    Args:
        workflow: Snakemake's workflow object; only looked at, and only where no public name exists.
        raw: the merged configuration.

    Raises:
        GalforgeError: the system is not Linux, the configuration is wrong, raw data is missing, or results are not
            Snakemake's.
    """

    def __init__(self, workflow: Any, raw: dict[str, Any]):
        if sys.platform != "linux":
            raise GalforgeError(
                f"galforge needs Linux, and this is {sys.platform}: it finds out about processes in /proc. Run it on a "
                "Linux machine, or in a container or virtual machine with Linux on this one"
            )
        self._workflow = workflow
        self.config: Config = parse(raw)
        self.stages = Stages(self.config)
        self.results = Path("results") / self.config.overall.name
        if workflow.is_main_process:
            remember(Path(".snakemake/galforge/code.json"))
            plan = Path(f".snakemake/galforge/plan-{socket.gethostname()}-{os.getpid()}.json")
            os.environ[PLAN_VARIABLE] = str(plan.absolute())
            # Under `salloc` the driver's own job is not a training's to requeue.
            os.environ[DRIVER_JOB_VARIABLE] = os.environ.get("SLURM_JOB_ID", "")
            # A job that goes back into the queue would begin its log anew, and nobody could tell why it was stopped.
            os.environ.setdefault("SBATCH_OPEN_MODE", "append")
            check_track(self.config)
            self._check_module()
            self._check_paths()
            self._check_metadata()
            self._greet()

    def raw(self, dataset: str) -> list[str]:
        """Raw input of a data set: its downloads, the path the user gave, or nothing."""
        settings = self.config.datasets[dataset].settings
        if files := downloads_of(settings):
            return [f"{self.config.overall.raw}/{file}" for file in files]
        if optional(settings, "source") != "path":
            return []
        beside = optional(settings, "catalogue")
        return [settings.path, *([beside] if beside else [])]

    def downloads(self) -> str:
        """Regular expression of the file names that are downloaded; it matches nothing where there are none."""
        settings = downloadable(self.config.datasets, self.config.measures).values()
        return _any_of({file for each in settings for file in downloads_of(each)})

    def datasets(self, rule: str) -> str:
        """Regular expression of the data sets whose stamps a rule makes."""
        return _any_of(name for name in self.config.datasets if self.stages.facts.stamps_rule(name) == rule)

    def folded(self) -> str:
        """Regular expression of the data sets of which a fold is the test split."""
        return _any_of(filter(self.stages.facts.is_folded, self.config.datasets))

    def bands(self) -> str:
        """Regular expression of the names of bands."""
        return _any_of(band for entry in self.config.datasets.values() for band in entry.settings.bands)

    def sampled(self, in_parts: bool) -> str:
        """Regular expression of the data sets whose models' stamps are drawn in parts, or in one job."""
        parts = self.stages.facts.sample_parts
        return _any_of(dataset for dataset in self.config.datasets if (parts(dataset) > 1) == in_parts)

    def models(self, kind: Callable[[str], bool]) -> str:
        """Regular expression of the models whose families are of a kind (``tree.is_trained`` or another)."""
        found = {run.model: self.config.models[run.dataset, run.model].family for run in self.config.run}
        return _any_of(model for model, family in found.items() if kind(family))

    def given(self, dataset: str, model: str) -> list[str]:
        """The files of given images, and of their catalogue if there is one."""
        settings = self.config.models[dataset, model].network
        return [path for path in (settings.path, settings.catalogue) if path]

    def parted(self, kind: Measuring) -> bool:
        """Whether some stamps are measured in parts."""
        known = [who for who in ("source", "scored") if re.fullmatch(kind.who, who)] or ["generated"]
        parts = self.stages.facts.measure_parts
        return any(parts(dataset, who, kind.measures) > 1 for dataset in kind.datasets for who in known)

    def stretches(self, dataset: str, measure: str) -> bool:
        """Whether the source's stamps set the scale at which a measure sees anybody's; 8-bit images have one."""
        entry = self.config.measures[measure]
        stretched = declared(entry.family).stretched
        if stretched == "unscored":
            return not is_scored(self.config.datasets[dataset].family)
        return stretched == "corrected" and entry.protocol == "corrected"

    def scoring_networks(self) -> str:
        """Regular expression of the scorers of images that are networks."""
        return _any_of(self.stages.realism.scorers(by_network=True))

    def sweeps(self) -> str:
        """Regular expression of the sweeps of the denoising study; it matches nothing where there are none."""
        return _any_of(sweep.name for sweep in self.config.sweeps)

    def weights(self, dataset: str, measure: str) -> str | list[str]:
        """The file of weights that a measure's network needs, where it does not come with its package."""
        settings = self.config.measured[dataset, measure].settings
        if (model := optional(settings, "model")) is not None:
            return self.stages.facts.weights(dataset, model, settings.seed)
        for file in downloads_of(settings):
            return f"{self.config.overall.raw}/{file}"
        return settings.path if optional(settings, "weights") == "path" else []

    def listing(self, dataset: str) -> str:
        """Digest of what is in a raw folder; empty where the raw input is a file or is made."""
        settings = self.config.datasets[dataset].settings
        return _listing(Path(settings.path)) if optional(settings, "source") == "path" else ""

    def given_listing(self, dataset: str, model: str) -> str:
        """The same of a folder of given images."""
        path = Path(self.config.models[dataset, model].network.path)
        return _listing(path) if path.is_dir() else ""

    def shares(self) -> bool:
        """Whether source stamps and what is measured on them may be shared between working directories.

        Snakemake's key of a shared file is made from parameters and from the contents of raw files. It cannot read a
        folder, and of a download it takes the parameters: without a checksum among them they do not fix the contents.
        """
        if "SNAKEMAKE_OUTPUT_CACHE" not in os.environ:
            return False
        return not any(self._unshared(name) for name in self.config.made_datasets)

    def _unshared(self, dataset: str) -> str:
        """Why a data set cannot be shared; empty where it can."""
        settings = self.config.datasets[dataset].settings
        if optional(settings, "source") == "path" and Path(settings.path).is_dir():
            return "its path is a folder; pack it into a tar"
        if any(not (fetched.get("sha256") or fetched.get("md5")) for fetched in downloads_of(settings).values()):
            return "its download has no checksum; give sha256 or md5"
        for measure in self.config.taken(dataset):
            downloads = downloads_of(self.config.measured[dataset, measure].settings).values()
            if any(not (fetched.get("sha256") or fetched.get("md5")) for fetched in downloads):
                return f"the downloaded weights of measure {measure} have no checksum; give sha256"
        return ""

    def template(self) -> str:
        """sha256 of the page's template."""
        return file_digest(PACKAGE / "report" / "page.html.j2")

    def write_plan(self) -> None:
        """Write down what each job was planned to be; the jobs compare (called before the first job)."""
        jobs = list(self._workflow.dag.needrun_jobs())
        params = [tuple(job.params.get(name) for name in ("spec", "code")) for job in jobs]
        # By what they are made from, not by the names of rules: a workflow that has this one as a module may call them
        # otherwise, and has rules of its own.
        modules = {(stage.spec_param, stage.code_param): stage.modules for stage in self.stages.made}
        for job, made_from in zip(jobs, params, strict=True):
            if all(isinstance(param, str) for param in made_from) and made_from in modules:
                key = job_key(job.rule.name, job.wildcards_dict)
                _PLANNED[key] = planned_job(*made_from, modules[made_from])
        plan = Path(os.environ[PLAN_VARIABLE])
        for old in plan.parent.glob("plan-*.json"):
            if time.time() - old.stat().st_mtime > PLAN_DAYS * 86400:
                old.unlink(missing_ok=True)
        write_text(plan, canonical(_PLANNED))

    def _check_module(self) -> None:
        if self._workflow.modifier.modify_path(str(self.results)) != str(self.results):
            raise GalforgeError(
                f"the module's `prefix` or `replace_prefix` moves {self.results}, where galforge looks for results: "
                "leave it out, and set `name` in the configuration, which is the folder's name"
            )

    def _check_paths(self) -> None:
        for name in self.config.made_datasets:
            settings = self.config.datasets[name].settings
            if optional(settings, "source") == "path" and not Path(settings.path).exists():
                said = " ".join((type(settings).model_fields["path"].description or "").split())
                wanted = said.removeprefix("with source: path. ")
                raise ConfigError(
                    f"datasets.{name}.path: {settings.path} does not exist (relative paths start at {Path.cwd()}). "
                    f"Give what it is for ({wanted}), or another source"
                )
            beside = optional(settings, "catalogue")
            if beside and not Path(beside).is_file():
                raise ConfigError(
                    f"datasets.{name}.catalogue: {beside} is no file (relative paths start at {Path.cwd()}). Give the "
                    "catalogue of the images, or leave it out"
                )

        for run in self.config.run:
            if self.stages.facts.is_given(run.dataset, run.model):
                for path in self.given(run.dataset, run.model):
                    if not Path(path).exists():
                        raise ConfigError(
                            f"models.{run.model}: {path} does not exist (relative paths start at {Path.cwd()}); give "
                            "the file or folder of the generated images, or of their catalogue"
                        )
        for file, wanted, measure in sorted(self._weights_given()):
            if Path(file).is_file() and (found := file_digest(file)) != wanted:
                raise ConfigError(
                    f"measures.{measure}.path: {file} has sha256 {found[:16]}..., not {wanted[:16]}...: give the file "
                    "of that checksum, or correct sha256"
                )
        for sweep in self.config.sweeps:
            for name in sweep.brought:
                if not Path(path := self.config.denoisers[name].weights).is_file():
                    raise ConfigError(
                        f"denoisers.{name}.weights: {path} is no file (relative paths start at {Path.cwd()}). Give the "
                        f"HDF5 file of the network, or take {name} out of run: denoise"
                    )

    def _weights_given(self) -> set[tuple[str, str, str]]:
        """Files of weights that measures are taken with and whose checksum is known: (file, checksum, measure)."""
        taken = [(dataset, measure) for dataset in self.config.used_datasets for measure in self.config.taken(dataset)]
        entries = [(measure, self.config.measured[dataset, measure].settings) for dataset, measure in taken]
        told = {(optional(each, "path"), optional(each, "sha256"), measure) for measure, each in entries}
        return {(file, wanted, measure) for file, wanted, measure in told if file and wanted}

    def _check_metadata(self) -> None:
        """Results that were copied without .snakemake would be taken for current whatever they were made from."""
        unknown = []
        for record in sorted(self.results.rglob("*.json")):
            # An output marked incomplete was left by a killed driver: Snakemake knows it, and makes it again.
            known = any(_kept(store, str(record)).exists() for store in ("metadata", "incomplete"))
            if not known and record_of(record) is not None:
                unknown.append(str(record))
        if unknown:
            raise GalforgeError(
                f"{self.results} holds {len(unknown)} artefacts that Snakemake has no record of, such as {unknown[0]} "
                "(copied without .snakemake?): it could not tell which are still valid. Copy the folder .snakemake "
                f"along with them, or move {self.results} away"
            )

    def _greet(self) -> None:
        overall = self.config.overall
        # Snakemake lists the Snakefile's own configuration last, though it is the one that overlays lie on.
        *overlays, base = [os.path.relpath(file) for file in self._workflow.configfiles] or ["another workflow"]
        files = ", ".join([base, *overlays])
        say(
            f"galforge: configuration {overall.name!r} ({overall.scale} scale) from {files}; results in {self.results}/"
        )
        if "SNAKEMAKE_OUTPUT_CACHE" in os.environ:
            for name in self.config.made_datasets:
                if reason := self._unshared(name):
                    say(
                        f"galforge: nothing is shared between working directories, because of data set {name}: {reason}"
                    )
        for line in retrained(self.stages, self.results):
            say(f"galforge: {line}")


def _listing(path: Path) -> str:
    """Digest of what is in a raw folder, or beside a catalogue that names other files; empty for other files."""
    if not path.exists():
        return ""
    if path.is_dir():
        folder, files = path, walked(path)
    elif path.suffix == ".fits":
        # A RealGalaxy catalogue is one file that names others beside it.
        folder, files = path.parent, path.parent.glob("*.fits*")
    else:
        return ""
    return contents_digest(folder, [file for file in files if file.is_file() and not file.name.startswith(".")])


def _any_of(names: Iterable[str | None]) -> str:
    """Regular expression that matches these names and no other; nothing where there are none."""
    return "|".join(re.escape(name) for name in sorted(filter(None, names))) or "(?!)"


def say(line: str) -> None:
    """A line for the user, on standard error like Snakemake's own."""
    print(line, file=sys.stderr)


def _kept(store: str, output: str) -> Path:
    """Where Snakemake's file backend keeps what it knows of an output (``metadata``, ``incomplete``)."""
    name = urlsafe_b64encode(output.encode()).decode()
    pieces = [name[i : i + 254] for i in range(0, len(name), 254)]
    return Path(".snakemake", store).joinpath(*[f"@{piece}" for piece in pieces[:-1]], pieces[-1])
