"""Gantastic 4 (2020): sparse images, generators of them, and scores of how real they look."""

from galforge.papers.gantastic2020.tables import TABLES
from galforge.papers.paper import Paper, Section

PAPER = Paper(
    reference="Gantastic 4, Two-Stage GAN for Sparse Galaxy Image Generation (ETH Zurich)",
    tables=TABLES,
    sections=(
        Section(
            "gantastic2020",
            "Do generated sparse images look real?",
            ("table2",),
            ("sparse_images", "sparse_galaxies"),
            answer="galforge.papers.gantastic2020.answers:scores",
            short="Sparse images (Gantastic 4)",
        ),
        Section(
            "scorers",
            "Can a machine tell how real an image looks?",
            ("table1",),
            ("score_features",),
            answer="galforge.papers.gantastic2020.answers:scorers",
            short="Scorers",
        ),
        Section(
            "experiments",
            "Does it matter where the galaxies are?",
            ("experiments",),
            answer="galforge.papers.gantastic2020.answers:experiments",
            short="Positions",
        ),
    ),
    place=3,
    galaxies=("sparse_images",),
)
