"""One card: what was measured, by which code and settings, and every headline number with its error and floor."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from galforge.compare.kind import REAL, ROUNDTRIP, kinds
from galforge.drawing.names import model_label
from galforge.papers import registry
from galforge.papers.overall import NAME as ALL
from galforge.papers.table import Table
from galforge.settings import canonical
from galforge.stamps.file import Stamps
from galforge.version import VERSION

FORMAT = 1
"""Version of the layout of a card."""
NUMBERS = ("value", "standard_error", "floor")
KEY = ("dataset", "model", "metric", "property")
"""With the comparisons that fill a table, what tells a number from all others of a card."""


def make(
    spec: Mapping[str, Any],
    stamps: Sequence[str | Path],
    tables: Sequence[str | Path],
    records: Sequence[str | Path],
) -> dict[str, Any]:
    """The content of a card, as plain data.

    Args:
        spec: of the stage: name, scale, track, data sets, and what is known of given models.
        stamps: stamps file of each data set.
        tables: CSV files of the tables, ``<paper>/<table>.csv``.
        records: of what was measured of the sources and of the comparisons.
    """
    return {
        "format": FORMAT,
        "galforge": VERSION,
        **{name: spec[name] for name in ("name", "scale", "track", "given")},
        "judged": judged(records),
        "datasets": {name: _dataset(Path(path)) for name, path in zip(spec["datasets"], stamps, strict=True)},
        "numbers": numbers(tables),
    }


def judged(records: Sequence[str | Path]) -> dict[str, dict[str, str]]:
    """Digests of settings, code and libraries by data set: of each measure of the source, and of each comparison."""
    found: dict[str, dict[str, str]] = {}
    for path in records:
        record = json.loads(Path(path).read_text(encoding="utf-8"))
        own, spec = found.setdefault(record["wildcards"]["dataset"], {}), record["spec"]
        parts = {f"measure {_measure(name)}": each for name, each in spec.get("variants", {}).items()}
        parts |= {f"comparison {name}": each["settings"] for name, each in spec.get("comparisons", {}).items()}
        for name, each in parts.items():
            own[name] = hashlib.sha256(canonical([each, record["code"]]).encode()).hexdigest()[:16]
    return found


def _measure(variant: str) -> str:
    """The measure of a variant, which may have in front whose stamps it is taken of."""
    return variant.rpartition(" ")[2]


def _dataset(path: Path) -> dict[str, Any]:
    """What the stamps of a data set are: their digest, number, splits and header."""
    with Stamps(path) as stamps:
        header = stamps.header
        splits = pd.Series(stamps.catalog("split")).value_counts().sort_index() if "split" in stamps.columns else {}
        shape = list(stamps.shape) if stamps.shape else None
        return {
            "digest": stamps.digest,
            "stamps": len(stamps),
            "splits": {str(name): int(count) for name, count in dict(splits).items()},
            "shape": shape,
            **{name: getattr(header, name) for name in ("origin", "unit", "pixel_scale", "pixel_unit")},
            "bands": list(header.bands),
            "zero_points": list(header.zero_points),
        }


def numbers(tables: Sequence[str | Path]) -> list[dict[str, Any]]:
    """Headline numbers of tables: the rows that the page shows first, under the corrected protocol."""
    known, found = registry.tables(), {}
    for path in map(Path, tables):
        name = f"{path.parent.name}/{path.stem}"
        table = known.get(name)
        if table is None or name == ALL or not set(table.comparisons) <= set(kinds()):
            continue
        frame = pd.read_csv(path)
        for row in _headline(table, frame).to_dict("records"):
            # Two papers may show one number.
            found.setdefault((table.comparisons, *(row[each] for each in KEY)), _number(table, row))
    return list(found.values())


def _headline(table: Table, frame: pd.DataFrame) -> pd.DataFrame:
    measured = frame["seeds"].notna() & (frame["metric"] != "count") & (frame["protocol"] == "corrected")
    measured &= ~frame["model"].isin([REAL, ROUNDTRIP]) & frame["value"].notna()
    own = frame[measured]
    first = [table.by_network or table.is_total(*key) for key in zip(own["metric"], own["property"], strict=True)]
    # A table without averages has nothing but headline numbers.
    return own[np.array(first, dtype=bool)] if any(first) else own


def _number(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as plain data; what is missing is None."""
    numeric = {name: None if pd.isna(row[name]) else float(f"{row[name]:.6g}") for name in NUMBERS}
    counts = {name: None if pd.isna(row[name]) else int(row[name]) for name in ("n_source", "n_generated", "seeds")}
    return {
        **{name: row[name] for name in KEY},
        "comparison": "+".join(table.comparisons),
        "label": f"{table.title}: {table.label(row['metric'], row['property'])}",
        "unit": table.unit if table.factor(row["metric"]) == 1 else "",
        "reading": table.reading_of(row["metric"]),
        **numeric,
        "at_floor": bool(row["at_floor"]),
        **counts,
    }


def lines(card: Mapping[str, Any]) -> list[str]:
    """The card as a Markdown table to paste, a row per number, with what was judged below."""
    rows = ["| data set | model | quantity | value | error | floor | |", "|---|---|---|---|---|---|---|"]
    for each in card["numbers"]:
        cells = [each["dataset"], model_label(each["model"]), each["label"], *(shown(each[name]) for name in NUMBERS)]
        rows.append(f"| {' | '.join(cells)} | {'at floor' if each['at_floor'] else ''} |")
    about = [
        f"{name}: {data['stamps']} stamps ({data['origin']}), digest {data['digest'][:12]}"
        for name, data in card["datasets"].items()
    ]
    track = f"track {card['track']['name']} ({card['track']['digest'][:12]})" if card["track"] else "no track"
    return [*rows, "", f"galforge {card['galforge']}, corrected protocol, {track}. {'; '.join(about)}."]


def shown(value: float | None) -> str:
    """A number for readers; empty where it is missing."""
    return "" if value is None else f"{value:.3g}"
