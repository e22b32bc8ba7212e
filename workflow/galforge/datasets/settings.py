"""Settings that data sets of several families share, and the check of what a source needs."""

import re
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from galforge.settings import Settings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

Sha256 = Annotated[
    str,
    Field(
        description="checksum of the archive at url. Its publisher gives none: if empty, that of the first download is "
        "kept beside it, and later ones must have it too",
        json_schema_extra={"stage": "download"},
    ),
]
Md5 = Annotated[
    str,
    Field(
        description="checksum of the archive at url, where its publisher gives MD5 only",
        json_schema_extra={"stage": "download"},
    ),
]
Origin = Annotated[
    Literal["observed", "simulated"],
    Field(
        description="what downloaded or given images are; a mock is always called mock",
        json_schema_extra={"when": {"source": ["download", "path"]}},
    ),
]


class Splits(Settings):
    """Shares of the stamps per split; each stamp's split follows from the seed and the stamp alone."""

    train: float = Field(0.8, gt=0, le=1)
    """share of the stamps that models are trained on"""
    validation: float = Field(0.1, ge=0, le=1)
    """share that models are chosen by, and not trained on"""
    test: float = Field(0.1, ge=0, le=1)
    """share that nothing is trained on or chosen by"""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-6:
            raise ValueError(f"train + validation + test is {total:g}; the shares must add up to 1")
        return self


class Folds(Settings):
    """A fold of the galaxies as the test split; data sets of the same files that hold out one fold each are judged
    together (models of the family taken)."""

    of: int = Field(0, ge=0)
    """number of folds, equal to one galaxy; 0: splits are drawn by their shares; 1: every galaxy is in the test split,
    which is for judging by all folds together"""
    fold: int = Field(0, ge=0)
    """the fold that is the test split, counted from 0; the others are divided by the shares of train and validation"""

    @model_validator(mode="after")
    def _there(self) -> Self:
        if self.fold >= max(self.of, 1):
            raise ValueError(
                f"fold {self.fold} of {self.of}: folds are counted from 0, and `of` says how many there are"
            )
        return self


FOLDS = Field(Folds(), json_schema_extra={"stage": "folds"})
"""The field of families that can be folded: the stamps stay, and a job of its own gives them these splits."""


class Release(Settings):
    """What all data sets that are built from raw images have."""

    max_rejected_share: float = Field(0.05, ge=0, le=1)
    """stop if a larger share of the raw images is faulty; what is left out by choice does not count"""
    splits: Splits = Splits()
    """shares of the splits"""


class Subset(Settings):
    """A data set that is another one with fewer galaxies to train on: same stamps, same validation and test split."""

    subset_of: str = Field(min_length=1)
    """the other data set, whose settings hold here too [a key of `datasets`]"""
    train_images: int = Field(ge=1)
    """galaxies of its training split that stay there, the same ones for generators and denoisers; the others are in no
    split. A smaller number keeps a part of those of a larger one [images]"""


def check_source(settings: Any, path: str, mocked: dict[str, Any]) -> None:
    """Make sure that raw images can be had from the ``source`` of a data set.

    Args:
        settings: of the data set, with ``source`` and ``path``; for downloads also ``url``, ``sha256`` and ``md5``, all
            of them texts, or lists where the release is several files.
        path: what ``path`` names, for messages.
        mocked: fields in which the stamps must be like the mock, and their values there.

    Raises:
        ValueError: the source lacks its path or a usable address, a checksum is none, or a field is not as in the mock.
    """
    if settings.source == "path" and not settings.path:
        raise ValueError(f"source: path needs `path`: {path}")
    if settings.source == "mock":
        for name, value in mocked.items():
            if (found := getattr(settings, name)) != value:
                remedy = f", or change mock.{name}" if hasattr(settings.mock, name) else ""
                raise ValueError(f"{name} {found}: that of the mock is {value}; set it to that{remedy}")
    if settings.source == "download":
        for url in _listed(settings.url):
            if urlsplit(url).scheme not in ("http", "https"):
                raise ValueError(f"url {url!r} is neither http nor https; local files are given with source: path")
        for name, length in (("sha256", 64), ("md5", 32)):
            given = getattr(settings, name)
            for value in _listed(given) if given else []:
                if not re.fullmatch(rf"[0-9a-fA-F]{{{length}}}", value):
                    raise ValueError(f"{name} must be {length} hexadecimal digits, found {value!r}")


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
