"""How far images drawn from the weights of one segment are from the validation split."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from galforge.compare.engines import common_engine
from galforge.compare.joined import check_alike
from galforge.compare.settings import ComparisonSettings
from galforge.errors import GalforgeError
from galforge.measure.stored import read
from galforge.measure.variants import measured
from galforge.models.about import read_about
from galforge.sampling.conditions import conditions_for
from galforge.sampling.sample import sample
from galforge.seeds import seed_of
from galforge.snapshots.distances import SPLIT
from galforge.stamps.file import Stamps

_SHOWN = ("value", "standard_error", "floor", "limit", "n_source", "n_generated")


def score(
    spec: Mapping[str, Any],
    weights: Path,
    source: Path,
    table: Path,
    given: Mapping[str, str | None],
    who: str,
) -> dict[str, Any]:
    """Draw images from weights, measure them, and compare them with the source's validation split.

    The images have random numbers of their own, the same for all snapshots of a training, so that snapshots differ by
    what was learned, and so that no image that chose is one that is shown.

    Args:
        spec: ``drawing`` (seed, count, batch, device, threads, and precision and conditions where there are any),
            ``by``, ``measure`` (its family, settings, band and noise) and ``distance`` (comparison, its settings,
            metric and property; an empty property is the only one).
        weights: of the segment.
        source: the source's stamps, which say which are of the split.
        table: measurements of the source.
        given: files that the measure is taken with, see ``galforge.measure.variants.measured``.
        who: model and seed, which the noise of the measure follows.

    Returns:
        ``images_seen``, ``by``, ``metric``, ``property``, the distance's ``value``, ``standard_error``, ``floor``,
        ``limit``, ``n_source`` and ``n_generated`` (None where blank). Hours are in the accounts of the segments.

    Raises:
        GalforgeError: the source has no stamps of the split, or its measurements are of other stamps.
    """
    drawing, distance = spec["drawing"], spec["distance"]
    real = validation(source, table)
    with TemporaryDirectory(prefix="galforge-") as folder:
        drawn, asked, count = Path(folder) / "drawn.h5", drawing.get("conditions"), drawing["count"]
        told = conditions_for(asked, count, weights, source, SPLIT) if asked else None
        how = (drawing["batch"], drawing["device"], drawing["threads"])
        seed = seed_of(drawing["seed"], "snapshot") % 2**63
        sample(weights, drawn, 0, count, seed, *how, told, None, drawing.get("precision", "float32"))
        variant = {name: value for name, value in spec["measure"].items() if name != "family"}
        made = measured(spec["measure"]["family"], variant, str(drawn), {"who": f"snapshots of {who}"}, given)
    check_alike(real, made)
    common_engine(real, made)
    module = importlib.import_module(f"galforge.compare.{distance['comparison']}")
    rows = module.compare(real, made, ComparisonSettings.from_spec(distance["settings"]))
    rows = rows[rows["metric"] == distance["metric"]]
    row = (rows[rows["property"] == distance["property"]] if distance["property"] else rows).iloc[0]
    return {
        "images_seen": read_about(weights)["images_seen"],
        "by": spec["by"],
        "metric": row["metric"],
        "property": row["property"],
        **{name: None if pd.isna(row[name]) else float(row[name]) for name in _SHOWN},
    }


def validation(source: Path, table: Path) -> pd.DataFrame:
    """Measurements of the source's validation split, with what is said of the table in ``attrs``.

    Raises:
        GalforgeError: there are no such stamps, or the table is of other stamps.
    """
    whole = read(table)
    with Stamps(source) as stamps:
        chosen, count = stamps.split(SPLIT), len(stamps)
    if len(chosen) == 0:
        raise GalforgeError(
            f"{source}: there are no stamps in its {SPLIT} split to score snapshots with; give that split a share, or "
            "leave snapshot: by empty"
        )
    if len(whole) != count:
        raise GalforgeError(f"{table}: has {len(whole)} rows for the {count} stamps of {source}; measure them again")
    rows = whole[whole["index"].isin(chosen)]
    rows.attrs = whole.attrs
    return rows
