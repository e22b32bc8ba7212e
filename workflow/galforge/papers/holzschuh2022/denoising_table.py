"""The table of the denoising study: sweeps over alpha with printed values beside them, and its blocks for readers."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from galforge.drawing.names import model_label
from galforge.errors import GalforgeError
from galforge.papers.cells import Block, Cell, Column, Row, number
from galforge.papers.printed import KEY, ORIGIN
from galforge.papers.readings import TABLES

METHODS = {
    "identity": "As observed",
    "wiener": "Wiener",
    "richardson_lucy": "Richardson-Lucy",
    "non_local_means": "Non-local means",
}
NETWORK = "network"
QUALITY = {
    "mse": "MSE",
    "mse_median": "Median MSE",
    "mse_to_identity": "MSE / as observed",
    "psnr": "PSNR [dB]",
    "ssim": "SSIM",
    "morphology": "W1 of morphology [×10⁻²]",
    "gain": "Gain over α = 0 [%]",
}
BEST = {
    "best_alpha": "Best α",
    "improvement": "Gain of the best α over α = 0 [%]",
    "relative_error": "MSE of α = 1 over that of the best mixed α, less 1 [%]",
}
NOT_SUPPORTED, NONE_BETTER = "not supported", "none is better than 0"
_SWEEP = ["dataset", "model", "denoiser", "protocol"]
_MIXED = "alpha_1_vs_mixed"
# The text says that the noise was quadrupled, the code has five times as much: what was printed is of one of them.
_ALSO = {"noise_shift": "noise_shift_code"}
_PRINTED = {"pixel_size_shift": (2.0, 1.0), "noise_shift": (1.0, 4.0), _MIXED: (1.0, 1.0)}
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def assemble(summaries: Sequence[pd.DataFrame], published: pd.DataFrame) -> pd.DataFrame:
    """The sweeps one below the other, with what the paper prints in the column ``published``.

    A printed value stands beside the same data set, model, metric and property, whatever the denoiser; a model named
    ``<printed model>-<word>`` counts as the printed one. The printed gain in more noise stands beside both tests that
    may be meant. Printed values of these data sets that find no row follow as rows of their own, without value: the
    best alpha, of which the paper does not say for which test it is, always does.

    Args:
        summaries: of each sweep, as ``galforge.studies.denoising.summary.summarise`` makes them.
        published: printed values as ``galforge.report.tables.read_published`` gives them.

    Raises:
        GalforgeError: no sweeps, or one of them twice.
    """
    if not summaries:
        raise GalforgeError("table denoising: no sweep was given; name a denoiser at a run in the configuration")
    seen = [tuple(rows[_SWEEP].iloc[0]) for rows in summaries]
    if len(set(seen)) < len(seen):
        twice = next(each for each in seen if seen.count(each) > 1)
        raise GalforgeError(f"table denoising: the sweep {', '.join(map(str, twice))} comes twice; give each once")
    frame = pd.concat(summaries, ignore_index=True).drop(columns="published")
    own = published[(published["table"] == "denoising") & published["dataset"].isin(frame["dataset"])]
    values = own[[*KEY, "value"]].rename(columns={"value": "published"})
    renamed = values["property"].map(_ALSO)
    also = values.assign(property=renamed)[renamed.notna()]
    known = list(dict.fromkeys(values["model"]))
    key = frame[KEY].assign(model=[printed_model(model, known) for model in frame["model"]])
    beside = key.merge(pd.concat([values, also]), on=KEY, how="left", validate="many_to_one")["published"]
    columns = list(summaries[0].columns)
    out = frame.assign(published=beside.to_numpy(float))[columns]
    left = values.merge(key.drop_duplicates(), on=KEY, how="left", indicator=True)
    left = left[left["_merge"] == "left_only"].drop(columns="_merge")
    if len(left):
        factors = [_PRINTED.get(name, (np.nan, np.nan)) for name in left["property"]]
        left = left.assign(
            origin=left["dataset"].map(ORIGIN), protocol="published", denoiser="", method=NETWORK, kind="case"
        )
        left = left.assign(supported=False, pixel_size=[p for p, _ in factors], noise=[n for _, n in factors])
        out = pd.concat([out, left.reindex(columns=columns)], ignore_index=True)
    return out.astype({"n_source": "Int64", "n_generated": "Int64", "replicates": "Int64", "supported": bool})


def assembled(files: Mapping[str, Any]) -> pd.DataFrame:
    """The table of one sweep, from a figure's files ``summary`` and ``published``."""
    return assemble([pd.read_csv(files["summary"])], pd.read_csv(files["published"]))


