"""Where rules write their logs and benchmarks, asked of Snakemake so that no path is written down a second time.

Run as a script with the options of a ``snakemake`` command, this reads the workflow, plans nothing, and prints JSON.
"""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from galforge.errors import GalforgeError

PIECES = {"measure_": "measure", "cross_validate": "scorer", "experiment": "experiment"}
"""What jobs of several pieces do in each, by the beginnings of their rules' names."""
_WILDCARD = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Written:
    """What jobs of one rule write, as paths with ``{wildcards}``; empty where they write no such file.

    Attributes:
        log: the log.
        benchmark: Snakemake's benchmark file.
        output: the first output.
        wildcards: regular expression of each wildcard, in the order in which Snakemake gives them.
        piece: what a job of several pieces with a log each does in this one, as if it were a wildcard.
    """

    log: str
    benchmark: str
    output: str
    wildcards: dict[str, str]
    piece: dict[str, str] = field(default_factory=dict)

    @cached_property
    def started(self) -> list[dict[str, str]]:
        """Wildcards of the jobs that have a log."""
        from snakemake.io import glob_wildcards

        if not self.wildcards:
            return [self.piece] if Path(self.log).is_file() else []
        names = glob_wildcards(_WILDCARD.sub(lambda name: f"{{{name[1]},{self.wildcards[name[1]]}}}", self.log))
        return [dict(zip(names._fields, each, strict=True)) | self.piece for each in zip(*names, strict=True)]

    def files(self, kind: str, wildcards: Mapping[str, str]) -> list[Path]:
        """The ``log``, ``benchmark`` or ``output`` of these jobs where there is one.

        Wildcards that have no value here may have any, and those that this rule does not have are ignored.
        """
        jobs = [job for job in self.started if all(wildcards.get(name, value) == value for name, value in job.items())]
        return [path for job in jobs if (path := Path(getattr(self, kind).format(**job))).is_file()]


def written(options: list[str]) -> dict[str, Written]:
    """The files of every rule, by its name; of one whose jobs have several pieces, those of each, by ``rule piece``.

    Args:
        options: those of the ``snakemake`` command whose workflow is read: its profile and configuration.

    Raises:
        GalforgeError: Snakemake cannot read the workflow; the message is its own.
    """
    done = subprocess.run([sys.executable, __file__, *options], capture_output=True, text=True, check=False)
    if done.returncode:
        raise GalforgeError(f"{done.stdout}{done.stderr}".strip())
    return {name: Written(*files) for name, files in json.loads(done.stdout).items()}


def _main(options: list[str]) -> None:
    from snakemake.cli import main
    from snakemake.io import strip_wildcard_constraints
    from snakemake.workflow import Workflow

    def list_rules(workflow: Workflow, only_targets: bool = False) -> None:
        rules = {}
        for rule in workflow.rules:
            constraints = {**workflow.wildcard_constraints, **rule.wildcard_constraints}
            outputs, first = dict(rule.output._allitems()), next(iter(rule.output), "")
            kind = next((kind for prefix, kind in PIECES.items() if rule.name.startswith(prefix)), "")
            for name, log in rule.log._allitems() if len(rule.log) else [(None, "")]:
                found = (log, rule.benchmark or "", outputs.get(name, first))
                paths = [strip_wildcard_constraints(str(path)) for path in found]
                wildcards = {name: constraints.get(name, "[^/]+") for name in _WILDCARD.findall(paths[-1])}
                # Where a job measures stamps of several, a piece is called by whose they are and by the measure.
                piece = dict(zip((kind, "who"), reversed(name.split()), strict=False)) if name and kind else {}
                key = f"{rule.name} {name}" if piece else rule.name
                rules[key] = [*paths, wildcards, piece]
        print(json.dumps(rules))

    # The rules are known only inside a workflow that has been read; this is where Snakemake shows them.
    Workflow.list_rules = list_rules
    main([*options, "--list-rules"])


if __name__ == "__main__":
    _main(sys.argv[1:])
