"""What a paper is: its tables, its questions on the page, and where its printed values come from."""

from collections.abc import Mapping
from dataclasses import dataclass

from galforge.papers.table import Table


@dataclass(frozen=True)
class Section:
    """A part of the page: a question, its answer, figures, the first of them open, and tables, folded behind.

    Attributes:
        name: its anchor.
        title: its heading, a question where the section has tables.
        tables: names of tables of the paper.
        figures: names of figures, which are modules of the paper's folder ``figures``.
        lead: a sentence below the heading, where no table answers it.
        open: how many figures are not folded away.
        answer: ``<module>:<function>`` of the function that answers the question from those of its tables that were
            made (``galforge.papers.answers.Filled``), in a sentence or two. Planning does not import it.
        short: what the list of contents calls it; the title where empty.
    """

    name: str
    title: str
    tables: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    lead: str = ""
    open: int = 1
    answer: str = "galforge.papers.answers:by_rank"
    short: str = ""


@dataclass(frozen=True)
class Paper:
    """One paper, as ``PAPER`` in the module ``paper`` of its folder.

    Attributes:
        reference: how it is cited on the page.
        tables: its tables by the names of their files.
        sections: of the page, in their order.
        place: where it stands among the papers on the page; equal ones by name.
        galaxies: figures of real beside generated galaxies. The first one of a data set opens the page; others stand
            in their sections.
    """

    reference: str
    tables: Mapping[str, Table]
    sections: tuple[Section, ...]
    place: int = 100
    galaxies: tuple[str, ...] = ()