def printed_model(model: str, known: Sequence[str]) -> str:
    """The printed model that a model counts as: itself, or the one that its name begins with, as ``stylegan-train``."""
    return next((name for name in known if model == name or model.startswith(f"{name}-")), model)


def of_sweep(frame: pd.DataFrame, dataset: str, model: str, protocol: str, denoiser: str | None = None) -> pd.DataFrame:
    """The rows of one sweep of an assembled table, as it is or as read back from its file.

    Raises:
        GalforgeError: there is none, or there are several and ``denoiser`` does not tell them apart.
    """
    rows = _runs(frame)
    rows = rows[(rows["dataset"] == dataset) & (rows["model"] == model) & (rows["protocol"] == protocol)]
    if denoiser is not None:
        rows = rows[rows["denoiser"] == denoiser]
    found = list(dict.fromkeys(rows["denoiser"]))
    if len(found) == 1:
        return rows
    what = f"denoising, {dataset}, {model}, {protocol} protocol"
    if not found:
        raise GalforgeError(f"{what}: the table holds no such sweep; make the table again")
    raise GalforgeError(f"{what}: there are several kinds of networks, {', '.join(found)}; say which")


def cases(rows: pd.DataFrame) -> dict[str, str]:
    """The tests of a sweep by name, and what they are called for readers."""
    own = rows[(rows["kind"] == "case") & (rows["metric"] == "mse_to_identity")].drop_duplicates("property")
    return {row.property: case_label(row.pixel_size, row.noise) for row in own.itertuples()}


def case_label(pixel_size: float, noise: float) -> str:
    """A test for readers, from its pixel size and noise over those of training."""
    if pd.isna(pixel_size) or pd.isna(noise):
        return "The paper does not say which test"
    parts = [f"{what} × {factor:g}" for what, factor in (("pixel size", pixel_size), ("noise", noise)) if factor != 1]
    words = ", ".join(parts)
    return words[0].upper() + words[1:] if words else "In domain"


def alpha_label(alpha: float) -> str:
    """A share of generated galaxies for readers."""
    return f"α = {alpha:.2f}"


def shown_alphas(rows: pd.DataFrame, case: str) -> list[float]:
    """Alphas whose networks are worth a look in a test: 0, the mixed one of the largest gain, and 1; those there are.

    Args:
        rows: of one sweep, as ``of_sweep`` gives them.
    """
    gains = rows[(rows["kind"] == "case") & (rows["metric"] == "gain") & (rows["property"] == case)]
    gains = gains.dropna(subset="value")
    mixed = gains[gains["alpha"] < 1].sort_values("value", ascending=False, kind="stable")
    return [0.0, *map(float, mixed["alpha"].head(1)), *([1.0] if (gains["alpha"] == 1).any() else [])]


def best_reference(rows: pd.DataFrame, case: str) -> str:
    """The method without a network that has the smallest mean squared error in a test, the identity left out.

    Args:
        rows: of one sweep, as ``of_sweep`` gives them.
    """
    own = rows[(rows["kind"] == "case") & (rows["metric"] == "mse") & (rows["property"] == case)]
    own = own[~own["method"].isin([NETWORK, "identity"])].dropna(subset="value")
    return str(own.sort_values("value", kind="stable")["method"].iloc[0]) if len(own) else "identity"


def blocks(frame: pd.DataFrame) -> list[Block]:
    """The blocks of the assembled table: of each sweep what it comes to, and then everything, folded on the page.

    Printed values of a model without a sweep have a block of their own.
    """
    runs = _runs(frame)
    printed = frame[frame["replicates"].isna()]
    out, used = [], set()
    for (dataset, model, denoiser, protocol), rows in runs.groupby(_SWEEP, sort=False):
        named = printed_model(str(model), list(dict.fromkeys(printed["model"])))
        used.add((dataset, named))
        own = printed[(printed["dataset"] == dataset) & (printed["model"] == named)]
        origin, part = str(rows["origin"].iloc[0]), f"{model_label(str(model))}, {denoiser}"
        size = int(rows.loc[rows["metric"] == "mse", "n_source"].max())
        networks = int(rows["replicates"].max())
        sizes = f"{size} galaxies, {networks} network{'s' if networks > 1 else ''}"
        measured = Column(str(model), str(protocol), sizes)
        everything = _everything(rows, str(protocol), sizes)
        out.append(_best(pd.concat([rows, own]), [measured], str(dataset), origin, f"{part}: what it comes to"))
        out.append(Block(str(dataset), origin, *everything, [], f"{part}: every α", f"{part}: every α and test"))
    for (dataset, model), own in printed.groupby(["dataset", "model"], sort=False):
        if (dataset, model) not in used:
            out.append(_best(own, [], str(dataset), str(own["origin"].iloc[0]), f"{model_label(str(model))}: printed"))
    return out


