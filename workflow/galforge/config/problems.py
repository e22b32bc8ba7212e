"""What is wrong with a configuration, collected and put into the words of a user of YAML."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from pydantic import ValidationError

from galforge import families
from galforge.errors import GalforgeError
from galforge.settings import Settings

Section = TypeVar("Section", bound=Settings)


class Problems:
    """Collects everything that is wrong, so that one message can tell it all."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, key: str, message: str) -> None:
        """Add a problem with a key of the configuration; the same one is kept once."""
        line = f"{key}: {message}"
        self.lines += [line] if line not in self.lines else []

    @contextmanager
    def caught(self, key: str, before: str = "") -> Iterator[None]:
        """Add what a check in this block refuses, with some words before it."""
        try:
            yield
        except (GalforgeError, ValueError) as error:
            self.add(key, f"{before}{error}")

    def parse(self, kind: type[Section], data: Any, key: str) -> Section | None:
        """A section as settings; None, and a line for each wrong key, where it is none."""
        if not isinstance(data, dict):
            self.add(key, f"{data!r} is not a section of keys and values")
            return None
        try:
            return kind.model_validate(data)
        except ValidationError as error:
            for item in error.errors():
                path = [str(part) for part in item["loc"] if not str(part).startswith(("function-", "literal["))]
                self.add(".".join(filter(None, (key, *path))), _readable(item, kind))
            return None

    def family(self, kind: str, entry: dict[str, Any], key: str) -> Any:
        """The module of settings of an entry's family; None, and a line, where there is no such family."""
        family = entry.get("family")
        if not isinstance(family, str):
            self.add(f"{key}.family", f"{family!r} is not the name of a family; every entry needs one")
            return None
        with self.caught(f"{key}.family"):
            return families.load(kind, family, "settings")


def _readable(item: Any, kind: type[Settings]) -> str:
    """One of pydantic's findings in the words of a user of YAML."""
    if item["type"] == "extra_forbidden":
        known = ", ".join(sorted(kind.model_fields)) if len(item["loc"]) == 1 else "see config/README.md"
        return f"unknown key (known here: {known})"
    if item["type"] == "missing":
        return "is missing"
    if item["type"] == "value_error":
        return str(item.get("ctx", {}).get("error", item["msg"]))
    return f"{item.get('input')!r}: {item['msg'][0].lower()}{item['msg'][1:]}"


def merged(base: Any, over: Any) -> Any:
    """A tree with the values of another put over it, as Snakemake merges configuration files."""
    if isinstance(base, dict) and isinstance(over, dict):
        return {name: merged(base.get(name), over[name]) if name in over else base[name] for name in {**base, **over}}
    return over
