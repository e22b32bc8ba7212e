"""What people meet first: how to cite, how to contribute, and on which machine it runs."""

import os
import re
import subprocess
import sys
import tomllib
from types import SimpleNamespace

import pytest
import yaml
from tree import ROOT

from galforge.errors import GalforgeError
from galforge.papers import registry
from galforge.plan.driver import Driver


def test_the_citation_is_of_this_version_and_names_the_papers():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {"cff-version", "message", "title", "authors"} <= set(citation), "what the format asks for"
    assert (citation["version"], citation["license"]) == (project["version"], project["license"])
    assert citation["authors"] == [{"name": "The galforge authors"}]
    years = sorted(each["year"] for each in citation["references"])
    assert years == sorted(int(name[-4:]) for name in registry.names()), "papers are called after their years"


def test_what_the_guide_for_contributors_names_is_there():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:tests|docs|workflow|config|benchmarks|examples)/[\w./-]*)`", text))
    named |= set(re.findall(r"\]\(([\w./-]+)\)", text))
    assert len(named) > 10
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:^ +|`)make ([a-z-]+)", text, re.MULTILINE)) <= targets


def test_another_system_than_linux_is_refused_in_a_sentence(tmp_path, monkeypatch):
    (tmp_path / "uname").write_text("#!/bin/sh\necho Darwin\n")
    (tmp_path / "uname").chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(["bash", ROOT / "envs/setup.sh"], env={**os.environ, "PATH": path}, capture_output=True)
    assert done.returncode == 1
    said = done.stderr.decode()
    assert said.startswith("setup: galforge needs Linux, and this is Darwin")
    assert len(said.splitlines()) == 1
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(GalforgeError, match="galforge needs Linux, and this is darwin"):
        Driver(SimpleNamespace(is_main_process=True), {})
