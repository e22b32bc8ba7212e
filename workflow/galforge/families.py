"""Families of data sets, models and measures, found by name, so that adding one changes no other's digest."""

import importlib
from types import ModuleType

from galforge.errors import GalforgeError

KINDS = ("datasets", "models", "measure")


def module_name(kind: str, family: str, part: str) -> str:
    """The dotted name of one module (``settings``, ``family``, ``dataset``, ``measure``) of a family.

    A family outside the package is named by its import path, which has a dot.
    """
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r} is not one of {', '.join(KINDS)}")
    package = family if "." in family else f"galforge.{kind}.{family}"
    return f"{package}.{part}"


def load(kind: str, family: str, part: str) -> ModuleType:
    """Import one module of a family.

    Raises:
        GalforgeError: there is no such family.
    """
    name = module_name(kind, family, part)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not (name == error.name or name.startswith(error.name + ".")):
            raise
        raise GalforgeError(
            f"family {family!r}: there is no module {name}. A family inside galforge is a folder of "
            f"workflow/galforge/{kind}/; one outside is named by its import path and must be on PYTHONPATH"
        ) from error
