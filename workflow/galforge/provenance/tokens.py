"""The code of one file as a sequence of words, with gaps for the digests of the modules that it imports.

Comments, docstrings, positions and formatting leave no word. ``ast.dump`` differs between Python versions; the walk
here does not.
"""

import ast
from dataclasses import dataclass, field
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


@dataclass
class Code:
    """A parsed file.

    Attributes:
        words: encoded words, and between them each module used by name, and the imports of each body of statements.
        modules: all that the file imports or uses.
        is_empty: nothing in it runs.
    """

    words: list[bytes | Module | Body] = field(default_factory=list)
    modules: set[Module] = field(default_factory=set)
    is_empty: bool = False


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
    walk.node(tree)
    walk.close()
    walk.code.is_empty = all(_is_text(item) or only_for_types(item) for item in tree.body)
    return walk.code


class _Walk:
    """Node names and their fields, empty fields left out."""

    def __init__(self, imports: Imports):
        self.imports, self.code = imports, Code()
        self._said: list[str] = []

    def close(self) -> None:
        """Encode what was said since the last gap."""
        if self._said:
            self.code.words.append(("\x00".join(self._said) + "\x00").encode())
            self._said = []

    def node(self, node: ast.AST) -> None:
        """A node and all below it."""
        say = self._said.append
        if isinstance(node, ast.Name | ast.Attribute) and (used := self.imports.used(node)) is not None:
            self._use(used)
            return
        say(f"({type(node).__name__}")
        for name in sorted(node._fields):
            value = getattr(node, name, None)
            if value is None or value == [] or name in _BOOKKEEPING:
                continue
            if isinstance(value, list) and isinstance(value[0], ast.stmt):
                self._body(node, name, value)
                continue
            if isinstance(node, ast.JoinedStr):
                value = self._formatted(value)
                if not value:
                    continue
            self._said.append(f"{name}=")
            self._any(value)
        self._said.append(")")

    def _any(self, value: object) -> None:
        if isinstance(value, ast.AST):
            self.node(value)
        elif isinstance(value, list):
            for item in value:
                self._any(item)
        elif isinstance(value, str) and self.imports.names_module(value):
            self._said.append(_NEUTRAL)
        else:
            self._said.append(f"{type(value).__name__}:{value!r}")

    def _body(self, node: ast.AST, name: str, body: list) -> None:
        """Statements: first the imports from packages, whose order means nothing, then all others."""
        if isinstance(node, _DOCUMENTED) and name == "body":
            body = [item for item in body if not _is_text(item)]
        body, imports = self.imports.split([item for item in body if not only_for_types(item)])
        if imports:
            self.close()
            self.code.words.append(Body(name, imports))
            self.code.modules.update(each.module for each in imports)
        if body:
            self._said.append(f"{name}=")
            self._any(body)

    def _use(self, module: Module | str) -> None:
        self._said.append("(Module")
        if isinstance(module, Module):
            self.close()
            self.code.words.append(module)
            self.code.modules.add(module)
        else:
            self._said.append(_NEUTRAL)
        self._said.append(")")

    def _formatted(self, values: list) -> list:
        """The parts of a formatted text; a package that it begins with, to import by name, is not told by its name."""
        # Some 3.12 put an empty text beside a format specification, others do not.
        values = [item for item in values if not (isinstance(item, ast.Constant) and item.value == "")]
        if values and isinstance(values[0], ast.Constant):
            rest = self.imports.without_package(values[0].value)
            if rest is not None:
                return [ast.Constant(_NEUTRAL), ast.Constant(rest), *values[1:]]
        return values


def _is_text(item: ast.stmt) -> bool:
    """Docstrings; text after an assignment documents it (the convention of Sphinx) and does nothing either."""
    return isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant) and isinstance(item.value.value, str)
