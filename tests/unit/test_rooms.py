"""The rooms of the package: what lives there is said, and nothing imports from a floor above its own."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from tree import ROOT

PACKAGE = ROOT / "workflow" / "galforge"
FLOORS = (
    ("",),
    ("provenance", "download", "raw", "stamps"),
    ("datasets", "models"),
    ("training", "sampling", "measure"),
    ("compare",),
    ("studies", "drawing", "snapshots"),
    ("papers",),
    ("report", "cards"),
    ("config", "export"),
    ("plan",),
    ("operate",),
    ("estimate",),
)
"""Rooms from the ground up; the modules in the root of the package are the ground."""
HEAVY = {"torch", "pandas", "numpy", "scipy", "matplotlib", "h5py", "astropy", "sklearn"}
PLANNING = """
import sys
from galforge.plan import driver
print(*sys.modules)
"""


def modules() -> dict[str, Path]:
    found = {}
    for file in PACKAGE.rglob("*.py"):
        name = ".".join(["galforge", *file.relative_to(PACKAGE).with_suffix("").parts])
        found[name.removesuffix(".__init__")] = file
    return found


MODULES = modules()


def room(module: str) -> str:
    first = module.split(".")[1] if "." in module else ""
    return first if (PACKAGE / first).is_dir() else ""


def imported(name: str) -> set[str]:
    """Modules of the package that one imports, wherever in its file; for types alone does not count."""

    def walk(node: ast.AST):
        if not (isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"):
            yield node
            for child in ast.iter_child_nodes(node):
                yield from walk(child)

    found = set()
    for node in walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name} imports relatively"
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= whole & set(MODULES) or {node.module}
    return found & set(MODULES)


def test_every_room_has_its_floor():
    folders = {folder.name for folder in PACKAGE.iterdir() if (folder / "__init__.py").exists()}
    assert sorted(folders) == sorted(room for floor in FLOORS for room in floor if room)


@pytest.mark.parametrize("name", sorted({room for floor in FLOORS for room in floor if room}))
def test_every_room_says_what_lives_there(name):
    tree = ast.parse((PACKAGE / name / "__init__.py").read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    assert len(tree.body) == 1, "a docstring and no code"


def test_nothing_imports_from_a_floor_above_its_own():
    height = {room: number for number, floor in enumerate(FLOORS) for room in floor}
    upward = [
        f"{name} -> {other}"
        for name in sorted(MODULES)
        for other in sorted(imported(name))
        if height[room(other)] > height[room(name)]
        or (height[room(other)] == height[room(name)] and room(other) != room(name))
    ]
    assert upward == []


def test_there_is_no_circle():
    left = {name: imported(name) - {name} for name in MODULES}
    while free := {name for name, needs in left.items() if not needs & set(left)}:
        left = {name: needs for name, needs in left.items() if name not in free}
    assert left == {}


def test_planning_imports_nothing_heavy():
    done = subprocess.run([sys.executable, "-c", PLANNING], cwd=ROOT / "workflow", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not set(done.stdout.split()) & HEAVY
