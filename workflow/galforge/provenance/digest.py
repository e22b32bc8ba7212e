"""The digest of the code behind a stage: its script and every package module it imports, by what they say.

Taken over the parsed code without comments, docstrings, positions and formatting, so that a typo in a comment never
trains a model again. ``ast.dump`` differs between Python versions; the walk here does not.
"""

import ast
import hashlib
import importlib.util
from functools import cache
from pathlib import Path

from galforge.errors import GalforgeError

PACKAGE = Path(__file__).resolve().parents[1]
EXCLUDED = ("galforge.logs",)
"""Progress and logging. Besides them only the settings are left out (see ``is_excluded``)."""


def code_digest(script: Path, modules: tuple[str, ...] = ()) -> str:
    """Digest of a script, of the modules it loads by name, and of all they import from the same packages.

    Args:
        script: the file a job runs.
        modules: dotted names of modules that are found at run time (families); a package outside galforge among
            them is followed like galforge itself.

    Raises:
        GalforgeError: a file cannot be parsed, or a module cannot be found.
    """
    lines = [f"script {content_digest(script)}"]
    lines += [f"{name} {content_digest(module_file(name, modules))}" for name in sorted(reachable(script, modules))]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def reachable(script: Path, modules: tuple[str, ...] = ()) -> set[str]:
    """Dotted names of all package modules that a script can import, the excluded ones left out."""
    outside = _outside(modules)
    waiting = set(_imports(script, "", outside))
    for name in modules:
        waiting |= _with_parents(name)
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        file = _file_of(name, outside)
        if name in found or is_excluded(name):
            continue
        if file is None:
            raise GalforgeError(f"{script}: cannot find the module {name} that it needs")
        found.add(name)
        waiting |= set(_imports(file, name, outside)) - found
    return found


def module_file(name: str, modules: list[str] | tuple[str, ...] = ()) -> Path:
    """The file of a module that ``reachable`` named.

    Raises:
        GalforgeError: there is none.
    """
    file = _file_of(name, _outside(modules))
    if file is None:
        raise GalforgeError(f"cannot find the module {name}")
    return file


def is_excluded(name: str) -> bool:
    """Whether a module stays out of the digest: progress and logging, and settings.

    Settings modules hold names, types and limits of what the spec carries; a job takes every value from its spec.
    """
    return name in EXCLUDED or name.rpartition(".")[2] == "settings"


@cache
def content_digest(file: Path) -> str:
    """Digest of one file's code, the same on every supported Python."""
    try:
        tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise GalforgeError(f"{file}, line {error.lineno}: {error.msg}; mend it and run again") from error
    state = hashlib.sha256()
    for token in _tokens(tree):
        state.update(token.encode() + b"\x00")
    return state.hexdigest()


def _tokens(node: object):
    """The code as a sequence of words: node names and their fields, empty fields left out."""
    if isinstance(node, ast.AST):
        yield f"({type(node).__name__}"
        for name in sorted(node._fields):
            if name in ("ctx", "kind", "type_comment", "type_ignores", "type_params") and not _says(node, name):
                continue
            value = getattr(node, name, None)
            if name == "body" and isinstance(value, list):
                value = [item for item in _without_docstring(node, value) if not _only_for_types(item)]
            if isinstance(node, ast.JoinedStr):
                # Some 3.12 put an empty text beside a format specification, others do not.
                value = [item for item in value if not (isinstance(item, ast.Constant) and item.value == "")]
            if value is None or value == []:
                continue
            yield f"{name}="
            yield from _tokens(value)
        yield ")"
    elif isinstance(node, list):
        for item in node:
            yield from _tokens(item)
    else:
        yield f"{type(node).__name__}:{node!r}"


def _says(node: ast.AST, name: str) -> bool:
    """Type parameters mean something where there are any; the other four fields are bookkeeping."""
    return name == "type_params" and bool(getattr(node, name, None))


def _without_docstring(node: ast.AST, body: list) -> list:
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return body
    # Text after an assignment documents it (the convention of Sphinx) and does nothing either.
    return [
        item
        for item in body
        if not (
            isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant) and isinstance(item.value.value, str)
        )
    ]


def _only_for_types(node: object) -> bool:
    return isinstance(node, ast.If) and (
        (isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING")
        or (isinstance(node.test, ast.Attribute) and node.test.attr == "TYPE_CHECKING")
    )


@cache
def _imports(file: Path, module: str, outside: tuple[str, ...]) -> frozenset[str]:
    """Package modules named in a file's import statements, wherever in the file they stand."""
    names: set[str] = set()
    is_package = file.name == "__init__.py"
    for node in _walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            candidates = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = module.split(".")
                parts = parts[: len(parts) - node.level + is_package]
                base = ".".join([*parts, base] if base else parts)
            candidates = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        else:
            continue
        for candidate in candidates:
            if candidate.split(".")[0] in ("galforge", *outside) and _file_of(candidate, outside) is not None:
                names |= _with_parents(candidate)
    return frozenset(names)


def _walk(node: ast.AST):
    """All nodes but those under ``if TYPE_CHECKING``, which no run reaches."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not _only_for_types(child):
            yield from _walk(child)


def _outside(modules: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({name.split(".")[0] for name in modules} - {"galforge"}))


def _with_parents(name: str) -> set[str]:
    parts = name.split(".")
    return {".".join(parts[: i + 1]) for i in range(len(parts))}


@cache
def _file_of(name: str, outside: tuple[str, ...]) -> Path | None:
    """The file of a module of galforge or of an outside family's package, found without importing it."""
    top, *rest = name.split(".")
    if top == "galforge":
        folder = PACKAGE
    elif top in outside:
        spec = importlib.util.find_spec(top)
        if spec is None or not spec.submodule_search_locations:
            raise GalforgeError(f"package {top!r} of an outside family is not on PYTHONPATH, or is no package")
        folder = Path(next(iter(spec.submodule_search_locations)))
    else:
        return None
    base = folder.joinpath(*rest)
    for file in (base.with_suffix(".py") if rest else base / "__init__.py", base / "__init__.py"):
        if file.is_file():
            return file
    return None
