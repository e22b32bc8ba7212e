"""Order of the generators of sparse images, by score and by power spectrum, beside the report's, from a finished run.

    python benchmarks/sparse_order.py results/sparse [--dataset sparse]

Ranks have ties: a model is better where the difference is beyond its error over images and trainings, Holm-corrected
over all pairs. By score is ranked twice: as the report does, where more is better, and by the distance from the images
that people labelled real. Kendall's tau-b compares each order with the printed scores, of models that have one.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))

import numpy as np
import pandas as pd
import scipy.stats

from galforge.compare.kind import REAL
from galforge.drawing.names import model_label
from galforge.papers.ranks import ranked
from galforge.papers.table import Table

EMPTY = "empty"
SPECTRUM = "holzschuh2022/power_spectrum"
SCORES = "gantastic2020/table2"


def rows_of(results: Path, table: str, dataset: str, **chosen: str) -> pd.DataFrame:
    """Rows of a table of the run, by model, where columns have these values."""
    path = results / "tables" / f"{table}.csv"
    if not path.exists():
        sys.exit(f"{path} is missing: finish the run first (snakemake with its configuration)")
    rows = pd.read_csv(path)
    for column, value in {"dataset": dataset, **chosen}.items():
        rows = rows[rows[column] == value]
    return rows[rows["seeds"].notna()].drop_duplicates("model").set_index("model")


def ranks(rows: pd.DataFrame, values: pd.Series, source_error: float = 0.0) -> pd.Series:
    """Ranks of values of which smaller is better, from the errors of rows; `source_error` is that of what they are
    compared with, and common to all, so that it says nothing of their order."""
    table = Table("", (), ("value",), "", "", readings={"value": "distance"})
    frame = rows.assign(
        value=values, model=rows.index, metric="value", property="", protocol="", origin="", replicates=[()] * len(rows)
    )
    frame["at_floor"] = (values.abs() <= 2 * np.hypot(rows["standard_error"], source_error)) & (source_error > 0)
    return ranked(table, frame.reset_index(drop=True)).set_index("model")["rank"]


def agreement(order: pd.Series, printed: pd.Series) -> str:
    """Kendall's tau-b between ranks and printed scores, of models that have one."""
    there = printed.notna()
    found = scipy.stats.kendalltau(-order[there].astype(float), printed[there])
    return f"{found.statistic:+.2f} (p = {found.pvalue:.2f}, {there.sum()} models)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--dataset", default="sparse")
    given = parser.parse_args()
    scored = rows_of(given.results, SCORES, given.dataset, metric="mean_score")
    real, scored = scored.loc[REAL], scored.drop(index=REAL)
    spectra = rows_of(
        given.results, SPECTRUM, given.dataset, property="average", metric="wasserstein", protocol="corrected"
    )
    spectra = spectra.reindex(scored.index)
    away = scored["value"] - real["value"]
    orders = {
        "score": ranks(scored, -scored["value"]),
        "distance of the score": ranks(scored, away.abs(), real["standard_error"]),
        "spectrum": spectra["rank"],
    }
    print(
        f"Images labelled real: {real['value']:.2f} ± {real['standard_error']:.2f}, printed {real['published']:.2f}\n"
    )
    print("| | mean score | rank | from real images | rank | printed | power spectrum [dex] | floor | rank |")
    print(f"|{'---|' * 9}")
    for model in spectra["value"].sort_values().index:
        own, spectrum = scored.loc[model], spectra.loc[model]
        printed = f"{own['published']:.2f}" if np.isfinite(own["published"]) else ""
        cells = [
            f"{own['value']:.2f} ± {own['standard_error']:.3f}",
            f"{orders['score'][model]:.0f}",
            f"{away[model]:+.2f}",
            f"{orders['distance of the score'][model]:.0f}",
            printed,
            f"{spectrum['value']:.3f} ± {spectrum['standard_error']:.3f}",
            f"{spectrum['floor']:.3f}",
            f"{orders['spectrum'][model]:.0f}",
        ]
        print(f"| {model_label(model)} | {' | '.join(cells)} |")
    print()
    for name, order in orders.items():
        print(f"Kendall's tau of the order by {name} with the report's: {agreement(order, scored['published'])}")
    if EMPTY in scored.index:
        worse = scored.index[scored["value"] < scored.loc[EMPTY, "value"]]
        print(f"\nBlack images score {scored.loc[EMPTY, 'value']:.2f}: more than {', '.join(worse) or 'no model'}")


if __name__ == "__main__":
    main()
