"""What families may declare of themselves, and what holds for those that declare nothing.

A family says it in its module ``settings``: by names in capitals, and by functions, for the family as a whole, and by
fields of its settings class for one entry of the configuration. Both are read here and nowhere else while planning.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any

from galforge import families


@dataclass(frozen=True)
class Datasets:
    """What a family of data sets may declare.

    Attributes:
        CONDITIONS: catalogue columns of its stamps that models can be conditioned on.
        conditions_of: the same as a function of the settings, where they depend on them.
        ORIENTED: those of them that turning or mirroring an image changes.
        PIXEL_UNIT: of the side of a pixel, ``arcsec`` or ``kpc``.
        NATIVE: whether it keeps its galaxies at their own size too.
        SCORED: whether its images have scores of how real they look.
        VIEWS: shapes (C, H, W) of the parts or reductions of its images that models can be trained on, by name.
    """

    CONDITIONS: tuple[str, ...] = ()
    conditions_of: Callable[[Any], tuple[str, ...]] | None = None
    ORIENTED: tuple[str, ...] = ()
    PIXEL_UNIT: str = "arcsec"
    NATIVE: bool = False
    SCORED: bool = False
    VIEWS: dict[str, tuple[int, int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Models:
    """What a family of models may declare.

    Attributes:
        VIEW: the view of images that it is trained on; empty for the images themselves.
        PREDICTS: whether it predicts a column of the catalogue and draws nothing.
        TWO_STAGE: whether it draws galaxies one by one and composes images of them.
        GIVEN: whether its images were generated elsewhere, so that nothing is trained.
        TAKEN: whether its images are those of other data sets of the configuration, so that nothing is trained.
        GENERATOR: names of the networks that drawing an image takes.
        check_normalisation: refuses a kind and scale of normalisation: ``check_normalisation(settings, kind, scale)``.
        check_shape: refuses a shape of images that it cannot be trained on: ``check_shape(settings, shape)``.
    """

    VIEW: str = ""
    PREDICTS: bool = False
    TWO_STAGE: bool = False
    GIVEN: bool = False
    TAKEN: bool = False
    GENERATOR: tuple[str, ...] = ()
    check_normalisation: Callable[[Any, str, float], None] | None = None
    check_shape: Callable[[Any, tuple[int, int, int]], None] | None = None


OPTIONAL: dict[str, Any] = {
    # Data sets: sides [pixels] of galaxies that are stored at one size, number of galaxies that are made, shares of the
    # splits, which fold is the test split, where the raw input comes from, a catalogue beside it, its stand-in, the
    # FWHM of its PSF, the corruption only its query has, and a level of clusters.
    "sides": (),
    "count": None,
    "splits": None,
    "folds": None,
    "source": None,
    "catalogue": "",
    "mock": None,
    "psf_fwhm": None,
    "held_out": "",
    "threshold": 0,
    # The unit of pixels, how pictures were rendered, and the side of a pixel, where the settings say them.
    "unit": "",
    "rendering": "",
    "pixel_scale": None,
    # Models: columns that they are conditioned on, whether galaxies have size classes, the limits of these, and the
    # weights of gradient penalties.
    "conditions": (),
    "conditional": False,
    "thresholds": (),
    "r1": 0.0,
    "path_length": 0.0,
    # Measures: protocol, engine with its module and libraries, another family whose code takes it, whether noise is
    # added first, where the weights of a network come from, a file of them and its checksum, a model of the
    # configuration that predicts, compute threads, and the device of a network.
    "protocol": "corrected",
    "engine": "",
    "engine_module": None,
    "engine_libraries": (),
    "taken_by": "",
    "adds_noise": False,
    "weights": None,
    "path": "",
    "sha256": "",
    "model": None,
    "threads": 1,
    "device": "cpu",
}
"""Fields that settings of a family may have, and what holds for those that have none."""


@cache
def declared(kind: str, family: str) -> Any:
    """What a family declares: ``Datasets`` or ``Models``, by its kind.

    Raises:
        GalforgeError: there is no such family.
    """
    module = families.load(kind, family, "settings")
    form = {"datasets": Datasets, "models": Models}[kind]
    names = [each.name for each in fields(form) if hasattr(module, each.name)]
    return form(**{name: getattr(module, name) for name in names})


def optional(settings: Any, name: str) -> Any:
    """The value of a field that settings of a family may have (one of OPTIONAL)."""
    return getattr(settings, name, OPTIONAL[name])
