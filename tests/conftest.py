"""What all tests share: where real data is, and a PATH on which no dead SLURM slows Snakemake down."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real galaxies (hst_cosmos_f814w, ...); tests that need it skip where it is absent."""
    folder = Path(os.environ.get("GALFORGE_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "hst_cosmos_f814w").is_dir():
        pytest.skip(
            f"real galaxies not found in {folder}; set GALFORGE_TEST_DATA to the folder that holds hst_cosmos_f814w"
        )
    return folder


@pytest.fixture(scope="session")
def sparse_image(real_data: Path) -> Path:
    """A real sparse image of 1000 x 1000 8-bit pixels; tests that need it skip where it is absent."""
    path = real_data / "sparse" / "1009590.png"
    if not path.is_file():
        pytest.skip(f"no image of the sparse release at {path}")
    return path


@pytest.fixture(scope="session", autouse=True)
def no_scontrol(tmp_path_factory: pytest.TempPathFactory) -> None:
    """With SLURM installed and no controller running, each Snakemake start would wait 10 s for scontrol."""
    folder = tmp_path_factory.mktemp("bin")
    stub = folder / "scontrol"
    stub.write_text("#!/bin/sh\nexit 1\n")
    stub.chmod(0o755)
    os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"
