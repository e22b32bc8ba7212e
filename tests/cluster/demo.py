"""Run the demo through a real SLURM and compare all it makes with a run on this machine (``make demo-cluster``).

Prints jobs, wall time, and the CPU time of drivers and jobs beside that of the local run. The nodes' GPUs are
pretended, and jobs are not told of them: they run on the CPU.
"""

import argparse
import ctypes
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import yaml

sys.path.append(str(Path(__file__).resolve().parents[1] / "workflow"))
from daemons import Cluster, missing
from tree import ROOT, copy_tree
from undisturbed import SNAKEMAKE, artefacts, environment

GPUS = "pretended"
PARTITIONS = {"cpu": ["cpu0", "cpu1"], "gpu": ["gpu0", "gpu1"]}
MAY_DIFFER = {
    "tables/*/cost.*": "it says the hours of trainings",
    "tables/gantastic2020/table2.*": "it says the seconds of training and drawing",
    "tables/*.json": "a record has the digests of tables, some of which say times",
    "figures/*fidelity*": "one of its axes is hours",
    "figures/*.json": "a record has the digests of figures, one of which shows hours",
    "studies/realism/*/generators/*": "the seconds of training and drawing stand beside the scores",
    "report/*": "the page shows tables with times",
    "card.*": "the card says hours and devices",
}
"""Patterns of artefacts that hold times or devices, and why."""
_SUBREAPER = 36


def main(words: list[str]) -> int:
    """Run both and compare; 1 if an artefact differs that must not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--configfile", default="config/demo.yaml", help="the configuration; config/demo.yaml")
    parser.add_argument("--local", type=Path, help="results folder of a finished run on one machine; made if not given")
    parser.add_argument("targets", nargs="*", help="what to make; everything if not given")
    asked = parser.parse_args(words)
    if why := missing():
        print(f"demo-cluster: {why}")
        return 1
    results = Path("results") / yaml.safe_load((ROOT / asked.configfile).read_text())["name"]
    # Jobs and daemons become children of this process when those who started them end, and so their CPU time is known.
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    folder = Path(tempfile.mkdtemp(prefix="galforge-demo-"))
    folder.chmod(0o755)
    cluster = Cluster(folder, PARTITIONS, gpus=GPUS)
    common = ["--configfile", asked.configfile, "--", *asked.targets]
    try:
        cluster.start()
        tree, other = copy_tree(folder / "slurm"), folder / "local"
        # For configurations of tests, which have models of their own.
        (tree / "workflow/toys").symlink_to("../tests/toys")
        # The same commit, which records name.
        shutil.copytree(tree, other, symlinks=True)
        _site(tree)
        jobs, spent = _run("SLURM", cluster, tree, ["--profile", "profiles/site", *common])
    finally:
        stopped = threading.Event()
        reaper = threading.Thread(target=_reap, args=(stopped,))
        reaper.start()
        cluster.stop()
        stopped.set()
        reaper.join()
    if (there := asked.local) is None:
        there = other / results
        _, alone = _run("one machine", cluster, other, ["--profile", "profiles/local", *common])
        print(f"demo-cluster: {(spent - alone) / max(jobs, 1):.1f} s of CPU more per SLURM job than on one machine")
    wrong = _compare(tree / results, there)
    if not wrong:
        shutil.rmtree(folder)
    return int(wrong)


def _site(tree: Path) -> None:
    """profiles/slurm as a site would edit it, for GPUs that no job is to look for."""
    site = yaml.safe_load((tree / "profiles/slurm/profile.yaml").read_text())
    del site["default-resources"]["slurm_account"]
    for rule, resources in site["set-resources"].items():
        site["set-resources"][rule] = {**resources, "gpu": 0, "gres": f"{GPUS}:1"}
    # Longer jobs are looked at less often; those of the demo take seconds.
    site |= {"slurm-init-seconds-before-status-checks": 5, "latency-wait": 10, "slurm-keep-successful-logs": True}
    (tree / "profiles/site").mkdir()
    (tree / "profiles/site/profile.yaml").write_text(yaml.safe_dump(site))


def _run(what: str, cluster: Cluster, tree: Path, words: list[str]) -> tuple[int, float]:
    """Run Snakemake; the number of its SLURM jobs, and the CPU time of all that ended meanwhile [s]."""
    print(f"demo-cluster: {what}: {' '.join(words)}, log in {tree}.log", flush=True)
    others, began = 0.0, time.monotonic()
    variables = environment(cluster)
    with open(f"{tree}.log", "wb") as log:
        driver = subprocess.Popen([SNAKEMAKE, *words], cwd=tree, env=variables, stdout=log, stderr=log)
    while (ended := os.wait4(-1, 0))[0] != driver.pid:
        others += ended[2].ru_utime + ended[2].ru_stime
    driver.returncode = os.waitstatus_to_exitcode(ended[1])
    said, own = Path(f"{tree}.log").read_text(errors="replace"), ended[2].ru_utime + ended[2].ru_stime
    assert driver.returncode == 0, said[-6000:]
    sent = said.count("has been submitted with SLURM jobid")
    cpu = f"driver {own:.0f} s, jobs {others:.0f} s" if sent else f"{own + others:.0f} s"
    wall = time.monotonic() - began
    print(f"demo-cluster: {what}: {said.count('Finished jobid')} jobs, {sent} in SLURM, {wall:.0f} s; CPU: {cpu}")
    return sent, own + others


def _reap(stopped: threading.Event) -> None:
    """Take note of the end of daemons, which otherwise would seem to live on."""
    while not stopped.wait(0.05):
        with suppress(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)


def _compare(here: Path, there: Path) -> bool:
    """Compare all artefacts byte for byte and print those that differ; whether one does that must not."""
    names: list[Any] = sorted({*artefacts(here), *artefacts(there)})
    equal = [n for n in names if all((f / n).is_file() for f in (here, there)) and _bytes(here, n) == _bytes(there, n)]
    wrong = False
    for name in (each for each in names if each not in set(equal)):
        why = next((why for pattern, why in MAY_DIFFER.items() if fnmatch(str(name), pattern)), "")
        wrong |= not why
        print(f"  {name} differs: {why or 'IT MUST NOT'}")
    print(f"demo-cluster: {len(equal)} of {len(names)} artefacts are equal byte for byte")
    return wrong


def _bytes(folder: Path, name: Path) -> bytes:
    """Content of a file; of a record without the commit, which is another one in another checkout."""
    content = (folder / name).read_bytes()
    if name.suffix == ".json" and isinstance(record := json.loads(content), dict):
        return json.dumps({key: each for key, each in record.items() if key not in ("commit", "dirty")}).encode()
    return content


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
