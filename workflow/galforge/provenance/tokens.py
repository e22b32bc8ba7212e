"""The code of one file as a sequence of words, with gaps for the digests of the modules that it imports.

Comments, docstrings, positions and formatting leave no word. ``ast.dump`` differs between Python versions; the walk
here does not.
"""

import ast
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from galforge.errors import GalforgeError
from galforge.provenance.imports import Import, Imports, Module, Tops, only_for_types

IN_DIGEST = False
"""This takes digests; it touches no number."""

_BOOKKEEPING = frozenset(("ctx", "kind", "type_comment", "type_ignores"))
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_NEUTRAL = "module"
"""Stands for a module whose digest does not count at this place: another place has it, or none needs it."""


class Body(NamedTuple):
    """What a body of statements (``body``, ``orelse``, ``finalbody``) imports from packages."""

    name: str
    imports: list[Import]


class Code(NamedTuple):
    """A parsed file.

    Attributes:
        words: encoded words, and between them each module used by name, and the imports of each body of statements.
        modules: all that the file imports or uses.
        is_empty: nothing in it runs.
    """

    words: list[bytes | Module | Body]
    modules: set[Module]
    is_empty: bool


def parse(file: Path) -> ast.Module:
    """The syntax tree of a file.

    Raises:
        GalforgeError: it cannot be parsed.
    """
    try:
        return ast.parse(file.read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise GalforgeError(f"{file}, line {error.lineno}: {error.msg}; mend it and run again") from error


def read(module: Module, tops: Tops) -> Code:
    """The code of a module's file.

    Raises:
        GalforgeError: it cannot be parsed.
    """
    tree = parse(module.file)
    walk = _Walk(Imports(tree, module, tops))
    walk.say(tree)
    words: list[bytes | Module | Body] = []
    for is_text, said in groupby(walk.said, lambda word: isinstance(word, str)):
        run = list(said)
        words += [("\x00".join(run) + "\x00").encode()] if is_text else run
    modules = {each.module for word in words if isinstance(word, Body) for each in word.imports}
    modules |= {word for word in words if isinstance(word, Module)}
    return Code(words, modules, all(_is_text(item) or only_for_types(item) for item in tree.body))


class _Walk:
    """Node names and their fields, empty fields left out."""

    def __init__(self, imports: Imports):
        self.imports = imports
        self.said: list[str | Module | Body] = []

    def say(self, value: object) -> None:
        """A node and all below it, or what one of its fields holds."""
        if isinstance(value, ast.AST):
            used = self.imports.used(value)
            if used is None:
                self._node(value)
            else:
                self.said += ["(Module", used or _NEUTRAL, ")"]
        elif isinstance(value, list):
            for item in value:
                self.say(item)
        elif isinstance(value, str) and self.imports.names_module(value):
            self.said.append(_NEUTRAL)
        else:
            self.said.append(f"{type(value).__name__}:{value!r}")

    def _node(self, node: ast.AST) -> None:
        self.said.append(f"({type(node).__name__}")
        for name in _fields(type(node)):
            value = getattr(node, name, None)
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                # First the imports from packages, whose order means nothing, then all other statements.
                is_documented = isinstance(node, _DOCUMENTED) and name == "body"
                value = [item for item in value if not (only_for_types(item) or (is_documented and _is_text(item)))]
                value, imports = self.imports.split(value)
                self.said += [Body(name, imports)] if imports else []
            elif isinstance(node, ast.JoinedStr):
                value = self._formatted(value)
            if value is not None and value != []:
                self.said.append(f"{name}=")
                self.say(value)
        self.said.append(")")

    def _formatted(self, values: list) -> list:
        """The parts of a formatted text; a package that it begins with, to import by name, is not told by its name."""
        # Some 3.12 put an empty text beside a format specification, others do not.
        values = [item for item in values if not (isinstance(item, ast.Constant) and item.value == "")]
        if values and isinstance(values[0], ast.Constant):
            rest = self.imports.without_package(values[0].value)
            if rest is not None:
                return [ast.Constant(_NEUTRAL), ast.Constant(rest), *values[1:]]
        return values


@cache
def _fields(kind: type[ast.AST]) -> list[str]:
    return sorted(set(kind._fields) - _BOOKKEEPING)


def _is_text(item: ast.stmt) -> bool:
    """Docstrings; text after an assignment documents it (the convention of Sphinx) and does nothing either."""
    return isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant) and isinstance(item.value.value, str)
