"""Where a run stands (``make status``): what is done, what runs, what failed. It works while a driver runs, too.

``python workflow/galforge/operate/status.py snakemake --profile ... [--configfile ...]``, in the directory of the run,
asks that command for its jobs, and looks at SLURM, at this machine and into the logs for the rest.
"""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import psutil

from galforge.errors import GalforgeError
from galforge.operate import processes
from galforge.operate.processes import LOCKS, NoSlurm, Process
from galforge.operate.rules import Written, written

_NODE = re.compile(r'^\t(\d+)\[label = "(\w+)[^"]*", .*style="([^"]*)"\];$', re.MULTILINE)
_EDGE = re.compile(r"^\t(\d+) -> (\d+)$", re.MULTILINE)
_GREETING = re.compile(r"^galforge: .*; results in (\S+)/$", re.MULTILINE)
_SCRIPT = re.compile(r"\.snakemake/scripts/tmp[^/]*?\.(\w+)\.py$")
_LOGGED = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [A-Z]+ .*$", re.MULTILINE)
_EVENT = re.compile(
    r"^(?:Error in rule (?P<rule>\w+):\n(?P<facts>(?:    .*\n)+)|Finished jobid: (?P<done>\d+) |"
    r"Trying to restart job (?P<again>\d+)\.)",
    re.MULTILINE,
)
_FACT = re.compile(r"^    (message|jobid|log): (.*?)(?: \(check log file.*)?$", re.MULTILINE)
_TAIL_BYTES = 1 << 14


def stages(dag: str) -> dict[str, tuple[int, int]]:
    """(jobs done, all jobs) by rule, each rule after those whose results it needs.

    Args:
        dag: what ``snakemake --dag`` prints, where jobs that need not run are dashed.
    """
    rules = {number: rule for number, rule, _ in _NODE.findall(dag)}
    needs: dict[str, list[str]] = {number: [] for number in rules}
    for earlier, later in _EDGE.findall(dag):
        needs[later].append(earlier)
    level: dict[str, int] = {}
    for number in TopologicalSorter(needs).static_order():
        level[number] = 1 + max((level[earlier] for earlier in needs[number]), default=0)
    total = Counter(rules.values())
    done = Counter(rule for _, rule, style in _NODE.findall(dag) if "dashed" in style)
    last = {rules[number]: level[number] for number in sorted(rules, key=level.__getitem__)}
    return {rule: (done[rule], total[rule]) for rule in sorted(last, key=last.__getitem__) if rule != "all"}


