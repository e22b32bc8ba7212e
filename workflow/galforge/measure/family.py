"""What a family of measures says of itself to planning: constants of its module ``settings``."""

from dataclasses import dataclass
from functools import cache
from typing import Literal

from galforge import families


@dataclass(frozen=True)
class Family:
    """A family of measures.

    Attributes:
        libraries: ``LIBRARIES``, those behind its numbers, as the lock names them.
        by_network: ``BY_NETWORK``, whether its jobs may be given a file of weights, threads and a scale, and no noise.
        fluxes: ``FLUXES``, whether it says nothing of pictures and of stamps that were scaled one by one.
        stretched: ``STRETCHED``, where the source's stamps set the scale at which it sees anybody's: under the protocol
            ``corrected`` only; on data sets whose images have no scores (``unscored``: scored ones are of 8 bits and
            have a scale); or nowhere (empty). Its module ``preparation`` then has ``stretch_from``.
        several_bands: ``SEVERAL_BANDS``, whether it is of data sets of two bands or more only.
    """

    libraries: tuple[str, ...]
    by_network: bool = False
    fluxes: bool = False
    stretched: Literal["corrected", "unscored", ""] = ""
    several_bands: bool = False


@cache
def declared(family: str) -> Family:
    """What a family of measures says of itself; what it leaves out has the default.

    Raises:
        GalforgeError: there is no such family.
    """
    said = vars(families.load("measure", family, "settings"))
    return Family(**{name: said[name.upper()] for name in Family.__dataclass_fields__ if name.upper() in said})
