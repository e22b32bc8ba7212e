"""What a paper is: its tables, its sections on the page, and where its printed values come from."""

from collections.abc import Mapping
from dataclasses import dataclass

from galforge.papers.table import Table


@dataclass(frozen=True)
class Section:
    """A part of the page: tables, then figures, the first of them open and the others folded away.

    Attributes:
        name: its anchor.
        title: its heading.
        tables: names of tables of the paper.
        figures: names of figures, which are modules of the paper's folder ``figures``.
        lead: a sentence below the heading.
        open: how many figures are not folded away.
    """

    name: str
    title: str
    tables: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    lead: str = ""
    open: int = 1


@dataclass(frozen=True)
class Paper:
    """One paper, as ``PAPER`` in the module ``paper`` of its folder.

    Attributes:
        reference: how it is cited on the page.
        tables: its tables by the names of their files.
        sections: of the page, in their order.
        place: where it stands among the papers on the page; equal ones by name.
    """

    reference: str
    tables: Mapping[str, Table]
    sections: tuple[Section, ...]
    place: int = 100
