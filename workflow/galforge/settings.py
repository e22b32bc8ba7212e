"""The base of all typed settings: strict and frozen, with one way to a canonical spec and back."""

import json
import re
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

IN_DIGEST = False
"""Settings bring numbers to a job and make none: what a job computes with is in its spec, which is a parameter of it.

``spec`` and ``from_spec`` are each other's inverse (tests hold them to it), so whatever they leave out, fill in or
convert, another value for a job is another spec. Validators, defaults and units work in the driver, before there is a
spec; ``from_spec`` takes values as they are.
"""

# YAML 1.1 reads 1e-3 as text because it has no dot: such text is a number, whatever the key.
_SCIENTIFIC = re.compile(r"[+-]?\d+(\.\d*)?[eE][+-]?\d+")


class Settings(BaseModel):
    """A section of the configuration.

    Unknown keys and values of another type are refused. The text below a field is its description, which
    ``config.yaml`` and the schema show. A field may declare in ``json_schema_extra``:

    - ``as_before: value``: while the field has that value it is left out of the spec, so that a new setting does not
      rerun what was made without it;
    - ``when: {other: [values]}``: the field is read only while another one has one of these values;
    - ``stage: name``: the field is read by another stage than the one that this section belongs to.
    """

    PARTIAL: ClassVar[bool] = False
    """Whether a spec may lack fields: those that its stage does not read."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        validate_default=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _scientific_notation(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {key: _number(value, cls, key) for key, value in data.items()}

    def spec(self) -> dict[str, Any]:
        """What the stage of these settings reads, as plain data."""
        return {name: _plain(getattr(self, name)) for name in type(self).model_fields if self._is_read(name)}

    @classmethod
    def from_spec(cls, spec: dict[str, Any]) -> Self:
        """The settings that a spec was made from.

        Fields that it leaves out take their as-before value, never a new default; fields that are not read are not set.

        Raises:
            ValueError: the spec lacks a field.
        """
        filled = dict(spec)
        for name, field in cls.model_fields.items():
            extra = _extra(field)
            if name in filled:
                section = field.annotation
                if isinstance(filled[name], dict) and isinstance(section, type) and issubclass(section, Settings):
                    filled[name] = section.from_spec(filled[name])
            elif "as_before" in extra:
                filled[name] = extra["as_before"]
            elif not cls.PARTIAL and not {"when", "stage"} & set(extra):
                raise ValueError(f"the spec lacks {name!r}, which {cls.__name__} needs")
        return cls.model_construct(**filled)

    def _is_read(self, name: str) -> bool:
        extra = _extra(type(self).model_fields[name])
        applies = all(getattr(self, other) in values for other, values in extra.get("when", {}).items())
        if "stage" in extra or not applies:
            return False
        return "as_before" not in extra or getattr(self, name) != extra["as_before"]


def _extra(field: Any) -> dict[str, Any]:
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}


def canonical(spec: Any) -> str:
    """Canonical JSON: sorted keys, no spaces, so that equal content is equal text."""
    return json.dumps(spec, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, Settings):
        return value.spec()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _number(value: Any, cls: type[BaseModel], key: str) -> Any:
    field = cls.model_fields.get(key)
    if field is None or field.annotation is str:
        return value
    if isinstance(value, list):
        return [_number(item, cls, key) for item in value]
    if isinstance(value, str) and _SCIENTIFIC.fullmatch(value):
        return float(value)
    return value


def _arcseconds(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"\s*([+-]?[\d.]+(?:[eE][+-]?\d+)?)\s*([A-Za-z]*)\s*", value)
    if match is None:
        raise ValueError(f"{value!r} is not a number with a unit such as '1 arcsec'")
    number, unit = match.groups()
    if unit and unit not in _ARCSECONDS:
        raise ValueError(f"unit {unit!r} is not one of {', '.join(_ARCSECONDS)}")
    return float(number) * _ARCSECONDS.get(unit, 1.0)


_ARCSECONDS = {"arcsec": 1, "mas": 1e-3, "arcmin": 60, "deg": 3600}
Angle = Annotated[float, BeforeValidator(_arcseconds)]
"""Arcseconds; text with a unit (``30 mas``) is converted."""
