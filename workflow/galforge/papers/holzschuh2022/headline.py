"""The headline: the averages of the groups of properties, and their mean."""

import numpy as np
import pandas as pd

# The abstract's "average Wasserstein distance" is the mean over metric groups; SKIRT has a third one, colour
# and bulge.
_GROUPS = ("morphology", "power_spectrum")
_MORE_GROUPS = {"skirt": ("colour_bulge",)}


def headline(runs: pd.DataFrame) -> pd.DataFrame:
    """Rows of the headline from all distances, as the abstract of Holzschuh et al. (2022) defines it.

    Each group's ``average`` stands under the group's name; ``overall`` is the mean of the groups. It is left out where
    a group is missing, and NaN where a group's average is.
    """
    averages = runs[(runs["property"] == "average") & (runs["metric"] == "wasserstein")]
    rows = []
    for (dataset, *_), run in averages.groupby(["dataset", "origin", "model", "seed", "protocol"], sort=False):
        groups = (*_GROUPS, *_MORE_GROUPS.get(dataset, ()))
        found = run[run["comparison"].isin(groups)].sort_values("comparison")
        rows.append(found.assign(property=found["comparison"]))
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
