"""Li et al. (2024): galaxies made for a redshift."""

from galforge.papers.li2024.tables import TABLES
from galforge.papers.paper import Paper, Section

PAPER = Paper(
    reference="Li et al. 2024, arXiv:2407.07229",
    tables=TABLES,
    sections=(
        Section(
            "li2024",
            "Do galaxies made for a redshift look like those at it?",
            ("table1", "successors"),
            ("redshift_grid", "evolution", "losses", "redshifts", "properties", "divergences", "blind"),
            open=3,
            answer="galforge.papers.li2024.answers:redshifts",
            short="Redshift (Li et al. 2024)",
        ),
    ),
    place=2,
)
