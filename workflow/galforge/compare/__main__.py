"""Compare two tables from a shell: ``python -m galforge.compare real.parquet generated.parquet -o distances.csv``."""

import argparse
import json
import sys
from pathlib import Path

from galforge.compare.tables import compare_tables, summary
from galforge.errors import GalforgeError
from galforge.measure.writing import check_output, write


def main(arguments: list[str] | None = None) -> int:
    """Compare as told, print value, error and floor of every row, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m galforge.compare", description="Compare measurements; docs/measuring-alone.md says more."
    )
    add = parser.add_argument
    add("real", type=_paths, help="table of real galaxies; several measures of the same stamps: a.parquet,b.parquet")
    add("generated", type=_paths, help="the same of generated galaxies")
    add("-o", "--output", type=Path, required=True, help="distances to write (.csv)")
    add("--comparisons", type=_words, default=(), help="names of comparisons [all that the tables allow]")
    add("--columns", type=_words, default=(), help="columns to compare one by one instead")
    add("--protocol", choices=("corrected", "published"), default="", help="[as the tables say]")
    add("--set", dest="settings", action="append", default=[], metavar="KEY=NUMBER", help="bootstrap=500, for example")
    told = parser.parse_args(arguments)
    try:
        check_output(told.output, (".csv",))
        settings = dict(_setting(each) for each in told.settings)
        chosen = {"comparisons": told.comparisons, "columns": told.columns, "protocol": told.protocol}
        rows = compare_tables(told.real, told.generated, **chosen, **settings)
        write(rows, told.output)
    except GalforgeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(summary(rows))
    return 0


def _setting(given: str) -> tuple[str, object]:
    key, _, value = given.partition("=")
    try:
        return key, json.loads(value)
    except json.JSONDecodeError as error:
        raise GalforgeError(f"--set {given}: KEY=NUMBER is needed, such as bootstrap=500") from error


def _words(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(","))


def _paths(text: str) -> list[Path]:
    return [Path(each) for each in text.split(",")]


if __name__ == "__main__":
    sys.exit(main())
