"""The code digest: what it follows, what it sees, what it ignores."""

import sys
import textwrap

import pytest

from galforge.errors import GalforgeError
from galforge.provenance import digest, imports
from galforge.provenance.digest import code_digest, own_digest, own_digests, reachable

GOLDEN_SOURCE = '''
"""Module."""
from __future__ import annotations
import numpy as np

RATE: float = 1e-3
"""Documented."""


class Fit(object):
    """Doc."""

    def run(self, x: list[int], *rest, scale=2.5, **more) -> str:
        """Doc."""
        # a comment
        y = [i ** 2 for i in x if i not in (1, 2) and not more]
        match y:
            case [first, *_] if first > -1:
                return f"{first!r:>{scale}} of {len(y)}: {y=}"
            case _:
                pass
        return b"\\x00".decode() + u"text" if rest else (lambda a, /, b=1j: a @ b)(np.eye(2), ...)
'''
GOLDEN = "bc7c2d23ebdd0ef7b5f2ed8ef199b3d7ce6cdefa4883d806bf6bc62b6ea6d8ce"


OFFERED = ("morphology", "photometry", "power_spectrum", "sources")


def of(tmp_path, source):
    file = tmp_path / "module.py"
    file.write_text(textwrap.dedent(source))
    digest.forget(file)
    return own_digest(file)


def test_one_value_on_every_supported_python(tmp_path):
    assert of(tmp_path, GOLDEN_SOURCE) == GOLDEN


@pytest.mark.parametrize(
    "same",
    [
        "# a comment\nx = 1\ndef f(a):\n    return a + 1\n",
        '"""Docstring."""\nx = 1\ndef f(a):\n    """Docstring."""\n    return a + 1\n',
        "x = (1)\n\n\ndef f( a ):\n\n    return (a +\n            1)\n",
        "x = 1\nif TYPE_CHECKING:\n    import torch\ndef f(a):\n    return a + 1\n",
    ],
)
def test_comments_docstrings_formatting_and_types_do_not_count(tmp_path, same):
    base = of(tmp_path, "x = 1\ndef f(a):\n    return a + 1\n")
    assert of(tmp_path, same) == base


@pytest.mark.parametrize(
    "other",
    [
        "x = 2\ndef f(a):\n    return a + 1\n",
        "x = 1.0\ndef f(a):\n    return a + 1\n",
        "x = True\ndef f(a):\n    return a + 1\n",
        "x = '1'\ndef f(a):\n    return a + 1\n",
        "x = b'1'\ndef f(a):\n    return a + 1\n",
        "x = 1\ndef f(b):\n    return b + 1\n",
        "x = 1\ndef f(a):\n    return a - 1\n",
        "x = 1\ndef f(a):\n    return 1 + a\n",
        "x = 1\ndef f(a=None):\n    return a + 1\n",
        "x = 1\nasync def f(a):\n    return a + 1\n",
        "def f(a):\n    return a + 1\nx = 1\n",
    ],
)
def test_everything_that_runs_counts(tmp_path, other):
    base = of(tmp_path, "x = 1\ndef f(a):\n    return a + 1\n")
    assert of(tmp_path, other) != base


FILES = {
    "galforge/__init__.py": '"""Only a docstring."""\n',
    "galforge/logs.py": "IN_DIGEST = False\nlog = print\n",
    "galforge/settings.py": "IN_DIGEST = False  # why\nA = 1\nB = 2\n",
    "galforge/native.py": "def decode(x):\n    return x\n",
    "galforge/seeds.py": "def seed():\n    return 1\n",
    "galforge/noise.py": "def draw():\n    return 2\n",
    "galforge/measure/__init__.py": "",
    "galforge/measure/light.py": """
        import numpy as np

        from galforge import noise, seeds
        from galforge.logs import log
        from galforge.measure.apertures import radius, width
        from galforge.settings import A

        def measure(x):
            log(A)
            return radius(x) + width(x) + noise.draw() - seeds.seed() + np.sum(x)
    """,
    "galforge/measure/apertures.py": """
        def radius(x):
            from galforge.measure.rings import rings

            return rings(x)

        def width(x):
            return 2 * x
    """,
    "galforge/measure/rings.py": "def rings(x):\n    return x\n",
    "galforge/unused.py": "x = 1\n",
    "scripts/script.py": "from galforge.measure.light import measure\n\nmeasure(1)\n",
}
"""A little package with a script."""


