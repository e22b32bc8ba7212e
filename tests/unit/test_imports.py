"""What jobs import: there are hundreds of short ones, and torch's compiler alone takes longer than many of them."""

import subprocess
import sys

import pytest
from tree import ROOT

SAMPLING = """
import torch
from galforge.models import device
with device.reproducible(torch.device("cpu"), 1):
    assert torch.are_deterministic_algorithms_enabled()
"""
TABLES = "from galforge.papers import assembly\nfrom galforge.report import formats, overall"
PHOTOMETRY = "from galforge.measure.photometry import measure"
SOURCES = "from galforge.measure.sources import measure"
SCORING = "from galforge.studies.realism import scores, summary"
TAKING = "from galforge.measure import variants"
TOGETHER = "from galforge.sampling import account\nfrom galforge.stamps import merging"


@pytest.mark.parametrize(
    ("code", "unwanted"),
    [
        (SAMPLING, {"torch._dynamo", "torch._inductor", "pandas", "matplotlib", "scipy"}),
        (TABLES, {"torch", "matplotlib", "scipy", "sklearn", "h5py"}),
        (PHOTOMETRY, {"torch", "matplotlib", "scipy.stats", "sklearn"}),
        (SOURCES, {"torch", "matplotlib", "photutils", "astropy", "scipy.signal", "scipy.stats"}),
        (SCORING, {"torch", "matplotlib", "sklearn.ensemble", "sklearn.pipeline"}),
        (TAKING, {"torch", "scipy", "numba", "matplotlib"}),
        (TOGETHER, {"torch", "scipy", "pandas"}),
    ],
    ids=["sampling", "tables", "photometry", "sources", "scoring", "taking", "together"],
)
def test_jobs_import_no_more_than_they_need(code, unwanted):
    said = f"{code}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", said], cwd=ROOT / "workflow", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    imported = set(done.stdout.split())
    assert "numpy" in imported
    assert not imported & unwanted
