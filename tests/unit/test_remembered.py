"""Digests that a start keeps for the next: taken from the file while the code is the same, and anew after any edit."""

import json

import pytest

from galforge.provenance import digest, imports, remembered

FILES = {
    "galforge/__init__.py": "",
    "galforge/radius.py": "def radius(x):\n    return x\n",
    "galforge/unused.py": "x = 1\n",
    "scripts/script.py": "from galforge.radius import radius\n\nradius(1)\n",
}
EDITS = {
    "a module": lambda folder: (folder / "galforge/radius.py").write_text("def radius(x):\n    return 2 * x\n"),
    "the script": lambda folder: (folder / "scripts/script.py").write_text("radius = 2\n"),
    "a module that nothing uses": lambda folder: (folder / "galforge/unused.py").write_text("x = 2\n"),
    "a new module": lambda folder: (folder / "galforge/more.py").write_text(""),
    "a module under another name": lambda folder: (folder / "galforge/unused.py").rename(folder / "galforge/used.py"),
    "a module that is gone": lambda folder: (folder / "galforge/unused.py").unlink(),
}
FALSE = "0" * 64
"""No code has this digest: who gets it got it from the file."""


@pytest.fixture
def small(tmp_path, monkeypatch):
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    monkeypatch.setattr(imports, "PACKAGE", tmp_path / "galforge")
    monkeypatch.setattr(remembered, "_known", None)
    monkeypatch.setattr(remembered.atexit, "register", lambda *given: at_end.append(given))
    at_end: list[tuple] = []

    def started(edit=None):
        """The digest that a process gets, which ends before the next begins."""
        digest.forget()
        at_end.clear()
        remembered.remember(tmp_path / "kept.json")
        found = remembered.code_digest(tmp_path / "scripts/script.py", ())
        if edit:
            edit(tmp_path)
        for function, *given in at_end:
            function(*given)
        return found

    yield tmp_path, started
    monkeypatch.undo()
    digest.forget()


def falsify(folder):
    file = folder / "kept.json"
    kept = json.loads(file.read_text())
    file.write_text(json.dumps(kept | {"digests": dict.fromkeys(kept["digests"], FALSE)}))


def test_the_next_start_takes_the_digest_from_the_file(small):
    folder, started = small
    assert started() == digest.code_digest(folder / "scripts/script.py")
    falsify(folder)
    assert started() == FALSE


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_after_an_edit_it_is_taken_anew(small, edit):
    folder, started = small
    started()
    falsify(folder)
    edit(folder)
    found = started()
    digest.forget()
    assert found == digest.code_digest(folder / "scripts/script.py") != FALSE


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_nothing_is_kept_of_code_that_was_edited_meanwhile(small, edit):
    folder, started = small
    started(edit)
    assert not (folder / "kept.json").exists()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"state": 1, "digests": 2}', '{"digests": {}}'])
def test_a_damaged_file_counts_as_empty(small, text):
    folder, started = small
    (folder / "kept.json").write_text(text)
    assert started() == digest.code_digest(folder / "scripts/script.py")


def test_who_does_not_remember_takes_it_anew(small):
    folder, started = small
    started()
    falsify(folder)
    remembered._known = None
    assert remembered.code_digest(folder / "scripts/script.py") == digest.code_digest(folder / "scripts/script.py")
