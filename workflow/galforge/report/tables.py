"""From distances to tables: seeds averaged, printed values beside, origin and protocol on each row."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from galforge.atomic import replacing, write_text
from galforge.drawing.names import COLOUR_BULGE, CONDITIONAL, COSTS, GROUPS, MORPHOLOGY, PHOTOMETRY
from galforge.errors import GalforgeError
from galforge.papers.gantastic2020 import gantastic2020
from galforge.papers.holzschuh2022.headline import headline
from galforge.papers.li2024.rows import named_by_network
from galforge.papers.li2024.rows import place as among_its_metric
from galforge.papers.printed import COLUMNS as PRINTED
from galforge.papers.printed import KEY, printed, with_printed
from galforge.papers.readings import KINDS, METRICS, OWN, PAIRED, REAL, ROUNDTRIP, TABLES, at_floor
from galforge.report import formats
from galforge.report.layout import engines

PROTOCOLS = ("corrected", "published", "")
COUNTS = ("entered", "segmented", "flag_ok", "kept", "early", "red")
COLUMNS = (
    "dataset",
    "origin",
    "model",
    "metric",
    "property",
    "value",
    "standard_error",
    "floor",
    "at_floor",
    "n_source",
    "n_generated",
    "seeds",
    "published",
    "protocol",
    "engine",
)

_DISTANCES = (
    "dataset",
    "origin",
    "model",
    "seed",
    "comparison",
    "protocol",
    "engine",
    "metric",
    "property",
    "value",
    "standard_error",
    "floor",
    "n_source",
    "n_generated",
)
_KEY = ["dataset", "origin", "model", "metric", "property", "protocol"]
_ORDER = (*MORPHOLOGY, *PHOTOMETRY, *COLOUR_BULGE, *COSTS, *(name for name in GROUPS if name != "overall"))
_MEANS = ("large_scales", "small_scales", "average", "overall")


class TablesError(GalforgeError):
    """Distances or printed values cannot be made into a table."""


def read_distances(paths: Sequence[str | Path]) -> list[pd.DataFrame]:
    """Distances files, one frame each.

    Raises:
        TablesError: a file lacks a column.
    """
    return [_read(path, _DISTANCES, "run the comparison that made it again") for path in paths]


def read_published(paths: Sequence[str | Path]) -> pd.DataFrame:
    """Files of printed values (``config/published/*.csv``) as one frame.

    Raises:
        TablesError: a file lacks a column, or two rows give the same printed value.
    """
    frames = [_read(path, PRINTED, "it needs those of config/published/holzschuh2022.csv") for path in paths]
    if not frames:
        return pd.DataFrame({name: pd.Series(dtype=float if name == "value" else str) for name in PRINTED})
    published = pd.concat(frames, ignore_index=True)
    twice = published.duplicated(["study", "table", *KEY])
    if twice.any():
        row = published[twice].iloc[0]
        raise TablesError(
            f"printed values: {row.table}, {row.dataset}, {row.model}, {row.metric}, {row.property} is given "
            f"twice in {', '.join(map(str, paths))}; keep one of the rows"
        )
    return published


def assemble(table: str, distances: Sequence[pd.DataFrame], published: pd.DataFrame) -> pd.DataFrame:
    """One table in tidy form, with the columns COLUMNS.

    Seeds are averaged. ``standard_error`` adds in quadrature the error over images (root mean square over
    seeds: they share the source sample, so it does not shrink with their number) and, from two seeds on, the
    standard error of the mean over seeds. ``at_floor`` says that the value is too close to what a perfect model
    would score for a ranking to be claimed (``galforge.papers.readings.at_floor``). The pseudo model ``roundtrip``
    compares galaxies with themselves: the floor of independent samples is not its own, so it has none, and metrics that
    take samples for independent are left out of it (``galforge.papers.readings.PAIRED``). The pseudo model ``real`` is
    what numbers of one sample are put beside: those within twice the errors of both are marked ``at_floor``.
    ``published`` is the printed value of the same data set, model, metric and property,
    whatever the protocol of the row; printed values of models that were not run follow as rows of their own,
    without value. ``engine`` is what measured the row, empty where its measure has no engine and for printed values.

    Args:
        table: one of ``papers.readings.TABLES`` but those of OWN there. The headline's rows are the averages of
            the groups and their mean, ``overall``, as the abstract of Holzschuh et al. (2022) defines it; it is left
            out where a group is missing.
        distances: frames of the columns that ``read_distances`` asks for.
        published: printed values as ``read_published`` gives them.

    Raises:
        TablesError: unknown table, nothing for it among the distances, the same comparison twice, or seeds that
            different engines measured.
    """
    known = [name for name in TABLES if name not in OWN]
    if table not in known:
        raise TablesError(f"table {table!r} is not one of {', '.join(known)}")
    runs = pd.concat([frame[list(_DISTANCES)] for frame in distances], ignore_index=True) if distances else None
    if runs is None or runs.empty:
        raise TablesError(f"table {table}: no distances were given; name at least one run in the configuration")
    runs = named_by_network(runs.assign(engine=engines(runs)))
    runs = runs[(runs["model"] != ROUNDTRIP) | runs["metric"].isin(PAIRED)]
    twice = runs.duplicated(["comparison", "seed", *_KEY])
    if twice.any():
        row = runs[twice].iloc[0]
        raise TablesError(
            f"table {table}: {row.dataset}, {row.model}, seed {row.seed}, {row.comparison} ({row.protocol}), "
            f"{row.metric} {row.property} comes twice; give each distances file once"
        )
    rows = headline(runs) if table == "headline" else _rows_of(table, runs)
    if rows.empty:
        found = ", ".join(sorted(set(runs["comparison"])))
        raise TablesError(f"table {table}: the distances hold nothing for it, only {found}; run that measure too")
    averaged = with_printed(_beside_real(_averaged(rows)), printed(table, published))
    return _ordered(averaged, list(dict.fromkeys(runs["dataset"])))


def assembled(table: str, files: Mapping[str, Any]) -> pd.DataFrame:
    """A table of a figure's files: of the distances and printed values that ``distances`` and ``published`` name."""
    return assemble(table, read_distances(files["distances"]), read_published([files["published"]]))


def assemble_cost(costs: pd.DataFrame) -> pd.DataFrame:
    """The table of costs in tidy form, with the columns COLUMNS and the metric ``cost``; seeds are averaged.

    Args:
        costs: one row per property of a training: dataset, origin (of the stamps it was trained on), model, seed,
            property, value (``galforge.report.cost``).

    Raises:
        TablesError: no rows.
    """
    if costs.empty:
        raise TablesError("table cost: no trainings were given; name at least one run in the configuration")
    rows = costs.assign(
        metric="cost", protocol="", engine="", standard_error=np.nan, floor=np.nan, n_source=np.nan, n_generated=np.nan
    )
    return _ordered(_averaged(rows).assign(published=np.nan), list(dict.fromkeys(costs["dataset"])))


def write(
    table: str, frame: pd.DataFrame, scale: str, statmorph: str, csv: str | Path, md: str | Path, tex: str | Path
) -> None:
    """Write an assembled table for machines (CSV, 12 digits) and for people (Markdown, LaTeX with booktabs).

    Args:
        table: one of ``galforge.papers.readings.TABLES``.
        frame: from ``assemble``, ``assemble_cost`` or ``papers.holzschuh2022.denoising_table.assemble`` for it.
        scale: the configuration's scale (``paper``, ``demo``), said in the captions.
        statmorph: version of statmorph in the lock, said in the captions with the engine.
    """
    with replacing(csv) as temporary:
        frame.to_csv(temporary, index=False, float_format="%.12g", lineterminator="\n")
    write_text(md, formats.markdown(table, frame, scale, statmorph))
    write_text(tex, formats.latex(table, frame, scale, statmorph))


def _read(path: str | Path, columns: tuple[str, ...], remedy: str) -> pd.DataFrame:
    frame = pd.read_csv(path)
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise TablesError(f"{path}: lacks the column {', '.join(missing)}; {remedy}")
    return frame


def _rows_of(table: str, runs: pd.DataFrame) -> pd.DataFrame:
    made_of = TABLES[table].comparisons
    own = runs[runs["comparison"].isin(made_of)]
    shown = own[own["metric"].isin(TABLES[table].metrics)]
    # Counts alone are no table: they come with what was compared. Those of several comparisons cannot be told apart.
    counts = (own["metric"] == "count") & (len(made_of) == 1)
    return own[own.index.isin(shown.index) | counts] if len(shown) else shown


def _averaged(runs: pd.DataFrame) -> pd.DataFrame:
    rows = []
    # Sorted by seed: a sum in another order may differ in its last digit.
    for key, group in runs.sort_values("seed", kind="stable").groupby(_KEY, sort=False, dropna=False):
        engines_used = sorted(set(group["engine"]))
        if len(engines_used) > 1:
            raise TablesError(
                f"{', '.join(map(str, key))}: its seeds were measured by {' and '.join(engines_used)}; measure all of "
                "them with one engine"
            )
        known = dict(zip(_KEY, key, strict=True))
        value = group["value"].to_numpy(float)
        mean = float(np.mean(value))
        images = np.sqrt(np.mean(group["standard_error"].to_numpy(float) ** 2))
        seeds = np.std(value, ddof=1) / np.sqrt(len(value)) if len(value) > 1 else 0.0
        error = float(np.hypot(images, seeds))
        paired = known["model"] == ROUNDTRIP
        floor = float("nan" if paired else np.mean(group["floor"].to_numpy(float)))
        rows.append(
            {
                **known,
                "value": mean,
                "standard_error": error,
                "floor": floor,
                "at_floor": not paired and at_floor(known["metric"], mean, error, floor),
                "n_source": np.round(group["n_source"].mean()),
                "n_generated": np.round(group["n_generated"].mean()),
                "seeds": len(value),
                "engine": engines_used[0],
            }
        )
    return pd.DataFrame(rows)


def _beside_real(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with ``at_floor`` where a number of one sample is that of the real galaxies, within twice the errors."""
    key = [name for name in _KEY if name != "model"]
    real = rows.loc[rows["model"] == REAL, [*key, "value", "standard_error"]]
    beside = rows[key].merge(real, on=key, how="left", validate="many_to_one")
    error = np.hypot(rows["standard_error"].to_numpy(float), beside["standard_error"].to_numpy(float))
    found = [
        at_floor(metric, value, both, level)
        for metric, value, both, level in zip(rows["metric"], rows["value"], error, beside["value"], strict=True)
    ]
    apply = (rows["metric"].map(KINDS) == "beside") & (rows["model"] != REAL)
    return rows.assign(at_floor=np.where(apply, found, rows["at_floor"]).astype(bool))


def _ordered(rows: pd.DataFrame, datasets: list[str]) -> pd.DataFrame:
    run = rows["seeds"].notna()
    models = list(dict.fromkeys([*rows.loc[run, "model"], *rows["model"]]))

    def place(row: pd.Series) -> tuple[object, ...]:
        name = row["property"]
        own = name in _ORDER and row["metric"] not in (*CONDITIONAL, *gantastic2020.KINDS)
        known = _ORDER.index(name) if own else len(_ORDER)
        if row["metric"] in gantastic2020.KINDS:
            known = gantastic2020.place(row["metric"], name)
        return (
            datasets.index(row["dataset"]),
            row["model"] == ROUNDTRIP,
            row["model"] != REAL,
            pd.isna(row["seeds"]),
            models.index(row["model"]),
            PROTOCOLS.index(row["protocol"]),
            METRICS.index(row["metric"]),
            COUNTS.index(name) if name in COUNTS else 0,
            _MEANS.index(name) + 1 if name in _MEANS else 0,
            known,
            *among_its_metric(name),
        )

    order = sorted(rows.index, key=lambda index: place(rows.loc[index]))
    out = rows.loc[order, list(COLUMNS)].reset_index(drop=True)
    return out.astype({"n_source": "Int64", "n_generated": "Int64", "seeds": "Int64", "at_floor": bool})
