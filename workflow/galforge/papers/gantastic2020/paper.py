"""Gantastic 4 (2020): sparse images, generators of them, and scores of how real they look."""

from galforge.papers.gantastic2020.gantastic2020 import GANTASTIC2020
from galforge.papers.paper import Paper, Section

PAPER = Paper(
    reference="Gantastic 4, Two-Stage GAN for Sparse Galaxy Image Generation (ETH Zurich)",
    tables={table.file: table for table in GANTASTIC2020.values()},
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
