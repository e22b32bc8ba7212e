"""From distances to tables: seeds averaged, printed values beside, origin and protocol on each row."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from galforge.compare.kind import REAL, ROUNDTRIP
from galforge.compare.rows import MORE
from galforge.errors import GalforgeError
from galforge.papers.printed import COLUMNS as PRINTED
from galforge.papers.printed import KEY, printed, with_printed
from galforge.papers.ranks import mean_replicates, ranked
from galforge.papers.readings import PAIRED, at_floor
from galforge.papers.table import Table

PROTOCOLS = ("corrected", "published", "")
COLUMNS = (
    "dataset",
    "origin",
    "model",
    "metric",
    "property",
    "value",
    "standard_error",
    "error_images",
    "error_seeds",
    "floor",
    *MORE,
    "at_floor",
    "rank",
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


class TablesError(GalforgeError):
    """Distances or printed values cannot be made into a table."""


def engines(frame: pd.DataFrame) -> pd.Series:
    """The column ``engine`` as text, whether read from a file, where an empty one is missing, or not."""
    return frame["engine"].astype(object).fillna("")


def read_distances(paths: Sequence[str | Path], replicates: Sequence[str | Path] = ()) -> list[pd.DataFrame]:
    """Distances files, one frame each, with a column ``replicates`` where the files of these are given, too.

    Raises:
        TablesError: a file lacks a column.
    """
    beside = {Path(path).with_suffix(""): path for path in replicates}
    found = []
    for path in paths:
        frame = _read(path, _DISTANCES, "run the comparison that made it again")
        if (more := beside.get(Path(path).with_suffix(""))) is not None:
            drawn = pd.read_parquet(more)
            frame = frame.merge(drawn, how="left", on=[name for name in drawn.columns if name != "replicates"])
        found.append(frame)
    return found


def read_published(paths: Sequence[str | Path]) -> pd.DataFrame:
    """Files of printed values (``config/published/*.csv``) as one frame.

    Raises:
        TablesError: a file lacks a column, or two rows give the same printed value.
    """
    frames = [_read(path, PRINTED, "printed values need the columns " + ", ".join(PRINTED)) for path in paths]
    if not frames:
        return pd.DataFrame({name: pd.Series(dtype=float if name == "value" else str) for name in PRINTED})
    published = pd.concat(frames, ignore_index=True)
    twice = published.duplicated(["paper", "table", *KEY])
    if twice.any():
        row = published[twice].iloc[0]
        raise TablesError(
            f"printed values: {row.table}, {row.dataset}, {row.model}, {row.metric}, {row.property} is given "
            f"twice in {', '.join(map(str, paths))}; keep one of the rows"
        )
    return published


def make(table: Table, inputs: Mapping[str, Sequence[str]], spec: Mapping[str, Any]) -> pd.DataFrame:
    """A table from its input files: ``published``, and ``distances`` or what its own function ``make`` reads."""
    published = read_published(inputs["published"])
    if table.make:
        return table.function("make")(table, inputs, published, spec)
    return assemble(table, read_distances(inputs["distances"], inputs.get("replicates", ())), published)


def assembled(table: Table, files: Mapping[str, Any]) -> pd.DataFrame:
    """A table from a figure's files: ``distances`` and ``published``, its printed values."""
    return assemble(table, read_distances(files["distances"]), read_published([files["published"]]))


def assemble(table: Table, distances: Sequence[pd.DataFrame], published: pd.DataFrame) -> pd.DataFrame:
    """One table in tidy form, with the columns COLUMNS.

    Seeds are averaged. ``standard_error`` adds in quadrature the error over images, ``error_images`` (root mean square
    over seeds: they share the source sample, so it does not shrink with their number), and, from two seeds on, the
    standard error of the mean over seeds, ``error_seeds``. ``rank`` is 1 + the number of models that are better on the
    data set (``galforge.papers.ranks.ranked``). ``at_floor`` says that the value is too close to what a perfect model
    would score for a ranking to be claimed (``galforge.papers.readings.at_floor``). The pseudo model ``roundtrip``
    compares galaxies with themselves: the floor of independent samples is not its own, so it has none, and metrics that
    take samples for independent are left out of it (``galforge.papers.readings.PAIRED``). The pseudo model ``real`` is
    what numbers of one sample are put beside: those within twice the errors of both are marked ``at_floor``.
    ``published`` is the printed value of the same data set, model, metric and property,
    whatever the protocol of the row; printed values of models that were not run follow as rows of their own,
    without value. ``engine`` is what measured the row, empty where its measure has no engine and for printed values.

    Args:
        table: a table that is made of distances.
        distances: frames of the columns that ``read_distances`` asks for.
        published: printed values as ``read_published`` gives them.

    Raises:
        TablesError: the table is made otherwise, nothing for it is among the distances, the same comparison comes
            twice, or different engines measured the seeds of a row.
    """
    if table.make:
        raise TablesError(f"table {table.name} is not made of distances, but by {table.make}")
    columns = [*_DISTANCES, *MORE, "replicates"]
    runs = pd.concat([frame.reindex(columns=columns) for frame in distances], ignore_index=True) if distances else None
    if runs is None or runs.empty:
        raise TablesError(f"table {table.name}: no distances were given; name at least one run in the configuration")
    runs = runs.assign(engine=engines(runs))
    runs = runs[(runs["model"] != ROUNDTRIP) | runs["metric"].isin(PAIRED)]
    rows = _rows_of(table, table.function("select")(runs) if table.select else runs)
    twice = rows.duplicated(["comparison", "seed", *_KEY])
    if twice.any():
        row = rows[twice].iloc[0]
        raise TablesError(
            f"table {table.name}: {row.dataset}, {row.model}, seed {row.seed}, {row.comparison} ({row.protocol}), "
            f"{row.metric} {row.property} comes twice; give each distances file once"
        )
    if rows.empty:
        found = ", ".join(sorted(set(runs["comparison"])))
        raise TablesError(f"table {table.name}: the distances hold nothing for it, only {found}; run that measure too")
    found = ranked(table, _beside_real(table, averaged(table, rows)))
    found = with_printed(found, printed(table, published))
    return ordered(table, found, list(dict.fromkeys(rows["dataset"])))


def averaged(table: Table, runs: pd.DataFrame) -> pd.DataFrame:
    """Rows of single trainings, averaged over seeds.

    Raises:
        TablesError: seeds of a row were measured by different engines.
    """
    runs = runs.reindex(columns=list(dict.fromkeys([*runs.columns, *MORE, "replicates"])))
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
        seeds = np.std(value, ddof=1) / np.sqrt(len(value)) if len(value) > 1 else float("nan")
        error = float(np.hypot(images, seeds)) if len(value) > 1 else float(images)
        paired = known["model"] == ROUNDTRIP
        floor = float("nan" if paired else np.mean(group["floor"].to_numpy(float)))
        more = {name: float("nan" if paired else np.mean(group[name].to_numpy(float))) for name in MORE}
        apart = abs(more["share_generated"] - more["share_source"])
        limits = (more["limit"], more["conditional"], more["conditional_limit"], apart, more["share_limit"])
        rows.append(
            {
                **known,
                "value": mean,
                "standard_error": error,
                "error_images": float(images),
                "error_seeds": float(seeds),
                "replicates": mean_replicates(group["replicates"]),
                "floor": floor,
                **more,
                "at_floor": not paired and at_floor(table.reading_of(known["metric"]), mean, error, floor, *limits),
                "n_source": np.round(group["n_source"].mean()),
                "n_generated": np.round(group["n_generated"].mean()),
                "seeds": len(value),
                "engine": engines_used[0],
            }
        )
    return pd.DataFrame(rows)


def ordered(table: Table, rows: pd.DataFrame, datasets: Sequence[str]) -> pd.DataFrame:
    """Averaged rows in the order of the table, with the columns COLUMNS.

    By data set and model in the order of the runs, real galaxies first, and galaxies stored and decoded last; models
    that were not run follow, and rows of a model are in the order of the table.
    """
    models = list(dict.fromkeys([*rows.loc[rows["seeds"].notna(), "model"], *rows["model"]]))
    columns = ("dataset", "model", "seeds", "protocol", "metric", "property")
    places = [
        (
            datasets.index(dataset),
            model == ROUNDTRIP,
            model != REAL,
            pd.isna(seeds),
            models.index(model),
            PROTOCOLS.index(protocol),
            *table.place(metric, name),
        )
        for dataset, model, seeds, protocol, metric, name in zip(*(rows[each] for each in columns), strict=True)
    ]
    out = rows.iloc[sorted(range(len(rows)), key=places.__getitem__)].reindex(columns=list(COLUMNS))
    whole = ("n_source", "n_generated", "seeds", "rank")
    return out.reset_index(drop=True).astype({**dict.fromkeys(whole, "Int64"), "at_floor": bool})


def _read(path: str | Path, columns: tuple[str, ...], remedy: str) -> pd.DataFrame:
    frame = pd.read_csv(path)
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise TablesError(f"{path}: lacks the column {', '.join(missing)}; {remedy}")
    return frame


def _rows_of(table: Table, runs: pd.DataFrame) -> pd.DataFrame:
    own = runs[runs["comparison"].isin(table.comparisons)]
    shown = own["metric"].isin(table.metrics)
    # Counts alone are no table: they come with what was compared. Those of several comparisons cannot be told apart.
    counts = (own["metric"] == "count") & (len(table.comparisons) == 1)
    return own[shown | counts] if shown.any() else own[shown]


def _beside_real(table: Table, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with ``at_floor`` where a number of one sample is that of the real galaxies, within twice the errors."""
    key = [name for name in _KEY if name != "model"]
    real = rows.loc[rows["model"] == REAL, [*key, "value", "standard_error"]]
    beside = rows[key].merge(real, on=key, how="left", validate="many_to_one")
    error = np.hypot(rows["standard_error"].to_numpy(float), beside["standard_error"].to_numpy(float))
    found = [at_floor("beside", *each) for each in zip(rows["value"], error, beside["value"], strict=True)]
    apply = rows["metric"].map(table.reading_of).eq("beside") & (rows["model"] != REAL)
    return rows.assign(at_floor=np.where(apply, found, rows["at_floor"]).astype(bool))
