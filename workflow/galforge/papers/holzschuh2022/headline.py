"""The headline: the averages of the groups of properties, and their mean."""

import numpy as np
import pandas as pd

from galforge.compare.scores import deviation
from galforge.papers.ranks import mean_replicates

# The abstract's "average Wasserstein distance" is the mean over metric groups; SKIRT has a third one, colour
# and bulge.
_GROUPS = ("morphology", "power_spectrum")
_MORE_GROUPS = {"skirt": ("colour_bulge",)}
_MEANS = ("value", "floor", "limit", "conditional", "conditional_limit")


def headline(runs: pd.DataFrame) -> pd.DataFrame:
    """Rows of the headline from all distances, as the abstract of Holzschuh et al. (2022) defines it.

    Each group's ``average`` stands under the group's name; ``overall`` is the mean of the groups. It is left out where
    a group is missing, and NaN where a group's average is. Its limits are the means of the groups' limits. Groups do
    not rise and fall together, so the limit of their mean is lower: what is beyond the mean limit is beyond it. Its
    shares are those of the group in which they differ most. Its error is that of the mean in resamplings, which take
    the same galaxies in all groups; where there are none, groups count as independent.
    """
    averages = runs[(runs["property"] == "average") & (runs["metric"] == "wasserstein")]
    rows = []
    for (dataset, *_), run in averages.groupby(["dataset", "origin", "model", "seed", "protocol"], sort=False):
        groups = (*_GROUPS, *_MORE_GROUPS.get(dataset, ()))
        found = run[run["comparison"].isin(groups)].sort_values("comparison")
        rows.append(found.assign(property=found["comparison"]))
        if len(found) == len(groups):
            # One blank group makes the mean blank: a mean over the others would be another quantity.
            drawn = mean_replicates(found["replicates"])
            apart = (found["share_generated"] - found["share_source"]).abs()
            shares = found.loc[apart.idxmax()] if apart.notna().any() else found.iloc[0]
            overall = {
                "property": "overall",
                **{name: found[name].mean(skipna=False) for name in _MEANS},
                "conditional_error": _of_the_mean(found["conditional_error"]),
                **{name: shares[name] for name in found if name.startswith("share_")},
                "standard_error": deviation(drawn) if len(drawn) else _of_the_mean(found["standard_error"]),
                "n_source": found["n_source"].min(),
                "n_generated": found["n_generated"].min(),
                "replicates": [drawn],
                "engine": ", ".join(filter(None, sorted(set(found["engine"])))),
            }
            rows.append(found.iloc[:1].assign(**overall))
    return pd.concat(rows, ignore_index=True) if rows else averages


def _of_the_mean(errors: pd.Series) -> float:
    """Error of the mean of independent groups."""
    return float(np.sqrt((errors**2).sum(skipna=False)) / len(errors))
