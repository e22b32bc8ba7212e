"""What a file imports from the packages that its digest follows, and which of its words stand for a module of them.

Nothing is imported here: modules are found as files. A digest puts a module's own digest wherever the code names the
module, so that neither its name nor its place counts.
"""

import ast
import builtins
import importlib.util
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import galforge
from galforge.errors import GalforgeError

IN_DIGEST = False
"""This takes digests; it touches no number."""

PACKAGE = Path(galforge.__file__).resolve().parent
TOP = galforge.__name__
Tops = tuple[str, ...]
"""Packages of outside families that are followed like galforge itself."""


_READS = (ast.Attribute, ast.Constant, ast.keyword, ast.MatchClass)
"""Nodes whose text names nothing new in the file."""


class Module(NamedTuple):
    """A module or a script, by its file; ``name`` is dotted, and empty for a script."""

    name: str
    file: Path


class Import(NamedTuple):
    """One name that an import statement brings from a package.

    Attributes:
        module: that is imported, or that the name comes from.
        name: as the module has it; empty for a whole module.
        local: what it is called in the file; empty for a whole module whose uses are replaced.
    """

    module: Module
    name: str
    local: str


def outside(modules: list[str] | tuple[str, ...]) -> Tops:
    """The packages outside galforge among the modules that a stage names."""
    return tuple(sorted({name.split(".")[0] for name in modules} - {TOP}))


@cache
def find(name: str, tops: Tops) -> Module | None:
    """A module of galforge or of an outside package; None where there is no such file.

    Raises:
        GalforgeError: an outside package cannot be found.
    """
    top, *rest = name.split(".")
    folder = _folder(top, tops)
    if folder is None:
        return None
    base = folder.joinpath(*rest)
    files = [*([base.with_suffix(".py")] if rest else []), base / "__init__.py"]
    return next((Module(name, file) for file in files if file.is_file()), None)


@cache
def parents(module: Module, tops: Tops) -> tuple[Module, ...]:
    """The ``__init__`` files that Python runs before a module."""
    parts = module.name.split(".")
    found = (find(".".join(parts[:count]), tops) for count in range(1, len(parts)))
    return tuple(filter(None, found))


@cache
def _folder(top: str, tops: Tops) -> Path | None:
    if top == TOP:
        return PACKAGE
    if top not in tops:
        return None
    spec = importlib.util.find_spec(top)
    if spec is None or not spec.submodule_search_locations:
        raise GalforgeError(f"package {top!r} of an outside family is not on PYTHONPATH, or is no package")
    return Path(next(iter(spec.submodule_search_locations)))


def forget() -> None:
    """Look for files and packages anew."""
    for cached in (find, parents, _folder):
        cached.cache_clear()


class Imports:
    """The imports of one file.

    Args:
        tree: the parsed file.
        home: the module that the file is.
        tops: outside packages.
    """

    def __init__(self, tree: ast.Module, home: Module, tops: Tops):
        self._home, self._tops = home, tops
        self._whole: dict[str, Module] = {}
        self._only_for_types: set[str] = set()
        others: set[str] = set(dir(builtins))
        for node, place in _bindings(tree):
            if isinstance(node, str):
                others.add(node)
                continue
            for alias, module, name in self._resolved(node):
                local = _bound(alias)
                if module is None or name:
                    others.add(local)
                    continue
                if isinstance(node, ast.Import) and not alias.asname:
                    # The file says a.b.c where it means the module, but a is what is bound.
                    module = find(local, tops)
                if place == "types":
                    self._only_for_types.add(local)
                elif place == "class" or module is None or self._whole.setdefault(local, module) != module:
                    others.add(local)
        # A name that means something else, too, stays as it is: then renaming the module counts, but nothing is missed.
        self._whole = {local: module for local, module in self._whole.items() if local not in others}
        self._only_for_types -= others | set(self._whole)

    def split(self, body: list) -> tuple[list, list[Import]]:
        """The statements of a body without those that import from packages, and what these import."""
        rest, found = [], []
        for node in body:
            if not isinstance(node, ast.Import | ast.ImportFrom):
                rest.append(node)
                continue
            left = []
            for alias, module, name in self._resolved(node):
                if module is None:
                    left.append(alias)
                else:
                    is_replaced = not name and _bound(alias) in self._whole
                    found.append(Import(module, name, "" if is_replaced else alias.asname or alias.name))
            if left:
                rest.append(type(node)(**dict(ast.iter_fields(node)) | {"names": left}))
        return rest, found

    def used(self, node: ast.AST) -> Module | str | None:
        """The module that a name or a dotted name stands for; empty text for one that only types need; else None."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        if node.id in self._only_for_types and not parts:
            return ""
        module = self._whole.get(node.id)
        return module and find(".".join([module.name, *reversed(parts)]), self._tops)

    def names_module(self, text: str) -> bool:
        """Whether a text is the dotted name of a module, for importing it when it is needed."""
        return "." in text and _is_dotted(text) and find(text, self._tops) is not None

    def without_package(self, text: str) -> str | None:
        """What follows the name of a package at the beginning of a formatted text; None if it begins with none."""
        package, dot, rest = text.rpartition(".")
        is_name = dot and _is_dotted(package) and (not rest or rest.isidentifier())
        return rest if is_name and find(package, self._tops) is not None else None

    def _resolved(self, node: ast.Import | ast.ImportFrom) -> Iterator[tuple[ast.alias, Module | None, str]]:
        """Each name of a statement with the module it is, or that it comes from; the last is empty for a module.

        What is found in no package (of other libraries, or no source file) has None.
        """
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias, find(alias.name, self._tops), ""
            return
        above = self._home.name.split(".") if node.level else []
        above = above[: len(above) - node.level + (self._home.file.name == "__init__.py")]
        base = ".".join(filter(None, [*above, node.module]))
        for alias in node.names:
            whole = find(f"{base}.{alias.name}", self._tops)
            yield alias, whole or find(base, self._tops), "" if whole else alias.name


def _bound(alias: ast.alias) -> str:
    """The name that an import binds in its file: ``import a.b.c`` binds a."""
    return alias.asname or alias.name.partition(".")[0]


def _is_dotted(text: str) -> bool:
    return all(part.isidentifier() for part in text.split("."))


def only_for_types(node: object) -> bool:
    """Whether a statement is ``if TYPE_CHECKING``, which no run reaches."""
    if not isinstance(node, ast.If) or node.orelse:
        return False
    return "TYPE_CHECKING" in (getattr(node.test, "id", ""), getattr(node.test, "attr", ""))


def _bindings(tree: ast.Module) -> Iterator[tuple[ast.Import | ast.ImportFrom | str, str]]:
    """Everything in a file that binds a name: import statements with their place, and names bound otherwise."""
    waiting: list[tuple[ast.AST, str]] = [(tree, "")]
    while waiting:
        node, place = waiting.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node, place
            continue
        # Text in the tree is a name that is bound: of a variable, function, class, caught error, pattern or type.
        binds = not isinstance(node, _READS) and not isinstance(getattr(node, "ctx", None), ast.Load)
        inner = place
        if only_for_types(node):
            inner = "types"
        elif isinstance(node, ast.ClassDef):
            inner = "class"
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) and place == "class":
            inner = ""
        for name in node._fields:
            value = getattr(node, name, None)
            for item in value if isinstance(value, list) else (value,):
                if isinstance(item, ast.AST):
                    waiting.append((item, inner))
                elif binds and isinstance(item, str):
                    yield item, place
