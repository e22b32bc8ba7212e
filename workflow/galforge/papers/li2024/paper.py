"""Li et al. (2024): galaxies made for a redshift."""

from galforge.papers.li2024.tables import TABLES
from galforge.papers.paper import Paper, Section

PAPER = Paper(
    reference="Li et al. 2024, arXiv:2407.07229",
    tables=TABLES,
    sections=(
        Section(
            "li2024",
            "Li et al. 2024: galaxies made for a redshift",
            ("table1", "successors"),
            ("redshift_grid", "evolution", "losses", "redshifts", "properties", "divergences", "blind"),
            open=3,
        ),
    ),
    place=2,
)
