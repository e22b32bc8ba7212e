"""Captions and notes of tables, and captions and alternative texts of figures."""

import pandas as pd

from galforge.drawing.names import PUBLISHED_NETWORK, network_label
from galforge.papers.readings import ROUNDTRIP
from galforge.papers.table import Table
from galforge.report.layout import engines

DEFINITIONS = "0.7.2"  # of statmorph, which the engine numba has, whatever version the lock holds
ENGINES = {
    "numba": f"galforge's numba engine (statmorph {DEFINITIONS}'s definitions)",
    "statmorph": "statmorph {statmorph}",
}
PATHS = (
    "“Store and decode” is no model: it compares galaxies that were never resized with the same galaxies after storing "
    "them at one size and decoding them. It says what that path alone costs, has no floor (the two samples are not "
    "independent; metrics that take them for it are left out) and no part in any ranking."
)
CAPTIONS = {
    "stamps": (
        "Source stamps in the first row, generated ones below, picked by the seed and not by eye, all at one asinh "
        "stretch that the source row sets; its numbers stand below the stamps."
    ),
    "interpolations": (
        "Above, held-out galaxies and what each model with an encoder makes of them; below, rows of galaxies on the "
        "way between two random latent vectors. A model that knows its galaxies only by heart jumps from one to the "
        "next. The stretch is that of the stamps."
    ),
    "distributions": (
        "The nine morphological properties of the corrected protocol, standardised by the source's mean and deviation; "
        "the legend gives the share of stamps that could be measured."
    ),
    "contours": (
        "Pairs of morphological properties of the corrected protocol: the areas of highest density that hold 30, 60 "
        "and 90 % of the source stamps (filled) and 60 and 90 % of each model's (lines). Few stamps are drawn as "
        "points."
    ),
    "planes": (
        "Above, the Gini-M20 plane with the lines of Lotz et al. (2008): mergers lie above the solid one, "
        "bulge-dominated galaxies above the dashed one (F = 0). Below, half-light radius against magnitude. Grey "
        "contours are the source's in every panel."
    ),
    "spectra": (
        "Median Fourier amplitude against wavenumber with the band that holds 68 % of the stamps, and each model's "
        "median over the source's."
    ),
    "colours": (
        "The colour g - i of early (F of 0 or more) and late types, and the bulge statistic F(G, M20) that tells them "
        "apart, of the stamps that the morphology rests on."
    ),
    "sweep": (
        "Above, the gain over networks that saw real galaxies only, against the share α of generated ones, with a band "
        "of one standard error; full dots are beyond chance, with as many comparisons as there are shares. A dotted "
        "line is the printed gain. Below, the MSE over that of the images as observed, with that of methods without a "
        "network, which know PSF and noise. Tests differ in noise and pixels, so levels are not compared across them."
    ),
    "robustness": (
        "MSE over that of the images as observed, against noise and pixel size over those of training (the vertical "
        "line), for some shares α, with bands of one standard error. Methods without a network (dashed) were tuned at "
        "each point."
    ),
    "denoised": (
        "Test galaxies as observed, given back by networks and by the best method without one, and as they are, at one "
        "asinh stretch per galaxy. Below each, what differs from the galaxy, in units of the noise; RMS is its root "
        "mean square. Networks are the first of their share."
    ),
    "redshift_grid": (
        "Galaxies of the source and of each model near four redshifts, in every band and in false colour (i, r, g as "
        "red, green, blue). On the left the stretch is linear, to each galaxy's own brightest pixels, and shows the "
        "shape. On the right it is logarithmic, to levels that the source's galaxies near the redshift set, and shows "
        "brightness and sky: a good model's noise looks like the source's, a poor one's has structure in it. Galaxies "
        "should become fainter and smaller downwards."
    ),
    "properties": (
        "Isophotal area, ellipticity and Sérsic index of the source's test split (grey) and of what the models made, a "
        "column per bin of redshift; the numbers are those of the galaxies in a panel. Look whether a model is as "
        "wide as the source, most of all in the first column, where galaxies differ most."
    ),
    "evolution": (
        "Means with their errors against redshift; the band is the standard deviation of the source's test split. "
        "A model that learned how galaxies change follows the black line. The fitting loss (mean of ln |ERRCXY|) is "
        "good where it is the source's, not where it is small. The last panel says how many of the galaxies were "
        "found at all, without which the others say little."
    ),
    "divergences": (
        "KL divergence from the source's distribution in each bin of redshift, corrected protocol, on a logarithmic "
        "scale. Hollow dots are below twice their floor (pale lines), which a perfect model would score with as many "
        "galaxies: no ranking is claimed from them. Bins with too few galaxies are left out. The last panel divides "
        "CVAE by DDPM: above 1 the DDPM is nearer to the source."
    ),
    "redshifts": (
        "The redshift that a network trained on the source finds in a galaxy, against its own (first panel) or the one "
        "that the model was asked for; the first training of each model. Galaxies outside the dotted lines are "
        "outliers. The first panel is the network's own error: a model that puts the redshift into its galaxies "
        "looks like it."
    ),
    "losses": (
        "Against redshift: the fitting loss less the source's at equal redshift (0 is good), and the redshift loss as "
        "published, scatter and share of outliers of the redshifts found. Bins of few galaxies are left out. The black "
        "line is the held-out source: no model can be expected to be below it, and being below it is no merit."
    ),
    "blind": (
        "A sheet to print (the PDF beside it has A4 size): galaxies of the source's test split and generated ones of "
        "like redshifts, mixed. Tick, then compare with the key, the CSV file of the same name; half right is chance."
    ),
    "sparse_images": (
        "Whole images: real ones in the first row, below what each model drew, picked by the seed and not by eye. Each "
        "pixel shows the brightest of the pixels that it stands for, and the stretch is a cube root, both so that "
        "faint galaxies can be seen: there is less light in the images than it seems."
    ),
    "sparse_galaxies": (
        "Patches of 32 x 32 px around galaxies: real ones in the first row, below those that two-stage models drew, of "
        "conditional ones a row per size class. Linear from black to the level 255, so that faint galaxies are hardly "
        "seen; picked by the seed and not by eye."
    ),
    "score_features": (
        "Histogram of levels and one-dimensional power spectrum of images of low, middle and high score, a third of "
        "the images each: lines are means (of the logarithm for the spectrum), bands hold 68 % of the images. On the "
        "right the score that the scorer of generated images gives images that it was not trained on, against their "
        "own."
    ),
    "history": "Losses of the training against images seen; models with other losses have rows of their own.",
}
ALTERNATIVES = {
    "stamps": "Grid of galaxy stamps of {dataset}: source above, models below",
    "interpolations": "Rows of galaxies of {dataset} that models reconstruct, and that change step by step",
    "distributions": "Nine histograms of morphological properties of {dataset} and its models",
    "contours": "Contours of pairs of morphological properties of {dataset} and its models",
    "planes": "Gini against M20 and size against magnitude of {dataset} and its models",
    "spectra": "Power spectra of {dataset} and its models with their ratio to the source",
    "colours": "Histograms of colours and of the bulge statistic of {dataset} and its models",
    "sweep": "Gain and error against the share of generated galaxies, one panel per test of {dataset}",
    "robustness": "Error against noise and against pixel size, one line per share of generated galaxies, of {dataset}",
    "denoised": "Galaxies of {dataset} as observed, denoised and true, with residuals below",
    "redshift_grid": "Galaxies of {dataset} and its models at four redshifts, in all bands and in colour",
    "properties": "Histograms of size, shape and Sérsic index of {dataset} and its models in bins of redshift",
    "evolution": "Means of size, shape, Sérsic index and fitting loss of {dataset} and its models against redshift",
    "divergences": "Divergence of models from {dataset} against redshift, for size, shape and Sérsic index",
    "redshifts": "Redshifts found by a network against those of {dataset} and those asked of its models",
    "losses": "Fitting loss, redshift loss, scatter and outliers of {dataset} and its models against redshift",
    "blind": "Sheet of numbered galaxies of {dataset}, some of the source and some generated",
    "sparse_images": "Rows of whole sparse images of {dataset}: real ones above, one row per model below",
    "sparse_galaxies": "Rows of galaxy patches of {dataset}: real ones above, those of two-stage models below",
    "score_features": "Histograms and power spectra of images of {dataset} by score, and scores predicted for them",
    "history": "Training losses on {dataset} falling with images seen",
}
MEASURED = ("distributions", "contours", "planes", "colours")
"""Figures that show morphology."""


