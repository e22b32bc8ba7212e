"""How long drawing images takes, per thousand of them."""

from collections.abc import Mapping, Sequence
from typing import Any

PER = 1000
"""Images that the printed times are of."""


def per_thousand(spent: Sequence[float], batch: int) -> dict[str, Any]:
    """``seconds`` per thousand images, and how many ``images`` were timed.

    Args:
        spent: time of each block of images [s]; the first of several does not count, for libraries get ready in it.
        batch: images in a block.
    """
    timed = spent[1:] or spent
    return {"seconds": PER * sum(timed) / (batch * len(timed)), "images": batch * len(timed)}


def together(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The account of images that were drawn in parts."""
    images = sum(part["images"] for part in parts)
    return {**parts[0], "seconds": sum(part["seconds"] * part["images"] for part in parts) / images, "images": images}
