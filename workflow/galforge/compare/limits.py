"""Limits: the 95 % quantiles of what a perfect model would score, from draws of such models or exactly."""

import numpy as np

LEVEL = 0.05
"""Share of perfect models that lie beyond a limit, or beyond one of two that are looked at together."""
FEWEST_DRAWS = 19
"""Draws without which there is no limit."""
_OF_SHARES = 0.01  # of perfect models may lie beyond the limit of shares


def limit(drawn: np.ndarray) -> float:
    """The limit beyond which a further draw like those of `drawn` (R,) lies with 5 %; NaN with fewer than 19 draws.

    Of R draws and one more, each is as likely as any other to be the k-th largest, so the k-th largest of the R, with
    k = 5 % of R + 1, is exact whatever the distribution.
    """
    drawn = np.sort(drawn[np.isfinite(drawn)])
    place = int(LEVEL * (len(drawn) + 1) + 1e-9)
    return float(drawn[-place]) if place else np.nan


def joint_limits(distances: np.ndarray, shares: np.ndarray) -> tuple[float, float]:
    """Limits of a distance and of an absolute difference of shares, within both of which 95 % of perfect models lie.

    Differences of shares come in steps, so their limit takes 1 % or less, and that of the distance what is left of the
    5 %; where nothing is missing, it is all of it. It is the distance that needs it: populations of which W1 is five
    sds (of that of perfect models) above their mean are some three standard errors apart, shares five sds apart are
    five.

    Args:
        distances: (R,) of perfect models.
        shares: (R,) differences of shares of the same models.
    """
    known = np.isfinite(distances) & np.isfinite(shares)
    distances, shares = distances[known], np.abs(shares[known])
    beyond = int(LEVEL * (len(shares) + 1) + 1e-9) - 1  # draws that may lie beyond either limit
    if beyond < 0:
        return np.nan, np.nan
    by_shares = max(int(_OF_SHARES * (len(shares) + 1)), 1)
    # What is compared with this limit went through other roundings.
    of_shares = float(np.sort(shares)[-by_shares]) + 1e-12
    within = np.sort(distances[shares <= of_shares])
    return float(within[-1 - (beyond - int(np.sum(shares > of_shares)))]), of_shares


def share_limit(n: int, m: int, having: int) -> float:
    """Limit of the absolute difference of shares of n and of m galaxies, `having` of which have something.

    Exact for relabelled galaxies: the number of those on one side that have it is hypergeometric. The difference comes
    in steps; of the probabilities to lie beyond one, that nearest to 5 % is taken.
    """
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + m + 1)))])
    first = np.arange(max(0, having - m), min(n, having) + 1)

    def chosen(of: int, number: np.ndarray) -> np.ndarray:
        return logs[of] - logs[number] - logs[of - number]

    chance = np.exp(chosen(n, first) + chosen(m, having - first) - (logs[n + m] - logs[having] - logs[n + m - having]))
    apart = np.abs(first / n - (having - first) / m)
    order = np.argsort(apart)
    apart, beyond = apart[order], 1 - np.cumsum(chance[order])
    last = np.append(np.diff(apart) > 1e-12, True)  # both signs of one difference are one step
    apart, beyond = apart[last], beyond[last]
    return float(apart[np.argmin(np.abs(beyond - LEVEL))]) + 1e-12
