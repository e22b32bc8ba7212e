"""The settings that one job reads, from its spec: any other is not there, so that none can be read unnoticed."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

from galforge.studies.realism.settings import RealismSettings


def chosen(spec: Mapping[str, Any]) -> RealismSettings:
    """Settings with the fields of a spec and no others."""
    fields = RealismSettings.model_fields
    read = {
        name: cast(Any, fields[name].annotation).from_spec(value) if isinstance(value, dict) else value
        for name, value in ((name, spec[name]) for name in spec)
    }
    return cast(RealismSettings, SimpleNamespace(**read))
