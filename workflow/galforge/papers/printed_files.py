"""The files of printed values, known by what is in them.

They lie in the checkout, and a job knows them by the digest of their content. So neither another working directory nor
a checkout that was moved makes a table again; another value does.
"""

from collections.abc import Mapping
from pathlib import Path

from galforge.errors import GalforgeError
from galforge.provenance.records import ROOT, file_digest

IN_DIGEST = False
"""This finds files and checks them; the values are known by their digest, which is in the specs."""

FOLDER = ROOT / "config" / "published"


def file_of(paper: str) -> Path:
    """The file of a paper's printed values; there need be none."""
    return FOLDER / f"{paper}.csv"


def digest(paper: str) -> str:
    """sha256 of a paper's printed values.

    Raises:
        GalforgeError: there is no such file.
    """
    try:
        return file_digest(file_of(paper))
    except FileNotFoundError:
        raise GalforgeError(
            f"{file_of(paper)} does not exist, and a figure or table shows the values that {paper} prints; "
            "write it as docs/adding-a-paper.md says"
        ) from None


def planned(digests: Mapping[str, str]) -> list[str]:
    """The files of printed values that a job was planned with.

    Args:
        digests: sha256 by paper, as ``digest`` gave them to the driver.

    Raises:
        GalforgeError: a file is missing, or was edited after the job was planned.
    """
    for paper, wanted in digests.items():
        if digest(paper) != wanted:
            raise GalforgeError(f"{file_of(paper)} was edited after this job was planned; run Snakemake again")
    return [str(file_of(paper)) for paper in digests]
