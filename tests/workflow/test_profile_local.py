"""profiles/local: what shares a GPU, and what takes its turn, with and without one in this machine."""

import os
import re
import shutil
from pathlib import Path

import pytest
from tree import copy_tree, snakemake

WHOLE = ("train_segment", "score_snapshot", "cross_validate_network")
"""Rules that state a GPU, whether there is one or not."""
IN_TURN = ("measure_features", "measure_redshift", "latents", "experiment", "sample_galaxies")
"""Beginnings of the names of rules that take one where there is one."""
SMALL = ("train_denoiser", "evaluate_denoiser")
PLAIN = ("measure_morphology", "stamps", "tables", "figures", "denoising_references")


def shares(tree: Path, path: str) -> dict[str, set[tuple[int, int]]]:
    """(GPUs, share of them [%]) that jobs of each rule ask for."""
    done = snakemake(tree, "-n", PATH=path)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, set[tuple[int, int]]] = {}
    for rule, text in re.findall(r"^(?:local)?rule (\w+):\n((?:    .*\n)+)", done.stdout + done.stderr, re.MULTILINE):
        asked = dict(re.findall(r"\b(gpu|gpu_share)=(\d+)", text))
        found.setdefault(rule, set()).add((int(asked.get("gpu", 0)), int(asked.get("gpu_share", 0))))
    return found


def of(found: dict[str, set[tuple[int, int]]], beginnings: tuple[str, ...]) -> set[tuple[int, int]]:
    for beginning in beginnings:
        assert any(rule.startswith(beginning) for rule in found), f"{beginning} is not among {', '.join(found)}"
    return {asked for rule, all_asked in found.items() if rule.startswith(beginnings) for asked in all_asked}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_tree(tmp_path_factory.mktemp("local") / "galforge")


def test_networks_that_measure_take_their_turn_on_a_gpu(tree: Path, tmp_path: Path):
    command = tmp_path / "nvidia-smi"
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    found = shares(tree, f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert of(found, WHOLE) == of(found, IN_TURN) == {(1, 100)}
    # Four networks of a sweep, or of its tests, at a time.
    assert of(found, SMALL) == {(1, 25)}
    assert of(found, PLAIN) == {(0, 0)}


@pytest.mark.skipif(shutil.which("nvidia-smi") is not None, reason="this machine has a GPU")
def test_without_one_they_wait_for_nothing(tree: Path):
    found = shares(tree, os.environ["PATH"])
    assert of(found, WHOLE) == {(1, 100)}
    assert of(found, ("train_denoiser",)) == {(1, 25)}
    assert of(found, (*IN_TURN, "evaluate_denoiser", *PLAIN)) == {(0, 0)}
