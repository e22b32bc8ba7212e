"""Everything that a GPU can tell about galforge, in one Markdown file: ``make gpu-report``.

    python benchmarks/gpu_report.py [--out results/gpu-report] [--minutes 8]

It says what this environment has other than the lock and measures the GPU (as gpu_check does). It times the steps of
the papers' scale against their rooflines (config/gpu_steps.csv), runs the tests that need a GPU (a resumed training,
drawing and features among them), and times the loop of each family against the plain one. ``rates.csv`` beside the
report has rows for ``config/rates.csv``, from which ``make plan`` then has its GPU-hours; ``--write`` puts them there.
A part that fails or does not fit into the time is told, and the others still run. No network is needed.
"""

import argparse
import datetime
import importlib.metadata
import json
import platform
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))

from galforge.atomic import replacing
from galforge.estimate import rows as tables
from galforge.estimate.rates import ROOFLINE_UNIT, TABLE, Rate, read_table
from galforge.estimate.roofline import Gpu, Step, read_steps
from galforge.provenance.records import locked_versions

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = "benchmarks/gpu_report.py"
NAMES = ("torch", "numpy", "h5py", "pydantic", "pandas", "scipy", "safetensors", "snakemake", "pytest")
LEAST_SECONDS = 10.0
SHARES = {"steps": 0.4, "tests": 0.3, "loops": 0.9}
"""By which share of the time a part has to end."""


class Report:
    """The parts of the report, each run in a process of its own until a deadline.

    Args:
        minutes: for everything.
    """

    def __init__(self, minutes: float):
        self._began, self._seconds, self.parts = time.monotonic(), 60 * minutes, list[str]()

    def run(self, words: list[str], share: float = 1.0) -> tuple[str, str]:
        """What a script of this repository prints, and how it failed; empty if it did not."""
        left = max(LEAST_SECONDS, share * self._seconds - (time.monotonic() - self._began))
        try:
            done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, timeout=left)
        except subprocess.TimeoutExpired as late:
            said = late.stdout or b""
            return said.decode() if isinstance(said, bytes) else said, f"stopped after {left:.0f} s"
        return (
            done.stdout,
            "" if done.returncode == 0 else f"exit code {done.returncode}: {done.stderr.strip()[-1500:]}",
        )

    def say(self, title: str, *lines: str) -> None:
        """Add a part, and print it."""
        self.parts.append("\n".join([f"## {title}", "", *lines, ""]))
        print(self.parts[-1], flush=True)


def versions() -> list[str]:
    """The environment as a table, beside the lock."""
    lock = locked_versions()
    rows = [("Python", platform.python_version(), "3.11 to 3.13")]
    for name in NAMES:
        try:
            here = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            here = "missing"
        rows.append((name, here, lock.get(name, "")))
    told = [f"| {name} | {here} | {wanted} |" for name, here, wanted in rows]
    other = [name for name, here, wanted in rows[1:] if here.partition("+")[0] != wanted]
    return [
        "| what | here | lock |",
        "|---|---|---|",
        *told,
        "",
        f"Other than the lock: {', '.join(other) or 'nothing'}.",
    ]


def check() -> None:
    """Print what gpu_check finds; the part ``gpu_check`` in a process of its own."""
    from galforge.training.check import check

    print(json.dumps(check(1, 1)))


def against_rooflines(rows: list[dict[str, Any]], gpu: Gpu) -> tuple[list[str], dict[tuple[str, str], float]]:
    """Times of steps as a table, and by what they are and family the median time over the bound.

    Args:
        rows: of ``tests/gpu/measure.py --time``.
        gpu: as measured.
    """
    steps = {(step.scale, step.what, step.name, step.step): step for step in read_steps()}
    lines = ["| step | images | ms | at best [ms] | ratio | peak [GB], counted |", "|---|---|---|---|---|---|"]
    ratios: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in rows:
        step: Step | None = steps.get((row["scale"], row["what"], row["name"], row["step"]))
        if step is None:
            lines.append(
                f"| {row['what']} {row['name']} {row['step']} | | {1e3 * row['seconds']:.3g} | not counted | | |"
            )
            continue
        best = step.images * step.seconds(gpu)
        ratios[step.what, step.family].append(row["seconds"] / best)
        numbers = [f"{1e3 * row['seconds']:.3g}", f"{1e3 * best:.3g}", f"{row['seconds'] / best:.2f}"]
        memory = f"{row['peak_gb']:.3g}, {step.peak_gb:.3g}"
        lines.append(f"| {step.what} {step.name} {step.step} | {step.images} | {' | '.join(numbers)} | {memory} |")
    return lines, {key: statistics.median(found) for key, found in ratios.items()}