def _runs(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["replicates"].notna()].assign(supported=lambda rows: rows["supported"].astype(bool))


def _best(rows: pd.DataFrame, measured: list[Column], dataset: str, origin: str, part: str) -> Block:
    columns = list(measured)
    if rows["published"].notna().any():
        columns.append(Column(measured[0].model if measured else str(rows["model"].iloc[0]), "printed"))
    out = []
    for metric, heading in BEST.items():
        own = rows[rows["metric"] == metric]
        for _, row in own.iterrows():
            cells = [_best_cell(row) if column.kind != "printed" else _printed_cell(row) for column in columns]
            out.append(Row(case_label(row["pixel_size"], row["noise"]), cells, heading))
    return Block(dataset, origin, columns, out, [], part)


def _best_cell(row: pd.Series) -> Cell | None:
    if pd.isna(row["value"]):
        return None
    note = "" if row["supported"] else NOT_SUPPORTED
    if row["metric"] == "best_alpha":
        return Cell(f"{row['value']:.2f}", note=note if row["value"] else NONE_BETTER)
    if row["metric"] == "improvement" and row["alpha"] == 0:
        return Cell("0", note=NONE_BETTER)
    return _cell(row, TABLES["denoising"].factor(row["metric"]), note)


def _printed_cell(row: pd.Series) -> Cell | None:
    if pd.isna(row["published"]):
        return None
    percent = TABLES["denoising"].factor(row["metric"]) == 100
    return Cell(f"{100 * row['published']:.0f}" if percent else f"{row['published']:.2f}")


def _everything(rows: pd.DataFrame, protocol: str, sizes: str) -> tuple[list[Column], list[Row]]:
    quality = rows[(rows["kind"] == "case") & rows["metric"].isin(QUALITY)]
    methods = [method for method in dict.fromkeys(quality["method"]) if method != NETWORK]
    alphas = sorted(quality["alpha"].dropna().unique())
    galaxies = sizes.partition(",")[0]
    columns = [Column(METHODS.get(method, method), "reference", galaxies) for method in methods]
    columns += [Column(alpha_label(alpha), protocol, sizes) for alpha in alphas]
    by_column = quality.assign(column=quality["alpha"].where(quality["method"] == NETWORK, quality["method"]))
    found = {(row["property"], row["metric"], row["column"]): row for _, row in by_column.iterrows()}
    out = []
    for case, heading in cases(rows).items():
        for metric, label in QUALITY.items():
            own = [found.get((case, metric, column)) for column in (*methods, *alphas)]
            values = [row["value"] for row in own if row is not None and pd.notna(row["value"])]
            if not values:
                continue
            power = _power(values) if metric in ("mse", "mse_median") else 0
            factor = TABLES["denoising"].factor(metric) * 10.0**-power
            notes = [
                NOT_SUPPORTED if metric == "gain" and row is not None and not row["supported"] else "" for row in own
            ]
            cells = [
                None if row is None or pd.isna(row["value"]) else _cell(row, factor, note)
                for row, note in zip(own, notes, strict=True)
            ]
            unit = f" [×10{str(power).translate(_SUPERSCRIPTS)}]" if power else ""
            out.append(Row(label + unit, cells, heading))
    return columns, out


def _cell(row: pd.Series, factor: float, note: str) -> Cell:
    value, error, _ = number(row["value"], row["standard_error"], math.nan, factor)
    # What is known exactly, as the identity's MSE over its own, has no error.
    return Cell(value, "" if row["standard_error"] == 0 else error, note=note)


def _power(values: Sequence[float]) -> int:
    """Power of ten that is taken out of a row so that its numbers are neither tiny nor huge."""
    smallest = min((abs(value) for value in values if value), default=1.0)
    power = math.floor(math.log10(smallest))
    return power if power < -1 or power > 4 else 0
