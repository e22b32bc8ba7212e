"""What a figure is: a module of a paper's folder ``figures``. Planning reads what it needs, a job draws it.

A figure's module has

- a docstring of three paragraphs: a title, the caption, and a text for those who do not see the figure, in which
  ``{dataset}`` stands for its data set. Docstrings are in no digest, so rewording one draws nothing again;
- ``needs(subject)``: what it needs of a data set, or of a sweep of the denoising study; None where there is nothing to
  draw;
- ``draw(files, told, out)``: the drawing, from the files and the settings that ``needs`` asked for;
- ``FILES``, if there are files beside the PNG and the PDF: their endings;
- ``ENGINE_OF``, if its caption has to say what measured the morphology: the table that knows (``paper/table``).

Planning imports it in every start of Snakemake, so matplotlib, pandas and the like are imported inside functions.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol

from galforge.errors import GalforgeError

Files = Mapping[str, Any]
"""Paths by the names that ``needs`` gave them: a path, or a list of paths."""


@dataclass(frozen=True)
class Needs:
    """What a figure needs of one subject.

    Attributes:
        files: paths by name, each one or a list. The figure waits for them and for nothing else.
        told: what it reads of the configuration, plain data; another value draws it again.
        modules: dotted names of modules that it loads by name.
        libraries: those behind its numbers, besides numpy, matplotlib and h5py.
        printed: the paper whose printed values it shows; ``draw`` finds their path in ``files["published"]``.
    """

    files: Files
    told: dict[str, Any]
    modules: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ("pandas",)
    printed: str = ""


def module_name(paper: str, name: str) -> str:
    """Dotted name of the module of a paper's figure."""
    return f"galforge.papers.{paper}.figures.{name}"


def load(paper: str, name: str) -> ModuleType:
    """The module of a paper's figure."""
    return importlib.import_module(module_name(paper, name))


@dataclass(frozen=True)
class Words:
    """What readers are told of a figure: a title, the caption, and a text for those who do not see it."""

    title: str
    caption: str
    alternative: str


def words(paper: str, name: str) -> Words:
    """What readers are told of a paper's figure, from the docstring of its module.

    Raises:
        GalforgeError: the docstring has not three paragraphs.
    """
    paragraphs = (load(paper, name).__doc__ or "").strip().split("\n\n")
    if len(paragraphs) != 3:
        raise GalforgeError(
            f"papers/{paper}/figures/{name}.py: its docstring has {len(paragraphs)} paragraphs; give a title, a "
            "caption and a text for those who do not see the figure"
        )
    title, *others = (" ".join(paragraph.split()) for paragraph in paragraphs)
    return Words(title.rstrip("."), *others)


class Subject(Protocol):
    """What figures may ask of a data set, or of a sweep of the denoising study: files by what is in them.

    Attributes:
        name: of the data set, or of the sweep.
        dataset: the data set's name.
        sweep: whether it is a sweep.
        scale: of the configuration.
        band: channel in which galaxies are measured.
        bands: names of the channels.
        side: of the stamps [px].
        scored: whether images have scores of how real they look.
        has_redshifts: whether there are redshifts, and it is no sweep.
        has_curves: of a sweep: whether networks were tested along curves of noise or pixel size.
        report: section ``report`` of the configuration.
        denoising: of a sweep: section ``denoising``, as it holds for the data set.
        redshift_edges: edges of the bins of redshift.
        scorer: the scorer of generated images.
        decoding: modules and libraries that bring galaxies back to their own size.
    """

    name: str
    dataset: str
    sweep: bool
    scale: str
    band: int
    bands: list[str]
    side: int
    scored: bool
    has_redshifts: bool
    has_curves: bool
    report: Any
    denoising: Any
    redshift_edges: list[float]
    scorer: str
    decoding: tuple[tuple[str, ...], tuple[str, ...]]

    def takes(self, *families: str) -> bool:
        """Whether the data set is measured by a measure of each of these families."""

    def compares(self, *comparisons: str) -> bool:
        """Whether each of these comparisons is made of the data set."""

    def labels(self, first: bool = False) -> dict[str, Any]:
        """``dataset``, ``scale`` and ``models``, a list of [model, seed]; ``first``: one training of each model."""

    def gallery(self) -> dict[str, Any]:
        """``labels``, and which stamps are shown: ``count``, ``seed``, ``band``."""

    def stamps(self, first: bool = False) -> list[str]:
        """Stamps of the source, then of every training, or of the first training of each model."""

    def measurements(self, family: str, first: bool = False) -> list[str]:
        """Measurements of the corrected variant of a family, of the source and of trainings as in ``stamps``."""

    def latents(self) -> list[str]:
        """Latent walks and reconstructions of every training."""

    def histories(self) -> list[str]:
        """Histories of every training."""

    def snapshots(self) -> dict[tuple[str, int], dict[str, list[str]]]:
        """``scores`` and ``costs`` of all segments of every training that scores them, by model and seed."""

    def distances(self, *comparisons: str) -> dict[str, Any]:
        """``distances`` of every training by these comparisons."""
