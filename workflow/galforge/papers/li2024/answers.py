"""The answers that the tables of Li et al. (2024) give: who is nearest to the source, and in which bins of redshift."""

from collections.abc import Sequence

import pandas as pd

from galforge.drawing.names import listed, split_bin
from galforge.papers.answers import Filled, ordinals, sentence, shortened

_WHOLE, _BIN = "galaxy_kl", "galaxy_kl_bin"
_REDSHIFT = ("redshift_loss_normalised", "redshift_loss")  # of the corrected protocol, of the published one


def redshifts(filled: Sequence[Filled]) -> str:
    """Whose galaxies have the source's sizes and shapes, in which bins of redshift, and whether a network finds the
    redshifts in them that were asked for."""
    first = next((each for each in filled if each.table.file == "table1"), None)
    if first is None:
        return ""
    said = [_of_dataset(first, str(name), own) for name, own in first.compared.groupby("dataset", sort=False)]
    return " ".join(filter(None, said))


def _of_dataset(filled: Filled, dataset: str, own: pd.DataFrame) -> str:
    out = []
    whole = own[(own["metric"] == _WHOLE) & (own["property"] == "all")]
    if len(whole):
        best = str(whole.sort_values("value", kind="stable")["model"].iloc[0])
        out.append(f"sizes and shapes: {ordinals(filled, whole)}")
        out.append(_bins(filled, dataset, best, str(whole["protocol"].iloc[0])))
    losses = own[own["metric"].isin(_REDSHIFT) & (own["property"] == "all")]
    if len(losses):
        found = [filled.name(model) for model in losses.loc[losses["at_floor"], "model"]]
        out.append(
            f"a network finds the redshifts asked for as well as in real galaxies in those of {listed(found)}"
            if found
            else "in no model's galaxies does a network find the redshifts as well as in real ones"
        )
    return sentence(f"on {dataset}, {'; '.join(filter(None, out))}") if out else ""


def _bins(filled: Filled, dataset: str, model: str, protocol: str) -> str:
    """In how many bins of redshift the model is at the floor, and in which it is farthest from it."""
    frame = filled.frame
    rows = frame[(frame["dataset"] == dataset) & (frame["model"] == model) & (frame["protocol"] == protocol)]
    rows = rows[(rows["metric"] == _BIN) & rows["value"].notna() & (rows["floor"] > 0)]
    if rows.empty:
        return ""
    found = [split_bin(str(name)) for name in rows["property"]]
    edges = [f"{each[1]:g}-{each[2]:g}" if each else "" for each in found]
    rows = rows.assign(bin=edges, ratio=rows["value"] / rows["floor"])
    by_bin = rows.groupby("bin", sort=False)
    near, far = by_bin["at_floor"].all(), by_bin["ratio"].mean()
    if near.all():
        return f"{filled.name(model)} is at the floor in all {len(near)} bins of redshift"
    return (
        f"{filled.name(model)} is at the floor in {int(near.sum())} of {len(near)} bins of redshift and farthest at "
        f"z = {far.idxmax()} ({shortened(far.max())} floors)"
    )
