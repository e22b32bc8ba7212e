"""What a step of everything that runs networks does on a GPU, counted without one.

    python benchmarks/gpu_steps.py [--write] [--device cuda]

Prints, for the papers' scale and the demo's, kernels, arithmetic, bytes moved and memory of every training, denoiser,
scorer, feature network and sampler, from their real steps on a fake device (``tests/gpu``) or on a GPU. ``--write``:
the figures become ``config/gpu_steps.csv``, from which ``make plan`` has its rooflines and to which ``tests/gpu`` holds
every step, and the table in ``docs/benchmarks.md``. Run it when a step changed. About two minutes of CPU time.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))

from galforge.atomic import replacing
from galforge.estimate import rows as tables
from galforge.estimate.roofline import A100, TABLE, Step

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
ORDER = ("train", "denoise", "score", "features", "sample")
BEGIN, END = "<!-- written by benchmarks/gpu_steps.py --write -->", "<!-- end -->"
HEAD = ("step", "images", "kernels", "TFLOP", "GB moved", "states [GB]", "peak [GB]", "A100, at best [ms]")


def counted(device: str) -> list[Step]:
    """All steps, counted in a process of its own.

    Raises:
        SystemExit: a step fails.
    """
    words = [sys.executable, str(ROOT / "tests" / "gpu" / "measure.py"), "--device", device]
    done = subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(words)} failed")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    if faults := [f"{row['what']} {row['name']}: {row['error']}" for row in rows if "error" in row]:
        sys.exit("these steps fail, and nothing was written:\n" + "\n".join(faults))
    return sorted(map(step_of, rows), key=place)


def place(step: Step) -> tuple[bool, int, str, str]:
    """Where a step stands in the tables."""
    return step.scale != "paper", ORDER.index(step.what), step.name, step.step


def step_of(row: dict[str, Any]) -> Step:
    """A row with numbers of five digits."""
    rounded = {name: float(f"{value:.5g}") if isinstance(value, float) else value for name, value in row.items()}
    return Step(**{name: rounded[name] for name in tables.columns(Step)})


def text_of(steps: list[Step]) -> str:
    """The steps as CSV."""
    return tables.text(steps, Step)


def table_of(steps: list[Step]) -> str:
    """The steps as a Markdown table."""
    lines = [f"| {' | '.join(HEAD)} |", f"|{'---|' * len(HEAD)}"]
    for step in steps:
        name = f"{step.what} {step.name}, {step.side} px" if step.side else f"{step.what} {step.name}"
        name += f", {step.step}, every {step.every}" if step.step else ""
        if step.scale != "paper":
            name += f" ({step.scale})"
        tflop = step.operations * step.images / 1e12
        numbers = (tflop, step.gb, step.states_gb, step.peak_gb, 1e3 * step.images * step.seconds(A100))
        cells = [name, str(step.images), f"{step.kernels:,}", *(f"{number:.3g}" for number in numbers)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def in_page(page: str, table: str) -> str:
    """The page with another table between the marks.

    Raises:
        SystemExit: the page has no marks.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        sys.exit(f"{PAGE.name} has no lines {BEGIN} and {END} to put the table between")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def main(words: list[str]) -> None:
    """Command line; see the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write config/gpu_steps.csv and the table of the page")
    parser.add_argument("--device", choices=("fake", "cuda"), default="fake")
    given = parser.parse_args(words)
    if given.write and given.device != "fake":
        parser.error("--write takes the fake device, so that every machine writes the same")
    steps = counted(given.device)
    print(table_of(steps))
    if given.write:
        page = in_page(PAGE.read_text(encoding="utf-8"), table_of(steps))
        for path, text in ((TABLE, text_of(steps)), (PAGE, page)):
            with replacing(path) as new:
                new.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
