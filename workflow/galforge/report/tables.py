"""From distances to tables: seeds averaged, printed values beside, origin and protocol on each row."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from galforge.atomic import replacing, write_text
from galforge.errors import GalforgeError
from galforge.report import layout
from galforge.report.style import MORPHOLOGY, PHOTOMETRY

TABLES = ("headline", "morphology", "power_spectrum", "photometry")
PROTOCOLS = ("corrected", "published")
COUNTS = ("entered", "segmented", "flag_ok", "kept")
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
    "measure",
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
_PRINTED = ("table", "dataset", "model", "metric", "property", "value")
_KEY = ["dataset", "origin", "model", "metric", "property", "protocol"]
# What the printed values were measured on (Holzschuh et al. 2022, abstract): for models that were not run.
_PRINTED_ORIGIN = {"sersic": "analytic", "cosmos": "observed", "skirt": "simulated"}
# The abstract's "average Wasserstein distance" is the mean over metric groups; SKIRT has a third one, colour
# and bulge.
_GROUPS = ("morphology", "power_spectrum")
_MORE_GROUPS = {"skirt": ("colour_bulge",)}
_ORDER = (*MORPHOLOGY, *PHOTOMETRY, *_GROUPS)
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
    frames = [_read(path, _PRINTED, "it needs those of config/published/holzschuh2022.csv") for path in paths]
    if not frames:
        return pd.DataFrame({name: pd.Series(dtype=float if name == "value" else str) for name in _PRINTED})
    published = pd.concat(frames, ignore_index=True)
    twice = published.duplicated(["table", "dataset", "model", "metric", "property"])
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
    standard error of the mean over seeds. ``at_floor`` says that the value is below twice the floor, where no
    ranking is claimed. ``published`` is the printed value of the same data set, model, metric and property,
    whatever the protocol of the row; printed values of models that were not run follow as rows of their own,
    without value. ``engine`` is what measured the row, empty where its measure has no engine and for printed values.

    Args:
        table: one of TABLES. The headline's rows are the averages of the groups and their mean, ``overall``,
            as the abstract of Holzschuh et al. (2022) defines it; it is left out where a group is missing.
        distances: frames of the columns that ``read_distances`` asks for.
        published: printed values as ``read_published`` gives them.

    Raises:
        TablesError: unknown table, nothing for it among the distances, the same comparison twice, or seeds that
            different engines measured.
    """
    if table not in TABLES:
        raise TablesError(f"table {table!r} is not one of {', '.join(TABLES)}")
    runs = pd.concat([frame[list(_DISTANCES)] for frame in distances], ignore_index=True) if distances else None
    if runs is None or runs.empty:
        raise TablesError(f"table {table}: no distances were given; name at least one run in the configuration")
    runs = runs.assign(measure=runs["measure"].str.removesuffix("-published"), engine=layout.engines(runs))
    twice = runs.duplicated(["measure", "seed", *_KEY])
    if twice.any():
        row = runs[twice].iloc[0]
        raise TablesError(
            f"table {table}: {row.dataset}, {row.model}, seed {row.seed}, {row.measure} ({row.protocol}), "
            f"{row.metric} {row.property} comes twice; give each distances file once"
        )
    rows = _headline(runs) if table == "headline" else runs[runs["measure"] == table]
    if rows.empty:
        found = ", ".join(sorted(set(runs["measure"])))
        raise TablesError(f"table {table}: the distances hold nothing for it, only {found}; run that measure too")
    return _ordered(_with_published(_averaged(rows), _printed(table, published)), list(dict.fromkeys(runs["dataset"])))


def write(
    table: str, frame: pd.DataFrame, scale: str, statmorph: str, csv: str | Path, md: str | Path, tex: str | Path
) -> None:
    """Write an assembled table for machines (CSV, 12 digits) and for people (Markdown, LaTeX with booktabs).

    Args:
        table: one of TABLES.
        frame: what ``assemble`` returned for it.
        scale: the configuration's scale (``paper``, ``demo``), said in the captions.
        statmorph: version of statmorph in the lock, said in the captions with the engine.
    """
    with replacing(csv) as temporary:
        frame.to_csv(temporary, index=False, float_format="%.12g", lineterminator="\n")
    write_text(md, layout.markdown(table, frame, scale, statmorph))
    write_text(tex, layout.latex(table, frame, scale, statmorph))


def _read(path: str | Path, columns: tuple[str, ...], remedy: str) -> pd.DataFrame:
    frame = pd.read_csv(path)
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise TablesError(f"{path}: lacks the column {', '.join(missing)}; {remedy}")
    return frame