class Tree:
    """The files of a package in a folder, for edits and moves."""

    def __init__(self, folder):
        self.folder = folder
        self.script = folder / "scripts/script.py"

    def write(self, name, text):
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))

    def edit(self, name, before, after):
        text = (self.folder / name).read_text()
        assert before in text
        self.write(name, text.replace(before, after))

    def move(self, name, to, *replaced):
        """Move a file, and replace words in all files as it would be done by hand."""
        self.write(to, (self.folder / name).read_text())
        (self.folder / name).unlink()
        for file in self.folder.glob("**/*.py"):
            text = file.read_text()
            for before, after in replaced:
                text = text.replace(before, after)
            file.write_text(text)

    def digest(self, *modules):
        digest.forget()
        return code_digest(self.script, modules)

    def reached(self, *modules):
        digest.forget()
        return set(reachable(self.script, modules))


@pytest.fixture
def tree(tmp_path, monkeypatch):
    made = Tree(tmp_path)
    for name, text in FILES.items():
        made.write(name, text)
    monkeypatch.setattr(imports, "PACKAGE", tmp_path / "galforge")
    digest.forget()
    yield made
    monkeypatch.undo()
    digest.forget()


MOVES = {
    "to another package": (
        *("galforge/measure/apertures.py", "galforge/shapes/apertures.py"),
        ("galforge.measure.apertures", "galforge.shapes.apertures"),
    ),
    "under another name": (
        *("galforge/measure/apertures.py", "galforge/shapes/by_rings.py"),
        ("galforge.measure.apertures", "galforge.shapes.by_rings"),
    ),
    "one that only a function imports": (
        *("galforge/measure/rings.py", "galforge/annuli.py"),
        ("galforge.measure.rings", "galforge.annuli"),
    ),
    "the first one of a script": (
        *("galforge/measure/light.py", "galforge/flux.py"),
        ("galforge.measure.light", "galforge.flux"),
    ),
    "with its uses and the order of imports": (
        *("galforge/noise.py", "galforge/sky/zeros.py"),
        ("from galforge import noise, seeds\n", "from galforge import seeds\nfrom galforge.sky import zeros\n"),
        ("noise.draw", "zeros.draw"),
    ),
    "of settings": (
        *("galforge/settings.py", "galforge/measure/fields.py"),
        ("galforge.settings", "galforge.measure.fields"),
    ),
}


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES)
def test_a_move_changes_nothing_and_an_edit_afterwards_does(tree, move):
    before = tree.digest()
    source, to, *replaced = move
    tree.move(source, to, *replaced)
    assert tree.digest() == before
    tree.write(to, (tree.folder / to).read_text() + "more = 1\n")
    assert (tree.digest() == before) == ("fields" in to)


def test_the_script_s_name_and_the_order_of_modules_do_not_count(tree):
    before = tree.digest("galforge.unused", "galforge.native")
    tree.move("scripts/script.py", "scripts/other.py")
    tree.script = tree.folder / "scripts/other.py"
    assert tree.digest("galforge.native", "galforge.unused") == before
    assert tree.digest("galforge.native") != before


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        # Names that two modules have, taken from the other one.
        ("light.py", "radius, width", "width as radius, radius as width"),
        ("light.py", "noise, seeds", "noise as seeds, seeds as noise"),
        ("light.py", "noise.draw() - seeds.seed()", "seeds.seed() - noise.draw()"),
        ("light.py", "noise, seeds", "native as noise, seeds"),
        ("light.py", "settings import A", "settings import B as A"),
    ],
)
def test_other_uses_of_the_same_modules_are_seen(tree, name, before, after):
    known = tree.digest()
    tree.edit(f"galforge/measure/{name}", before, after)
    assert tree.digest() != known


def test_imports_swapped_between_modules_are_seen(tree):
    tree.write("galforge/a.py", "def f():\n    return 1\n\ndef g():\n    return 2\n")
    tree.write("galforge/b.py", "def f():\n    return 3\n\ndef g():\n    return 4\n")
    tree.write("scripts/script.py", "from galforge.a import f\nfrom galforge.b import g\n\nf() - g()\n")
    before = tree.digest()
    tree.write("scripts/script.py", "from galforge.a import g\nfrom galforge.b import f\n\nf() - g()\n")
    assert tree.digest() != before


def test_where_an_import_stands_counts_by_the_body_it_stands_in(tree):
    tree.write("scripts/script.py", "def f():\n    from galforge import seeds\n\n    return seeds.seed()\n")
    late = tree.digest()
    tree.write("scripts/script.py", "from galforge import seeds\n\ndef f():\n    return seeds.seed()\n")
    assert tree.digest() != late


