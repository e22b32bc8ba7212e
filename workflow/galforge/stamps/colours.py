"""Which three bands are shown as red, green and blue."""

from collections.abc import Sequence

KNOWN = (("i", "r", "g"), ("red", "green", "blue"), ("r", "g", "b"))


def red_green_blue(bands: Sequence[str]) -> tuple[int, int, int] | None:
    """Indices of the bands that are red, green and blue in a picture; None for fewer than three bands.

    i, r and g where there are these; red, green and blue (or R, G, B) as they are called in pictures; else the first
    three, the last of them red, since bands usually go from blue to red.
    """
    if len(bands) < 3:
        return None
    lower = [band.lower() for band in bands]
    for names in KNOWN:
        if set(names) <= set(lower):
            red, green, blue = (lower.index(name) for name in names)
            return red, green, blue
    return 2, 1, 0
