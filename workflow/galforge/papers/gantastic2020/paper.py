"""Gantastic 4 (2020): sparse images, generators of them, and scores of how real they look."""

from galforge.papers.gantastic2020.tables import TABLES
from galforge.papers.paper import Paper, Section

PAPER = Paper(
    reference="Gantastic 4, Two-Stage GAN for Sparse Galaxy Image Generation (ETH Zurich)",
    tables=TABLES,
    sections=(
        Section(
            "gantastic2020",
            "Gantastic 4 (2020): sparse images and their scores",
            ("table2", "table1", "experiments"),
            ("sparse_images", "sparse_galaxies", "score_features"),
        ),
    ),
    place=3,
)
