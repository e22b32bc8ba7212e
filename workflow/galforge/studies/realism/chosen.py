"""The settings of the study that one job reads, from its spec; reading any other raises an AttributeError."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

from galforge.studies.realism.settings import RealismSettings


def chosen(spec: Mapping[str, Any]) -> RealismSettings:
    """Settings with the fields of a spec and no others."""
    sections = {name: cast(Any, RealismSettings.model_fields[name].annotation) for name in spec}
    read = {name: sections[name].from_spec(v) if isinstance(v, dict) else v for name, v in spec.items()}
    return cast(RealismSettings, SimpleNamespace(**read))