def rates_of(gpu: Gpu, ratios: dict[tuple[str, str], float]) -> list[Rate]:
    """Rows of config/rates.csv."""
    today, told = datetime.date.today().isoformat(), gpu.name.replace(",", "")
    rates = [("gpu", name, "TFLOP/s", getattr(gpu, name)) for name in ("bf16", "tf32", "fp32")]
    rates.append(("gpu", "memory", "GB/s", gpu.memory))
    rates += [(what, family, ROOFLINE_UNIT, ratio) for (what, family), ratio in ratios.items()]
    return [Rate(rule, name, 0, unit, float(f"{value:.3g}"), told, today, SCRIPT) for rule, name, unit, value in rates]


def text_of(rates: list[Rate]) -> str:
    """Rows as CSV, as benchmarks/rates.py writes them."""
    keyed = {(rate.rule, rate.variant, rate.side, rate.unit): rate for rate in rates}
    return tables.text((keyed[key] for key in sorted(keyed)), Rate)


def found_families() -> list[str]:
    """Families that train networks."""
    return sorted(
        {step.family for step in read_steps() if step.what == "train" and step.bf16_tflop + step.tf32_tflop > 0}
    )


def main(words: list[str]) -> int:
    """Command line; see the module. 1 if a part failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "gpu-report")
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--write", action="store_true", help="put the rates into config/rates.csv, too")
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(words)
    if given.check:
        check()
        return 0
    report, faults = Report(given.minutes), []

    def part(name: str, said: str, fault: str) -> list[str]:
        if fault:
            faults.append(name)
        return ["```", said.strip() or "(it said nothing)", "```", *([f"**Failed: {fault}**"] if fault else [])]

    report.say("Environment", *versions())
    said, fault = report.run([__file__, "--check"])
    found = json.loads(said) if said else {"device": "cpu"}
    report.say("GPU, as gpu_check measures it", *part("gpu_check", json.dumps(found, indent=1), fault))
    if found["device"] == "cpu":
        report.say("No GPU", "torch sees no GPU here, so nothing else was run.")
        return _write(given.out, report, [], given.write) or 1
    gpu = Gpu.of_check(found)
    said, fault = report.run(
        ["tests/gpu/measure.py", "--scales", "paper", "--device", "cuda", "--time"], SHARES["steps"]
    )
    rows = [json.loads(line) for line in said.splitlines() if line.endswith("}")]
    lines, ratios = against_rooflines([row for row in rows if "error" not in row], gpu)
    lines += [f"- {row['what']} {row['name']} failed: {row['error']}" for row in rows if "error" in row]
    if fault or any("error" in row for row in rows):
        faults.append("steps")
    report.say("Steps of the papers' scale against their rooflines", *lines, *([f"**{fault}**"] if fault else []))
    tests = ["-m", "pytest", "tests/gpu", "-m", "gpu", "-q", "-p", "no:cacheprovider"]
    report.say("Tests that need a GPU", *part("tests", *report.run(tests, SHARES["steps"] + SHARES["tests"])))
    for family in found_families():
        loop = ["benchmarks/training.py", "--device", "cuda", "--family", family, "--seconds", "6"]
        report.say(f"The loop of {family}", *part(f"loop of {family}", *report.run(loop, SHARES["loops"])))
    rates = rates_of(gpu, ratios)
    report.say("Rates", f"`{SCRIPT} --write`, or these rows in `config/rates.csv`, then `make plan`:", "", "```",
               text_of(rates).strip(), "```")  # fmt: skip
    report.say("In short", f"Parts that failed: {', '.join(faults) or 'none'}.")
    return _write(given.out, report, rates, given.write) or int(bool(faults))


def _write(folder: Path, report: Report, rates: list[Rate], write: bool) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    texts = {folder / "report.md": f"# galforge on a GPU, {datetime.date.today()}\n\n" + "\n".join(report.parts)}
    if rates:
        texts[folder / "rates.csv"] = text_of(rates)
        if write:
            texts[TABLE] = text_of([*read_table(), *rates])
    for path, text in texts.items():
        with replacing(path) as new:
            new.write_text(text, encoding="utf-8")
    print(f"written: {', '.join(map(str, texts))}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