def caption(table: Table, frame: pd.DataFrame, scale: str) -> str:
    """What a table shows, in three sentences of plain text: its title, its numbers, its sources with their origin.

    Args:
        table: what it is.
        frame: its rows.
        scale: the configuration's scale.
    """
    run = frame[frame["seeds" if "seeds" in frame else "replicates"].notna() & (frame["metric"] != "count")]
    sources = []
    for dataset, rows in run.groupby("dataset", sort=False):
        largest = rows["n_source"].max()
        size = "" if pd.isna(largest) else f", up to {int(largest)} {table.things}"
        sources.append(f"{dataset} ({', '.join(dict.fromkeys(rows['origin']))}{size})")
    title = table.title if table.title.endswith("?") else f"{table.title}."
    numbers = f"{table.quantity}, in {table.unit}; {table.reading}."
    return f"{title} {numbers} Sources: {'; '.join(sources)}; scale: {scale}."


def notes(table: Table, frame: pd.DataFrame, statmorph: str) -> list[str]:
    """How to read a table: its cells, protocols and sizes, and what ``remarks`` says.

    Args:
        table: what it is.
        frame: its rows.
        statmorph: version of statmorph in the lock.
    """
    protocol = table.protocol
    if protocol and frame["published"].notna().any():
        protocol += (
            "; “printed” is the value in the paper, from its own full-size data, to be compared with “published” only"
        )
    found = [table.cells, protocol and f"{protocol}.", table.sizes, *remarks(table, frame, statmorph)]
    return list(filter(None, found))


