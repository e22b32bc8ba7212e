"""Tables of docs/benchmarks.md, "Does it follow the redshift?", from a finished run.

    python benchmarks/redshift.py results/redshift32 [--dataset galaxiesml] [--limit 0.5]

Printed are, as means over trainings with errors over galaxies and trainings: the mean isophotal area over the source's
in each bin of redshift; sky rms over the source's in each band; outliers of the redshift; colour grain over the
source's; and the KL loss of two properties below and above a redshift, as the mean over the bins of redshift there.
Last, which of two models is better in it: one is where the difference is beyond twice its error.
"""

import argparse
import sys
from collections.abc import Iterator
from itertools import combinations, pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))

import numpy as np
import pandas as pd
from finished import rows_of, verdict

from galforge.compare import galaxy_kl
from galforge.compare.kind import REAL
from galforge.compare.redshift_bins import REDSHIFT
from galforge.compare.settings import CompareSettings
from galforge.drawing.names import model_label, split_bin
from galforge.papers.ranks import mean_replicates

AREA = "isophotal_area"
COMPARED = (AREA, "ellipticity")


def printed(rows: pd.DataFrame, columns: dict[str, str], factor: float = 1.0, digits: int = 2) -> Iterator[str]:
    """Lines of a table in Markdown, one per model: properties and what their columns are called."""
    yield f"| | {' | '.join(columns.values())} |"
    yield f"|{'---|' * (len(columns) + 1)}"
    for model, own in rows.groupby("model", sort=False):
        own = own.set_index("property")
        cells = [
            f"{factor * own.loc[name, 'value']:.{digits}f} ± {factor * own.loc[name, 'standard_error']:.{digits}f}"
            if name in own.index
            else ""
            for name in columns
        ]
        yield f"| {model_label(model)} | {' | '.join(cells)} |"


def divergences(results: Path, dataset: str, edges: np.ndarray, limit: float) -> pd.DataFrame:
    """KL losses [nats] of galaxies below and above a redshift, per model and property, as rows for ``difference``."""
    measured = results / "measurements" / dataset
    source = pd.read_parquet(measured / "source" / "sources.parquet")
    settings = CompareSettings().of("galaxy_kl", "corrected", False)
    found: dict[tuple[str, str, str], list[pd.DataFrame]] = {}
    for path in sorted(measured.glob("*-seed*/sources.parquet")):
        model, generated = path.parent.name.rpartition("-seed")[0], pd.read_parquet(path)
        bins = []
        for low, high in pairwise(edges):
            sides = (side[(side[REDSHIFT] >= low) & (side[REDSHIFT] < high)] for side in (source, generated))
            rows = galaxy_kl.compare(*sides, settings)
            bins.append(rows[rows["metric"] == "galaxy_kl"].assign(above=low >= limit))
        each = pd.concat(bins)
        for (name, above), own in each[each["property"].isin(COMPARED)].groupby(["property", "above"]):
            found.setdefault((model, name, "above" if above else "below"), []).append(own)
    keys = ("model", "property", "where")
    return pd.DataFrame([dict(zip(keys, key, strict=True)) | _mean(seeds) for key, seeds in found.items()])


def _mean(seeds: list[pd.DataFrame]) -> dict:
    """Mean over the bins and trainings; bins are other galaxies, so their errors are independent."""
    values = [own["value"].mean(skipna=False) for own in seeds]
    errors = [np.linalg.norm(own["standard_error"]) / len(own) for own in seeds]
    drawn = [mean_replicates(own["replicates"]) for own in seeds]
    scatter = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
    return {
        "value": float(np.mean(values)),
        "error_images": float(np.sqrt(np.mean(np.square(errors)))),
        "error_seeds": float(scatter),
        "floor": float(np.mean([own["floor"].mean() for own in seeds])),
        "replicates": mean_replicates(pd.Series(drawn)),
    }


def compared(rows: pd.DataFrame, first: str, second: str) -> Iterator[str]:
    """Lines about which of two models has the smaller KL loss below and above the limit."""
    for (name, where), own in rows.groupby(["property", "where"], sort=False):
        own = own.set_index("model")
        if not {first, second} <= set(own.index):
            continue
        apart, error, better = verdict(own, first, second)
        ratio = np.log10(own.loc[second, "value"] / own.loc[first, "value"])
        yield f"| {name}, {where} | {model_label(first)} - {model_label(second)} | {apart:+.3f} ± {error:.3f} | " + (
            f"log10 of {second} over {first}: {ratio:+.2f} | {better} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--dataset", default="galaxiesml")
    parser.add_argument(
        "--limit", type=float, default=0.5, help="redshift that divides low from high, an edge of a bin"
    )
    given = parser.parse_args()
    ratios = rows_of(given.results, "li2024/successors", "generated_over_real", given.dataset)
    bins = {name: found for name in ratios["property"].unique() if (found := split_bin(name)) and found[0] == AREA}
    edges = np.array(sorted({edge for _, *ends in bins.values() for edge in ends}))
    if given.limit not in edges:
        sys.exit(f"--limit {given.limit:g} is no edge of a bin of redshift ({', '.join(f'{e:g}' for e in edges)})")
    print("Isophotal area over the source's\n")
    print("\n".join(printed(ratios, {name: f"{low:g} to {high:g}" for name, (_, low, high) in bins.items()})))
    bands = [name for name in ratios["property"].unique() if name.startswith("sky_rms_")]
    print("\nSky rms over the source's\n")
    print("\n".join(printed(ratios, {name: name.removeprefix("sky_rms_") for name in bands}, digits=3)))
    for title, table, metric, name, factor in (
        ("Outliers of the redshift [%]", "li2024/table1", "redshift_outliers", "all", 100.0),
        ("Colour grain, median over the source's", "holzschuh2022/colour_grain", "median_ratio", "colour_grain", 1.0),
        ("Colour grain, distance [mag]", "holzschuh2022/colour_grain", "wasserstein", "colour_grain", 1.0),
    ):
        digits = 1 if factor > 1 else 3
        print(f"\n{title}\n")
        print("\n".join(printed(rows_of(given.results, table, metric, given.dataset), {name: title}, factor, digits)))
    rows = divergences(given.results, given.dataset, edges, given.limit)
    print(f"\nKL loss [nats] below and above redshift {given.limit:g}: value ± error (floor)\n")
    for row in rows.itertuples():
        total = np.hypot(row.error_images, row.error_seeds if np.isfinite(row.error_seeds) else 0.0)
        where = f"{row.property}, {row.where}"
        print(f"| {model_label(row.model)} | {where} | {row.value:.3f} ± {total:.3f} ({row.floor:.3f}) |")
    print("\nDifferences of KL losses, and which model is better\n")
    models = [model for model in rows["model"].unique() if model != REAL]
    for pair in combinations(models, 2):
        print("\n".join(compared(rows, *pair)))


if __name__ == "__main__":
    main()
