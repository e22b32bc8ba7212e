"""How metrics are read: how near a value may come to what a perfect model scores before no ranking is claimed."""

FLOORS = {"score": "ideal", "beside": "the source's", "difference": "zero", "ratio": "one"}
"""What a value is compared with where that is not called a floor, by how its metric is read."""
PAIRED = ("wasserstein", "wasserstein_standardised", "share_difference", "sliced_wasserstein", "fid", "count")
"""Metrics that mean something where both samples are the same galaxies; the others take samples for independent."""


def at_floor(reading: str, value: float, error: float, floor: float) -> bool:
    """Whether a value is too close to what a perfect model would score to support a ranking.

    By how its metric is read (``galforge.compare.kind.READINGS``):

    - ``distance``, never negative: below twice its floor.
    - ``unbiased`` estimate, whose floor is 0: below twice its error.
    - ``score``, whose floor is what half of the source scores against the other half: within twice its error of it.
    - ``signed``, 0 for a perfect model: below twice its floor on either side.
    - ``beside``, a number of one sample: within twice the error of both of the source's value, given as the floor.
    - ``difference`` from the source or ``ratio`` to it: within twice its error of 0 or 1.
    - ``number``: never.
    """
    match reading:
        case "distance":
            return bool(value < 2 * floor or value == 0)
        case "unbiased":
            return bool(value < 2 * error)
        case "difference":
            return bool(abs(value) <= 2 * error)
        case "ratio":
            return bool(abs(value - 1) <= 2 * error)
        case "score" | "beside":
            return bool(abs(value - floor) <= 2 * error)
    return reading == "signed" and bool(abs(value) < 2 * floor)
