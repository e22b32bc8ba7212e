"""Holzschuh et al. (2022): StyleGAN, ALAE and VAE, measured against source galaxies; denoising."""

from galforge.papers.holzschuh2022.tables import TABLES
from galforge.papers.paper import Paper, Section

PAPER = Paper(
    reference="Holzschuh et al. 2022, MNRAS 515, 652",
    tables=TABLES,
    sections=(
        Section("stamps", "More galaxies", figures=("stamps",), lead="Drawn at random, not chosen."),
        Section(
            "morphology",
            "Do generated galaxies have the shapes of real ones?",
            ("morphology",),
            ("distributions", "planes", "contours"),
            short="Shapes",
        ),
        Section(
            "power_spectrum",
            "Is there as much structure on every scale?",
            ("power_spectrum",),
            ("spectra",),
            short="Power spectrum",
        ),
        Section(
            "colour_bulge",
            "Are the colours right, of galaxies with and without bulges?",
            ("colour_bulge",),
            ("colours",),
            short="Colours and bulges",
        ),
        Section("photometry", "Are brightness and sky right?", ("photometry",), short="Brightness and sky"),
        Section("colour_grain", "Is there colour noise inside galaxies?", ("colour_grain",), short="Colour grain"),
        Section("joint", "Do all properties go together as they should?", ("joint",), short="All properties"),
        Section("fid", "Do image networks see a difference?", ("fid", "kid"), short="FID and KID"),
        Section(
            "coverage", "Are all kinds of galaxies there, and none a copy?", ("coverage",), short="Coverage and copies"
        ),
        Section(
            "denoising",
            "Does training on generated galaxies help to denoise real ones?",
            ("denoising_tests", "denoising"),
            ("sweep", "robustness", "denoised"),
            answer="galforge.papers.holzschuh2022.answers:denoising",
            short="Denoising",
        ),
        Section(
            "history",
            "How training went",
            figures=("fidelity", "history", "interpolations"),
            lead="Distances while models learn, their losses, and what lies between their galaxies.",
            short="Training",
        ),
    ),
    place=1,
    galaxies=("stamps",),
)