@pytest.mark.parametrize(
    ("first", "other"),
    [
        (
            "import galforge.seeds\n\ngalforge.seeds.seed()\n",
            "import galforge.deep.sown\n\ngalforge.deep.sown.seed()\n",
        ),
        ("import galforge.seeds as s\n\ns.seed()\n", "import galforge.deep.sown as sown\n\nsown.seed()\n"),
        ("from galforge import seeds\n\nseeds.seed()\n", "from galforge.deep import sown as s\n\ns.seed()\n"),
    ],
)
def test_whole_modules_are_known_by_what_they_say(tree, first, other):
    tree.write("galforge/deep/__init__.py", "")
    tree.write("galforge/deep/sown.py", FILES["galforge/seeds.py"])
    tree.write("scripts/script.py", first)
    before = tree.digest()
    tree.write("scripts/script.py", other)
    assert tree.digest() == before


@pytest.mark.parametrize(
    "shadow",
    [
        "def f(seeds):\n    return seeds.seed()\n",
        "for seeds in (1, 2):\n    print(seeds)\n",
        "try:\n    from galforge import noise as seeds\nexcept ImportError:\n    pass\n",
        "class C:\n    from galforge import noise as seeds\n",
        "def f():\n    global seeds\n    seeds = 1\n",
    ],
)
def test_a_module_s_name_that_means_something_else_too_keeps_its_name(tree, shadow):
    """Then renaming the module counts, but no other change is missed."""
    tree.write("scripts/script.py", f"from galforge import seeds\n\nseeds.seed()\n{shadow}")
    before = tree.digest()
    tree.edit("galforge/seeds.py", "return 1", "return 3")
    edited = tree.digest()
    assert edited != before
    tree.move("galforge/seeds.py", "galforge/sown.py", ("import seeds", "import sown"), ("seeds.seed", "sown.seed"))
    assert tree.digest() != edited


@pytest.mark.parametrize(
    ("name", "text", "counts"),
    [
        ("measure/light.py", "more = 1\n", True),
        ("measure/rings.py", "more = 1\n", True),
        ("noise.py", "more = 1\n", True),
        ("unused.py", "more = 1\n", False),
        ("native.py", "more = 1\n", False),
        ("settings.py", "more = 1\n", False),
        ("logs.py", "from galforge import unused\n", False),
        ("__init__.py", "", False),
        ("__init__.py", "more = 1\n", True),
        ("measure/__init__.py", '"""Docstring."""\n', False),
        ("measure/__init__.py", "more = 1\n", True),
        ("shapes/__init__.py", "more = 1\n", False),
    ],
)
def test_what_is_reached_and_can_change_a_number_counts(tree, name, text, counts):
    before = tree.digest()
    file = tree.folder / "galforge" / name
    tree.write(f"galforge/{name}", (file.read_text() if file.exists() else "") + text)
    assert (tree.digest() != before) == counts


def test_a_package_with_code_counts_by_what_it_says(tree):
    tree.write("galforge/measure/__init__.py", "from galforge.measure.rings import rings\n")
    before = tree.digest()
    tree.move("galforge/measure/__init__.py", "galforge/shapes/__init__.py")
    for name in ("apertures", "light", "rings"):
        tree.move(
            f"galforge/measure/{name}.py",
            f"galforge/shapes/{name}.py",
            (f"galforge.measure.{name}", f"galforge.shapes.{name}"),
        )
    assert tree.digest() == before
    tree.edit("galforge/shapes/__init__.py", "import rings", "import rings as circles")
    assert tree.digest() != before


def test_a_mark_must_be_an_assignment_at_the_top(tree):
    before = tree.digest()
    tree.write("galforge/noise.py", FILES["galforge/noise.py"] + '"""\nIN_DIGEST = False\n"""\n')
    assert tree.digest() == before
    assert "galforge.noise" in tree.reached()
    tree.write("galforge/noise.py", "IN_DIGEST = False\n" + FILES["galforge/noise.py"])
    assert tree.digest() != before
    assert "galforge.noise" not in tree.reached()


def test_a_module_named_by_a_text_is_read_only_where_a_stage_names_it(tree):
    """It stays lazy: jobs that never load it do not depend on it."""
    lazy = "import importlib\n\nimportlib.import_module('galforge.native').decode(1)\n"
    tree.write("scripts/script.py", lazy)
    without, declared = tree.digest(), tree.digest("galforge.native")
    assert "galforge.native" not in tree.reached()
    tree.move("galforge/native.py", "galforge/deep/sizes.py", ("galforge.native", "galforge.deep.sizes"))
    assert (tree.digest(), tree.digest("galforge.deep.sizes")) == (without, declared)
    tree.edit("galforge/deep/sizes.py", "return x", "return 2 * x")
    assert tree.digest() == without
    assert tree.digest("galforge.deep.sizes") != declared


