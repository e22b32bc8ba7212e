"""The size of a checkout: lines of code, rules, and what it costs to plan the demo and the papers' scale.

    python benchmarks/house.py [--checkout PATH] [--repeats 3]

Lines of code are those of Python under workflow/ without docstrings, comments and blank lines. Plans are dry runs
without any results, in CPU time of Snakemake's own start, so that they can be compared between machines; the lowest of
the repeats is printed, because other work on the machine only adds. Rules and jobs are counted with `all`. Runs in a
temporary copy of the checkout.
"""

import argparse
import ast
import io
import subprocess
import sys
import tempfile
import tokenize
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "workflow"))

from spent import spent
from tree import ROOT, SNAKEMAKE, copy_tree

PLAN = ("--profile", "profiles/local", "--dry-run", "--quiet", "rules", "host", "reason")
PLANS = {"the demo": ("--configfile", "config/demo.yaml"), "the papers' scale": ()}
_NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


def code_lines(text: str) -> int:
    """Lines of a Python file that hold code; text that stands by itself documents, wherever it stands."""
    documenting: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            documenting |= set(range(node.lineno, node.end_lineno + 1))
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in _NO_CODE:
            code |= set(range(token.start[0], token.end[0] + 1))
    return len(code - documenting)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkout", type=Path, default=ROOT, help="default: this one")
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="galforge-") as folder:
        tree = copy_tree(Path(folder) / "galforge", given.checkout)
        files = sorted((tree / "workflow").rglob("*.py"))
        lines = sum(code_lines(file.read_text(encoding="utf-8")) for file in files)
        print(f"code: {lines} lines in {len(files)} files under workflow/")
        command = [SNAKEMAKE, "--profile", "profiles/local", "--list-rules"]
        rules = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=True).stdout.splitlines()
        print(f"rules: {len(rules)}", flush=True)
        for name, words in PLANS.items():
            # In turns with Snakemake's start: a machine that slows down changes both.
            turns = [(spent(tree, "--version").cpu, spent(tree, *PLAN, *words)) for _ in range(given.repeats)]
            start, plan = min(turn[0] for turn in turns), min((turn[1] for turn in turns), key=lambda one: one.cpu)
            print(f"{name}: {plan.jobs} jobs, planned in {plan.cpu / start:.1f} starts of Snakemake", flush=True)


if __name__ == "__main__":
    main()
