"""What a comparison says of one metric, and the columns of its rows: all that tables have to know of a comparison."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

FEWEST = 2
"""Galaxies of a side, or images with a value, without which nothing is compared."""


class Score(NamedTuple):
    """What one metric gives for a source and a generated sample; NaN where it cannot be computed or is not asked for.

    Attributes:
        value: of the metric. Of a distance where some galaxies cannot be measured, the complete one, which counts them.
        standard_error: of the value, over images.
        floor: what a perfect model would score on average at these sample sizes.
        n_source, n_generated: images compared.
        limit: the 95 % quantile of what a perfect model would score at these sample sizes: a value beyond it is not
            that of a perfect model.
        conditional, conditional_error, conditional_limit: the distance of the galaxies alone that can be measured, its
            error and its limit, where the value is a complete one.
        share_source, share_generated: shares of the galaxies of each side that can be measured.
        share_error: of the difference of the shares.
        share_limit: that of the absolute difference of shares. 95 % of perfect models are within it and, where there
            is a conditional distance, within the limit of that one too.
        replicates: (B,) the value in bootstrap resamplings of the images. Resampling b takes the same images of one
            source for every model, so that differences between models have errors of their own.
    """

    value: float
    standard_error: float
    floor: float
    n_source: int
    n_generated: int
    limit: float = np.nan
    conditional: float = np.nan
    conditional_error: float = np.nan
    conditional_limit: float = np.nan
    share_source: float = np.nan
    share_generated: float = np.nan
    share_error: float = np.nan
    share_limit: float = np.nan
    replicates: Sequence[float] = ()

    def row(self, metric: str, name: str) -> dict:
        """Tidy row of a metric for the property `name`."""
        return {"metric": metric, "property": name} | self._asdict()


COLUMNS = ("metric", "property", *Score._fields[:-1])
"""Columns of the rows of a comparison; the replicates, which most readers do not want, are beside them."""
MORE = Score._fields[5:-1]
"""Those that not every metric has."""
