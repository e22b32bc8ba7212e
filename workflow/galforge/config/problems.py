"""What is wrong with a configuration, collected and put into the words of a user of YAML."""

from typing import Any, TypeVar

from pydantic import ValidationError

from galforge import families
from galforge.errors import GalforgeError
from galforge.settings import Settings

Section = TypeVar("Section", bound=Settings)


class Problems:
    """Collects everything that is wrong, so that one message says it all."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, key: str, message: str) -> None:
        self.lines.append(f"{key}: {message}")

    def parse(self, kind: type[Section], data: Any, key: str) -> Section | None:
        if not isinstance(data, dict):
            self.add(key, f"{data!r} is not a section of keys and values")
            return None
        try:
            return kind.model_validate(data)
        except ValidationError as error:
            for item in error.errors():
                path = ".".join(
                    str(part) for part in item["loc"] if not str(part).startswith(("function-", "literal["))
                )
                where = ".".join(part for part in (key, path) if part)
                self.add(where, _readable(item, kind))
            return None

    def family(self, kind: str, family: Any, part: str, key: str) -> Any:
        if not isinstance(family, str):
            self.add(f"{key}.family", f"{family!r} is not the name of a family; every entry needs one")
            return None
        try:
            return families.load(kind, family, part)
        except GalforgeError as error:
            self.add(f"{key}.family", str(error))
            return None


def _readable(item: Any, kind: type[Settings]) -> str:
    """One of pydantic's findings in the words of a user of YAML."""
    value, context = item.get("input"), item.get("ctx", {})
    if item["type"] == "extra_forbidden":
        known = ", ".join(sorted(kind.model_fields)) if len(item["loc"]) == 1 else "see config/README.md"
        return f"unknown key (known here: {known})"
    if item["type"] == "missing":
        return "is missing"
    if item["type"] == "value_error":
        return str(context.get("error", item["msg"]))
    return f"{value!r}: {item['msg'][0].lower()}{item['msg'][1:]}"


def merged(base: Any, over: Any) -> Any:
    """A tree with the values of another put over it, as Snakemake merges configuration files."""
    if isinstance(base, dict) and isinstance(over, dict):
        return {name: merged(base.get(name), over[name]) if name in over else base[name] for name in {**base, **over}}
    return over