def _averaged(runs: pd.DataFrame) -> pd.DataFrame:
    rows = []
    # Sorted by seed: a sum in another order may differ in its last digit.
    for key, group in runs.sort_values("seed").groupby(_KEY, sort=False, dropna=False):
        engines = sorted(set(group["engine"]))
        if len(engines) > 1:
            raise TablesError(
                f"{', '.join(map(str, key))}: its seeds were measured by {' and '.join(engines)}; measure all of them "
                "with one engine"
            )
        value = group["value"].to_numpy(float)
        mean = float(np.mean(value))
        images = np.sqrt(np.mean(group["standard_error"].to_numpy(float) ** 2))
        seeds = np.std(value, ddof=1) / np.sqrt(len(value)) if len(value) > 1 else 0.0
        floor = float(np.mean(group["floor"].to_numpy(float)))
        rows.append(
            {
                **dict(zip(_KEY, key, strict=True)),
                "value": mean,
                "standard_error": float(np.hypot(images, seeds)),
                "floor": floor,
                "at_floor": bool(mean < 2 * floor or mean == 0),
                "n_source": group["n_source"].mean().round(),
                "n_generated": group["n_generated"].mean().round(),
                "seeds": len(value),
                "engine": engines[0],
            }
        )
    return pd.DataFrame(rows)


def _headline(runs: pd.DataFrame) -> pd.DataFrame:
    averages = runs[(runs["property"] == "average") & (runs["metric"] == "wasserstein")]
    rows = []
    for (dataset, *_), run in averages.groupby(["dataset", "origin", "model", "seed", "protocol"], sort=False):
        groups = (*_GROUPS, *_MORE_GROUPS.get(dataset, ()))
        found = run[run["measure"].isin(groups)].sort_values("measure")
        rows.append(found.assign(property=found["measure"]))
        if len(found) == len(groups):
            # One blank group makes the mean blank: a mean over the others would be another quantity.
            overall = {
                "property": "overall",
                "value": found["value"].mean(skipna=False),
                "standard_error": np.sqrt((found["standard_error"] ** 2).sum(skipna=False)) / len(groups),
                "floor": found["floor"].mean(skipna=False),
                "n_source": found["n_source"].min(),
                "n_generated": found["n_generated"].min(),
                "engine": ", ".join(filter(None, sorted(set(found["engine"])))),
            }
            rows.append(found.iloc[:1].assign(**overall))
    return pd.concat(rows, ignore_index=True) if rows else averages


def _printed(table: str, published: pd.DataFrame) -> pd.DataFrame:
    """The printed values that belong to a table, under the names of its rows."""
    own = published[published["table"] == table]
    if table == "headline":
        averages = published[published["table"].isin(_GROUPS) & (published["property"] == "average")]
        own = pd.concat([own, averages.assign(property=averages["table"])])
    return own[["dataset", "model", "metric", "property", "value"]].rename(columns={"value": "published"})


def _with_published(rows: pd.DataFrame, printed: pd.DataFrame) -> pd.DataFrame:
    keys = ["dataset", "model", "metric", "property"]
    joined = rows.merge(printed, on=keys, how="left", validate="many_to_one")
    printed = printed[printed["dataset"].isin(rows["dataset"])]
    left = printed.merge(rows[keys].drop_duplicates(), on=keys, how="left", indicator=True)
    left = left[left["_merge"] == "left_only"].drop(columns="_merge")
    origin = left["dataset"].map(_PRINTED_ORIGIN)
    left = left.assign(origin=origin, protocol="published", at_floor=False, engine="")
    return pd.concat([joined, left], ignore_index=True)


def _ordered(rows: pd.DataFrame, datasets: list[str]) -> pd.DataFrame:
    run = rows["seeds"].notna()
    models = list(dict.fromkeys([*rows.loc[run, "model"], *rows["model"]]))

    def place(row: pd.Series) -> tuple[object, ...]:
        name = row["property"]
        known = _ORDER.index(name) if name in _ORDER else len(_ORDER)
        return (
            datasets.index(row["dataset"]),
            pd.isna(row["seeds"]),
            models.index(row["model"]),
            PROTOCOLS.index(row["protocol"]),
            row["metric"] == "count",
            COUNTS.index(name) if name in COUNTS else 0,
            _MEANS.index(name) + 1 if name in _MEANS else 0,
            known,
            name,
        )

    order = sorted(rows.index, key=lambda index: place(rows.loc[index]))
    out = rows.loc[order, list(COLUMNS)].reset_index(drop=True)
    return out.astype({"n_source": "Int64", "n_generated": "Int64", "seeds": "Int64", "at_floor": bool})
