"""A copy of the checkout in a folder of its own, and Snakemake run in it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SNAKEMAKE = Path(sys.executable).with_name("snakemake")
SMALLEST = "tests/config/smallest.yaml"


def copy_tree(folder: Path, checkout: Path = ROOT) -> Path:
    """Tracked and new files of a checkout, committed there, without results."""
    listed = subprocess.run(
        ["git", "-C", checkout, "ls-files", "-co", "--exclude-standard", "-z"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (checkout / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(checkout / name, folder / name)
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    """Make a checkout of the folder, with everything in it committed."""
    who = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    for words in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "-m", "tree"]):
        subprocess.run(["git", "-C", folder, *words], check=True, capture_output=True)


def snakemake(
    folder: Path, *words: str, config: str | None = SMALLEST, **environment: str
) -> subprocess.CompletedProcess:
    """Run Snakemake with the local profile; what it prints comes back, whatever its exit code."""
    overlay = ["--configfile", config] if config else []
    variables = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
    variables.pop("GALFORGE_PLAN", None)
    return subprocess.run(
        [SNAKEMAKE, "--profile", "profiles/local", *overlay, *words],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        timeout=1800,
    )


def planned(folder: Path, *words: str, config: str | None = SMALLEST) -> dict[str, int]:
    """Jobs of a dry run by rule; ``all`` left out."""
    done = snakemake(folder, "-n", *words, config=config)
    text = done.stdout + done.stderr
    assert done.returncode == 0, text
    if "Nothing to be done" in text:
        return {}
    stats = text.split("Job stats:")[1].split("total")[0]
    found = dict(re.findall(r"^(\w+)\s+(\d+)$", stats, re.MULTILINE))
    return {rule: int(count) for rule, count in found.items() if rule not in ("all", "count")}