def test_a_package_named_at_the_beginning_of_a_formatted_text_may_be_renamed(tree):
    tree.write("scripts/script.py", "name = f'galforge.measure.by_{x}'\n")
    before = tree.digest()
    tree.write("galforge/shapes/__init__.py", "")
    tree.write("scripts/script.py", "name = f'galforge.shapes.by_{x}'\n")
    assert tree.digest() == before
    tree.write("scripts/script.py", "name = f'galforge.shapes.with_{x}'\n")
    assert tree.digest() != before


def test_a_circle_is_refused_with_the_names_of_its_modules(tree):
    tree.edit(
        "galforge/measure/rings.py", "return x", "from galforge.measure.light import measure\n    return measure(x)"
    )
    with pytest.raises(GalforgeError, match=r"light imports \S+apertures imports \S+rings imports \S+light: a circle"):
        tree.digest()


def test_own_digests_blame_the_module_that_changed_and_no_move(tree):
    def own():
        digest.forget()
        return own_digests(tree.script)

    before = own()
    assert set(before) == {
        f"galforge.{name}"
        for name in ("noise", "seeds", *(f"measure.{part}" for part in ("light", "apertures", "rings")))
    }
    tree.edit("galforge/measure/rings.py", "return x", "return 2 * x")
    assert {name for name in before if own()[name] != before[name]} == {"galforge.measure.rings"}
    tree.edit("galforge/measure/rings.py", "return 2 * x", "return x")
    tree.move(*MOVES["with its uses and the order of imports"])
    assert sorted(own().values()) == sorted(before.values())


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of an outside family with a little tree of imports."""
    name = f"outside_{tmp_path.name.replace('-', '_')}"
    files = {
        "__init__.py": "",
        "family.py": "from . import parts\nfrom .deep.core import thing\nimport numpy\n\n"
        f"def late():\n    import {name}.lazy\n",
        "parts.py": "from .settings import A\n",
        "lazy.py": "x = 1\n",
        "unused.py": "x = 1\n",
        "settings.py": "A = 1\n",
        "deep/__init__.py": "from .core import thing\n",
        "deep/core.py": "from ..parts import A as thing\n",
    }
    for path, text in files.items():
        file = tmp_path / name / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    script = tmp_path / "script.py"
    script.write_text("import galforge.seeds\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    digest.forget()
    return name, tmp_path, script


def test_imports_are_followed_wherever_they_stand(package):
    name, _, script = package
    found = set(reachable(script, (f"{name}.family",)))
    expected = {".family", ".parts", ".lazy", ".deep", ".deep.core", ".settings"}
    assert {item for item in found if item.startswith(name)} == {name + item for item in expected}
    assert "galforge.seeds" in found
    assert name not in sys.modules, "nothing of the family was run"


@pytest.mark.parametrize(("mark", "counts"), [("", True), ("IN_DIGEST = False\n", False)])
def test_settings_of_an_outside_family_count_unless_they_say_otherwise(package, mark, counts):
    name, folder, script = package
    settings = folder / name / "settings.py"
    settings.write_text(f"{mark}A = 1\n")
    digest.forget()
    before = code_digest(script, (f"{name}.family",))
    settings.write_text(f"{mark}A = 2\n")
    digest.forget()
    assert (code_digest(script, (f"{name}.family",)) != before) == counts


def test_an_outside_family_may_be_moved_whole(package):
    name, folder, script = package
    before = code_digest(script, (f"{name}.family",))
    (folder / name).rename(folder / f"{name}_moved")
    family = folder / f"{name}_moved/family.py"
    family.write_text(family.read_text().replace(name, f"{name}_moved"))
    digest.forget()
    assert code_digest(script, (f"{name}_moved.family",)) == before


def test_a_broken_file_is_named_with_its_line(tmp_path):
    with pytest.raises(GalforgeError, match=r"module\.py, line 2"):
        of(tmp_path, "x = 1\ndef f(:\n")


def test_a_missing_module_is_named(package):
    _, _, script = package
    with pytest.raises(GalforgeError, match="nowhere"):
        code_digest(script, ("galforge.models.nowhere.family",))


def test_only_what_can_change_no_number_stays_out():
    out = {file for file in digest.PACKAGE.glob("**/*.py") if digest.is_excluded(file)}
    # Those have a function for users, which no job calls.
    offered = {digest.PACKAGE / f"measure/{family}/__init__.py" for family in OFFERED}
    assert offered <= out
    assert {file.stem for file in out - offered if file.name != "settings.py"} == {
        *("digest", "imports", "tokens", "remembered", "records", "logs", "errors"),
        *("clock", "lease", "report", "room", "printed_files"),
    }
    assert set(digest.PACKAGE.glob("**/settings.py")) <= out