def remarks(table: Table, frame: pd.DataFrame, statmorph: str) -> list[str]:
    """Further notes of a table: what it means, what stands for a model in it, which networks and engines measured."""
    further = table.function("remarks")(frame) if table.remarks else []
    out = [table.about, *further, PATHS if (frame["model"] == ROUNDTRIP).any() else "", networks(table, frame)]
    return list(filter(None, [*out, measured_by(frame, statmorph) if "engine" in frame else ""]))


def networks(table: Table, frame: pd.DataFrame) -> str:
    """Which network saw the stamps, and why cells of the published one are empty where they are."""
    if not table.by_network or not table.printed:
        return ""
    run = frame.loc[frame["seeds"].notna(), "property"]
    if PUBLISHED_NETWORK in set(run):
        return ""
    names = " and ".join(map(network_label, dict.fromkeys(run)))
    empty = " its cells are empty and" if frame["published"].notna().any() else ""
    return f"Here {names} saw the stamps. Inception-v3 was not run:{empty} no value stands beside a printed one."


def measured_by(frame: pd.DataFrame, statmorph: str) -> str:
    """Which engine measured the morphology of a table's rows, as a sentence; empty where no row has an engine.

    Args:
        frame: rows of an assembled table.
        statmorph: version of statmorph in the lock.
    """
    known = frame.assign(engine=engines(frame)).loc[lambda rows: rows["engine"].isin(ENGINES), ["protocol", "engine"]]
    words = {row.protocol: ENGINES[row.engine].format(statmorph=statmorph) for row in known.itertuples()}
    if len(set(words.values())) == 1:
        return f"Morphology was measured by {next(iter(words.values()))}."
    listed = " and ".join(f"by {engine} under the {protocol} protocol" for protocol, engine in words.items())
    return f"Morphology was measured {listed}." if words else ""
