"""Tables of docs/benchmarks.md about Holzschuh et al.'s claim, from a finished run of skirt64.yaml or cosmos64.yaml.

    python benchmarks/claims.py results/skirt64 [--first stylegan]

For each data set with several models: values of the tables under the corrected protocol as mean over trainings ± error
(floor), bold where no model is better (rank 1); the sky of generated galaxies beside the source's; and, for each group
of the headline, by how much a model differs from each of the others. One is better where the difference is beyond twice
its error.
"""

import argparse
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))

import numpy as np
import pandas as pd
from finished import NOT_MODELS, rows_of, table_of, verdict

from galforge.drawing.names import GROUPS, model_label
from galforge.papers import assembly, registry

PAPER = "holzschuh2022"
SHOWN = (
    ("power_spectrum", "wasserstein", "average", "power spectrum, average W1 [dex]", 3),
    ("power_spectrum", "wasserstein", "large_scales", "its large scales [dex]", 3),
    ("power_spectrum", "wasserstein", "small_scales", "its small scales [dex]", 3),
    ("morphology", "wasserstein", "average", "morphology, average W1 [source's deviation]", 3),
    ("headline", "wasserstein", "colour_bulge", "colours and bulge statistic, average W1", 3),
    ("joint", "classifier", "all", "classifier, 2 AUC - 1", 3),
    ("fid", "fid", "efficientnet-lite0", "FID", 2),
    ("coverage", "precision", "efficientnet-lite0", "precision", 2),
    ("coverage", "recall", "efficientnet-lite0", "recall", 2),
    ("coverage", "memorisation", "efficientnet-lite0", "copying of training galaxies", 2),
)
"""Table, metric, property, what it is called, digits."""
SKY = ("sky_rms", "sky_autocorrelation")


def line(label: str, cells: dict[str, str], models: list[str]) -> str:
    return f"| {label} | {' | '.join(cells.get(model, '') for model in models)} |"


def values(results: Path, dataset: str, models: list[str]) -> Iterator[str]:
    """Lines of what SHOWN names, of morphology among those measured, and of the shares measured."""
    for table, metric, name, label, digits in SHOWN:
        rows = rows_of(results, f"{PAPER}/{table}", metric, dataset)
        rows = rows[(rows["property"] == name) & rows["model"].isin(models)]
        if rows["value"].isna().all():
            continue
        floor = rows["floor"].mean()
        cells = {}
        for row in rows.itertuples():
            text = f"{row.value:.{digits}f} ± {row.standard_error:.{digits}f}"
            cells[row.model] = f"**{text}**" if row.rank == 1 else text
        yield line(label + (f" ({floor:.{digits}f})" if np.isfinite(floor) else ""), cells, models)
        if (table, name) == ("morphology", "average"):
            both = {row.model: f"{row.conditional:.3f} ± {row.conditional_error:.3f}" for row in rows.itertuples()}
            yield line("the same of those measured", both, models)
            shares = {
                row.model: f"{100 * row.share_generated:.0f} ± {100 * row.share_error:.0f}" for row in rows.itertuples()
            }
            yield line(f"share measured [%], source {100 * rows['share_source'].iloc[0]:.0f}", shares, models)


def skies(results: Path, dataset: str, models: list[str]) -> Iterator[str]:
    """Median sky of generated galaxies: rms over the source's, and correlation of neighbours less the source's.

    A source without noise has no sky that could be compared.
    """
    measured = results / "measurements" / dataset
    if not (path := measured / "source" / "photometry.parquet").exists():
        return
    source = pd.read_parquet(path)
    if not source.filter(like=SKY[0]).median().all():
        return
    for column in [name for name in source if name.startswith(SKY)]:
        rms, typical, cells = column.startswith(SKY[0]), source[column].median(), {}
        for model in models:
            files = sorted(measured.glob(f"{model}-seed[0-9]*/photometry.parquet"))
            medians = np.array([pd.read_parquet(file, columns=[column])[column].median() for file in files])
            apart = medians / typical if rms else medians - typical
            error = f" ± {np.std(apart, ddof=1) / np.sqrt(len(apart)):.3f}" if len(apart) > 1 else ""
            cells[model] = f"{np.mean(apart):.3f}{error}"
        yield line(f"{column}, {'over' if rms else 'less'} the source's", cells, models)


def claims(results: Path, dataset: str, first: str, models: list[str]) -> Iterator[str]:
    """Lines with the difference of a model from each other one, in each group of the headline."""
    table = registry.tables()[f"{PAPER}/headline"]
    files = sorted((results / "distances" / dataset).glob("*/seed*/properties.csv"))
    drawn = [path for file in files if (path := file.with_suffix(".parquet")).exists()]
    runs = pd.concat(assembly.read_distances(files, drawn), ignore_index=True)
    runs = runs[runs["model"].isin(models)].assign(engine=lambda frame: assembly.engines(frame))
    rows = assembly.averaged(table, table.function("select")(runs))
    for name, own in rows[rows["protocol"] == "corrected"].groupby("property", sort=False):
        own = own.set_index("model")
        for other in [model for model in models if model != first and {model, first} <= set(own.index)]:
            apart, error, better = verdict(own, first, other)
            said = f"{model_label(first)} - {model_label(other)}"
            yield f"| {GROUPS.get(name, name)} | {said} | {apart:+.3f} ± {error:.3f} | {better} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--first", nargs="+", default=["stylegan", "edm"], help="models that the others are beside")
    given = parser.parse_args()
    for dataset in table_of(given.results, f"{PAPER}/headline")["dataset"].unique():
        ran = rows_of(given.results, f"{PAPER}/headline", "wasserstein", dataset)
        models = [model for model in ran["model"].unique() if model not in NOT_MODELS]
        if len(models) < 2:
            continue
        print(f"\n{dataset}\n\n| | {' | '.join(map(model_label, models))} |\n|{'---|' * (len(models) + 1)}")
        print("\n".join(chain(values(given.results, dataset, models), skies(given.results, dataset, models))))
        firsts = [model for model in models if any(model.startswith(each) for each in given.first)]
        print("\n| group | difference | value | better |\n|---|---|---|---|")
        print("\n".join(chain.from_iterable(claims(given.results, dataset, each, models) for each in firsts)))


if __name__ == "__main__":
    main()
