"""The code digest: what it follows, what it sees, what it ignores."""

import sys
import textwrap

import pytest

from galforge.errors import GalforgeError
from galforge.provenance import digest
from galforge.provenance.digest import code_digest, content_digest, reachable

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


def of(tmp_path, source):
    file = tmp_path / "module.py"
    file.write_text(textwrap.dedent(source))
    content_digest.cache_clear()
    return content_digest(file)


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
        "deep/__init__.py": "",
        "deep/core.py": "from ..parts import A as thing\n",
    }
    for path, text in files.items():
        file = tmp_path / name / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    script = tmp_path / "script.py"
    script.write_text("import galforge.seeds\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    for cached in (digest.content_digest, digest._imports, digest._file_of):
        cached.cache_clear()
    return name, tmp_path, script


def test_imports_are_followed_wherever_they_stand(package):
    name, _, script = package
    found = reachable(script, (f"{name}.family",))
    expected = {"", ".family", ".parts", ".lazy", ".deep", ".deep.core"}
    assert {item for item in found if item.startswith(name)} == {name + item for item in expected}
    assert {"galforge", "galforge.seeds"} <= found
    assert name not in sys.modules, "nothing of the family was run"


@pytest.mark.parametrize(
    ("file", "counts"), [("lazy.py", True), ("deep/core.py", True), ("unused.py", False), ("settings.py", False)]
)
def test_what_is_reached_counts_and_settings_do_not(package, file, counts):
    name, folder, script = package
    before = code_digest(script, (f"{name}.family",))
    path = folder / name / file
    path.write_text(path.read_text() + "more = 2\n")
    for cached in (digest.content_digest, digest._imports, digest._file_of):
        cached.cache_clear()
    assert (code_digest(script, (f"{name}.family",)) != before) == counts


def test_a_broken_file_is_named_with_its_line(tmp_path):
    with pytest.raises(GalforgeError, match=r"module\.py, line 2"):
        of(tmp_path, "x = 1\ndef f(:\n")


def test_a_missing_module_is_named(package):
    _, _, script = package
    with pytest.raises(GalforgeError, match="nowhere"):
        reachable(script, ("galforge.models.nowhere.family",))


def test_only_settings_and_progress_stay_out():
    assert digest.EXCLUDED == ("galforge.logs",)
    assert digest.is_excluded("galforge.models.vae.settings")
    assert not digest.is_excluded("galforge.models.vae.networks")
