"""Holzschuh et al. (2022): StyleGAN, ALAE and VAE, measured against source galaxies; denoising."""

from galforge.papers.holzschuh2022.tables import TABLES
from galforge.papers.paper import Paper, Section

PAPER = Paper(
    reference="Holzschuh et al. 2022, MNRAS 515, 652",
    tables=TABLES,
    sections=(
        Section(
            "stamps",
            "Stamps",
            figures=("stamps", "interpolations"),
            lead="Drawn at random, not chosen. All rows of a figure share one stretch, taken from the source.",
        ),
        Section("morphology", "Morphology", ("morphology",), ("distributions", "planes", "contours")),
        Section("power_spectrum", "Power spectrum", ("power_spectrum",), ("spectra",)),
        Section("colour_bulge", "Colour and bulge", ("colour_bulge",), ("colours",)),
        Section("photometry", "Photometry and sky", ("photometry", "colour_grain")),
        Section("joint", "All properties together", ("joint",)),
        Section("fid", "FID", ("fid",)),
        Section("kid", "KID", ("kid",)),
        Section("coverage", "Coverage and copies", ("coverage",)),
        Section(
            "denoising",
            "Denoising: does training on generated galaxies help?",
            ("denoising_tests", "denoising"),
            ("sweep", "robustness", "denoised"),
        ),
        Section("history", "Training", figures=("history", "fidelity")),
    ),
    place=1,
)