def last_logged(log: Path) -> str:
    """The last line that galforge wrote into a rule's log; empty where there is none."""
    try:
        with open(log, "rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            text = file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return (_LOGGED.findall(text) or [""])[-1]


def failures(results: Path, snakemake_logs: Path) -> dict[str, tuple[list[str], str]]:
    """(all logs, last line) of each job whose latest try failed, by the log of its rule.

    A job that fails says so at the end of its log. A killed one does not, but the driver's latest log names it.
    """
    found: dict[str, tuple[list[str], str]] = {}
    for log in sorted(results.glob("logs/**/*.log")):
        if " ERROR " in (said := last_logged(log)):
            found[str(log)] = ([str(log)], said)
    latest = max(snakemake_logs.glob("*.snakemake.log"), key=lambda log: log.stat().st_mtime, default=None)
    text = latest.read_text(encoding="utf-8", errors="replace") if latest else ""
    failed: dict[str, dict[str, str]] = {}
    for event in _EVENT.finditer(text):
        if event["rule"]:
            facts = dict(_FACT.findall(event["facts"]))
            failed[facts["jobid"]] = facts
        else:
            failed.pop(event["done"] or event["again"], None)
    for facts in failed.values():
        logs = facts.get("log", "").split(", ")
        if logs[0].startswith(f"{results}/"):
            message = facts.get("message", "None")
            said = last_logged(Path(logs[0]))
            found[logs[0]] = (logs, said if message == "None" else message)
    return found


def report(directory: Path, greeting: str, dag: str, rules: Callable[[], Mapping[str, Written]]) -> Iterator[str]:
    """The lines that say where a run stands.

    Args:
        directory: where it was started.
        greeting: what the driver of the plan said, which names the folder of the results.
        dag: see ``stages``.
        rules: finds the files that each rule writes; called only where SLURM runs jobs.

    Raises:
        GalforgeError: the greeting names no folder of results.
    """
    if (named := _GREETING.search(greeting)) is None:
        raise GalforgeError(f"the plan names no folder of results:\n{greeting}")
    results = Path(named[1])
    yield from re.findall(r"^galforge: .*$", greeting, re.MULTILINE)
    there = processes.processes()
    yield _driver(directory, there)
    yield "jobs done:"
    for rule, (done, total) in stages(dag).items():
        yield f"  {rule:20} {done:6} of {total}"
    running = list(_local(directory, there))
    try:
        running += _slurm(directory, rules)
    except NoSlurm as reason:
        yield f"SLURM: {reason}"
    yield f"running or waiting: {len(running) or 'nothing'}"
    logs = set()
    for line, log in running:
        yield f"  {line}"
        if log:
            logs.add(log)
            yield f"      {last_logged(Path(log)) or f'nothing in {log} yet'}"
    failed = {log: rest for log, rest in failures(results, directory / ".snakemake/log").items() if log not in logs}
    yield f"failed or stopped at the latest try: {len(failed) or 'nothing'}"
    for every, said in failed.values():
        yield f"  {' '.join(every)}"
        yield f"      {said or 'it was killed, and no log says why'}"


def _driver(directory: Path, there: list[Process]) -> str:
    if alive := processes.drivers(directory, there):
        return f"driver: {', '.join(map(str, alive))}"
    if hosts := processes.other_hosts(directory):
        return f"driver: a run was started on {', '.join(hosts)}; whether it is alive can be seen there"
    if list((directory / LOCKS).glob("*")):
        return "driver: none is alive, but the directory is locked: make recover (with the run's PROFILE and CONFIG)"
    return "driver: none runs"


def _local(directory: Path, there: list[Process]) -> Iterator[tuple[str, str]]:
    """A line for each job on this machine, and the log of its rule; empty where it has opened none yet."""
    for process in processes.local_jobs(directory, there):
        if script := next((name for word in process.command if (name := _SCRIPT.search(word))), None):
            log = _open_log(process.pid, directory)
            yield f"process {process.pid}: {script[1]}, {process.elapsed()}, {log or 'no log yet'}", log


def _slurm(directory: Path, rules: Callable[[], Mapping[str, Written]]) -> list[tuple[str, str]]:
    """A line for each SLURM job, and the log of its rule where it runs; empty where it has opened none yet."""
    jobs, logs = processes.slurm_jobs(directory), {}
    running = [job.comment for job in jobs if job.state == "RUNNING"]
    for name, rule in (rules() if running else {}).items():
        # Values of wildcards are joined by a character that may be in them: only the logs tell them apart.
        comment = f"rule_{name}_wildcards"
        if any(each.startswith(f"{comment}_") for each in running):
            for named in rule.started:
                logs["_".join([comment, *map(named.get, rule.wildcards)])] = rule.log.format(**named)
    return [(f"{job}, {job.elapsed}", logs.get(job.comment, "") if job.state == "RUNNING" else "") for job in jobs]


def _open_log(pid: int, directory: Path) -> str:
    """The rule's log that a process writes to, as its rule names it; empty where it has opened none yet."""
    try:
        names = [Path(file.path) for file in psutil.Process(pid).open_files()]
    except psutil.Error:
        return ""  # the process has ended
    logs = [path for path in names if path.suffix == ".log" and path.is_relative_to(directory / "results")]
    return str(logs[0].relative_to(directory)) if logs else ""


def main(command: list[str]) -> None:
    """Command line; see the module."""
    done = subprocess.run([*command, "--dag"], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    try:
        for line in report(Path.cwd(), done.stderr, done.stdout, lambda: written(command[1:])):
            print(line)
    except GalforgeError as error:
        sys.exit(f"status: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
