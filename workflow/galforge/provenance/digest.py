"""The digest of the code behind a stage: its script and every package module it imports, by what they say.

Taken over the parsed code (``tokens``), with a module's digest wherever a file imports or uses that module
(``imports``). So it counts what a module says and who uses it for what, and neither where it lies nor what it is
called: moving or renaming a module, with the import lines that follow, changes no digest.

A module that cannot change a number says so at its top, ``IN_DIGEST = False``, and is in no digest.
"""

import ast
import hashlib
import re
from functools import cache
from itertools import repeat
from pathlib import Path

from galforge.errors import GalforgeError
from galforge.provenance import imports
from galforge.provenance.imports import PACKAGE as PACKAGE
from galforge.provenance.imports import Import, Module, Tops, find, outside, parents
from galforge.provenance.tokens import Code, parse, read

IN_DIGEST = False
"""This takes digests; it touches no number."""

_SHORT = 16
_MARKED = re.compile(r"^IN_DIGEST\b", re.MULTILINE)
_read: dict[tuple[Module, Tops], Code] = {}
_digests: dict[tuple[Module, Tops], str] = {}


def code_digest(script: Path, modules: tuple[str, ...] = ()) -> str:
    """Digest of a script, of the modules it loads by name, and of all they import from the same packages.

    Args:
        script: the file a job runs.
        modules: dotted names of modules that are found at run time (families); a package outside galforge among
            them is followed like galforge itself.

    Raises:
        GalforgeError: a file cannot be parsed, a module cannot be found, or modules import each other in a circle.
    """
    tops = outside(modules)
    named = [module for module in map(find, modules, repeat(tops)) if module and not is_excluded(module.file)]
    # Python runs the code of a package before that of any module in it, whoever imports the module.
    packages = [module for module in reachable(script, modules).values() if module.file.name == "__init__.py"]
    digests = {_digest(module, tops) for module in (*named, *packages)}
    return hashlib.sha256("\n".join([_digest(Module("", script), tops), *sorted(digests)]).encode()).hexdigest()


def reachable(script: Path, modules: tuple[str, ...] = ()) -> dict[str, Module]:
    """All package modules that a script can import, by their dotted names, without those that are in no digest.

    Raises:
        GalforgeError: a file cannot be parsed, or a module cannot be found.
    """
    tops = outside(modules)
    waiting = list(_code(Module("", script), tops).modules)
    for name in modules:
        if (module := find(name, tops)) is None:
            raise GalforgeError(f"{script}: cannot find the module {name} that it needs")
        waiting.append(module)
    seen: dict[str, Module] = {}
    while waiting:
        module = waiting.pop()
        if module.name not in seen:
            seen[module.name] = module
            waiting += parents(module, tops)
            if not is_excluded(module.file):
                waiting += _code(module, tops).modules
    return {
        name: module
        for name, module in seen.items()
        if not is_excluded(module.file) and not _code(module, tops).is_empty
    }


def own_digests(script: Path, modules: tuple[str, ...] = ()) -> dict[str, str]:
    """Digests of all modules behind a stage, each by itself, shortened: comparing them shows which modules changed."""
    tops = outside(modules)
    return {name: _own_digest(module, tops)[:_SHORT] for name, module in sorted(reachable(script, modules).items())}


def own_digest(file: Path) -> str:
    """Digest of what one script says, without what its imports say; the same on every supported Python."""
    return _own_digest(Module("", file), ())


@cache
def is_excluded(file: Path) -> bool:
    """Whether a module says ``IN_DIGEST = False`` at its top level."""
    # Most do not, and need not be parsed for it.
    if not _MARKED.search(file.read_text(encoding="utf-8")):
        return False
    said = [node for node in parse(file).body if isinstance(node, ast.Assign)]
    return any("IN_DIGEST" in map(ast.unparse, node.targets) and ast.unparse(node.value) == "False" for node in said)


def forget(*files: Path) -> None:
    """Take all digests anew, and read these files again; without any, all files, wherever they are now."""
    _digests.clear()
    if not files:
        _read.clear()
        imports.forget()
    for key in [key for key in _read if key[0].file in files]:
        del _read[key]
    is_excluded.cache_clear()


def _code(module: Module, tops: Tops) -> Code:
    key = (module, tops)
    if key not in _read:
        _read[key] = read(module, tops)
    return _read[key]


def _digest(module: Module, tops: Tops, importers: tuple[Module, ...] = ()) -> str:
    """Digest of a module with all that it imports.

    Raises:
        GalforgeError: it imports itself by way of others.
    """
    key = (module, tops)
    if key not in _digests:
        if module in importers:
            circle = (*importers[importers.index(module) :], module)
            raise GalforgeError(
                f"{' imports '.join(each.name for each in circle)}: a circle, so no digest of their code can be taken; "
                "move what they share into a module of its own"
            )
        known = {each: _digest(each, tops, (*importers, module)) for each in _counted(module, tops)}
        _digests[key] = _hashed(_code(module, tops), known)
    return _digests[key]


def _own_digest(module: Module, tops: Tops) -> str:
    """Digest of a module by itself, whatever the modules say that it imports."""
    return _hashed(_code(module, tops), dict.fromkeys(_counted(module, tops), ""))


def _counted(module: Module, tops: Tops) -> list[Module]:
    """What a module imports and has a digest."""
    return [each for each in _code(module, tops).modules if not is_excluded(each.file)]


def _hashed(code: Code, known: dict[Module, str]) -> str:
    """Digest of a file, given those of the modules that it imports; a module without one is in no digest."""
    state = hashlib.sha256()
    for word in code.words:
        if isinstance(word, bytes):
            state.update(word)
        elif isinstance(word, Module):
            state.update(f"module {known.get(word, '')}\x00".encode())
        elif lines := sorted(filter(None, (_line(each, known) for each in word.imports))):
            state.update("\x00".join([f"imports of {word.name}", *lines, ""]).encode())
    return state.hexdigest()


def _line(imported: Import, known: dict[Module, str]) -> str:
    """An import as the digest sees it; empty where it does not count."""
    module, name, local = imported
    if module in known:
        return f"{known[module]} {name} {local}"
    # Of a module in no digest, only another name for what it has tells what the uses do not.
    return f"{name} {local}" if name and name != local else ""
