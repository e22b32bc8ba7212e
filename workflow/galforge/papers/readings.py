"""The tables of the study: which comparison fills each, which metrics it shows, in which units, how they are read."""

import math

from galforge.compare.kind import readings
from galforge.papers.gantastic2020 import gantastic2020
from galforge.papers.li2024.tables import LI2024
from galforge.papers.table import Table

REAL = "real"
"""Stands for a model where real galaxies of one split are compared with those of another."""
ROUNDTRIP = "roundtrip"
"""Stands for a model where galaxies stored at one size are compared with the same ones that never were."""
KINDS = {
    **dict.fromkeys(("wasserstein", "wasserstein_standardised", "share_difference"), "distance"),
    **dict.fromkeys(("galaxy_kl", "galaxy_kl_redshift_bins", "galaxy_kl_bin"), "distance"),
    "galaxy_kl_empty": "number",
    "fitting_loss": "beside",
    "fitting_loss_difference": "difference",
    "fitting_missing": "distance",
    **dict.fromkeys(("redshift_loss", "redshift_loss_normalised", "redshift_bias"), "beside"),
    **dict.fromkeys(("redshift_scatter", "redshift_outliers"), "beside"),
    **dict.fromkeys(("inception_score", "class_entropy_score"), "beside"),
    "generated_over_real": "ratio",
    **dict.fromkeys(("sliced_wasserstein", "classifier", "fid", "fid_infinity"), "distance"),
    "kid": "unbiased",
    **dict.fromkeys(("precision", "recall", "density", "coverage"), "score"),
    "memorisation": "signed",
    **dict.fromkeys(("count", "cost"), "number"),
    **dict.fromkeys(("mse", "mse_median", "mse_to_identity", "psnr", "ssim", "morphology"), "number"),
    **dict.fromkeys(("gain", "advantage", "best_alpha", "improvement", "relative_error"), "number"),
    **gantastic2020.KINDS,
    "in_floors": "distance",
    # Comparisons declare their own metrics; those named above keep their places.
    **readings(),
}
"""How each metric is read, see ``at_floor``; in the order in which tables show them."""
METRICS = tuple(KINDS)
FLOORS = {"score": "ideal", "beside": "the source's", "difference": "zero", "ratio": "one"}
"""What a cell is too close to where it is not a floor, by the kind of its metric."""
PAIRED = ("wasserstein", "wasserstein_standardised", "share_difference", "sliced_wasserstein", "fid", "count")
"""Metrics that mean something where both samples are the same galaxies; the others take samples for independent."""


def at_floor(metric: str, value: float, error: float, floor: float) -> bool:
    """Whether a value is too close to what a perfect model would score to support a ranking.

    A distance, which is never negative: below twice its floor. An unbiased estimate, whose floor is 0: below twice its
    error. A score, whose floor is what half of the source scores against the other half: within twice its error of it.
    A signed number, 0 for a perfect model: below twice its floor on either side. A number of one sample, to be put
    beside the source's: within twice the error of both, the source's value given as the floor. A difference from the
    source or a ratio to it: within twice its error of 0 or 1. Numbers have no floor.
    """
    kind = KINDS[metric]
    if kind == "distance":
        return bool(value < 2 * floor or value == 0)
    if kind == "unbiased":
        return bool(value < 2 * error)
    if kind == "difference":
        return bool(abs(value) <= 2 * error)
    if kind == "ratio":
        return bool(abs(value - 1) <= 2 * error)
    if kind in ("score", "beside"):
        return bool(abs(value - floor) <= 2 * error)
    return kind == "signed" and bool(abs(value) < 2 * floor)


_W1 = "Wasserstein-1 distance between source and generated stamps"
_NETWORK = (
    "The printed values are of Inception-v3. Another network sees other features on another scale, so its values are "
    "compared with each other and with nothing printed."
)

TABLES = {
    "headline": Table(
        "Headline: the average distances",
        "",
        ("wasserstein",),
        _W1,
        "×10⁻² (morphology: of the source's standard deviation; power spectrum: of a dex; colour and bulge: of a "
        "magnitude and of the unit of F; overall: their mean, as the paper averages them)",
        factors={"wasserstein": 100.0},
    ),
    "morphology": Table(
        "Morphology",
        "morphology",
        ("wasserstein",),
        _W1,
        "×10⁻² of the source's standard deviation (12.3 means 0.123 standard deviations)",
        factors={"wasserstein": 100.0},
    ),
    "power_spectrum": Table(
        "Power spectrum",
        "power_spectrum",
        ("wasserstein",),
        _W1,
        "×10⁻² dex of the Fourier amplitude (12.3 means 0.123 dex)",
        factors={"wasserstein": 100.0},
    ),
    "colour_bulge": Table(
        "Colour and bulge",
        "colour_bulge",
        ("wasserstein", "wasserstein_standardised", "share_difference"),
        "Wasserstein-1 distance of the colour g - i of early and late types and of the bulge statistic F(G, M20), and "
        "difference between the shares of early and of red galaxies",
        "×10⁻² of a magnitude or of the unit of F; then ×10⁻² of the source's standard deviation; shares in "
        "percentage points",
        about="Early types have F of 0 or more. It is not known whether the printed distances were standardised, so "
        "both are shown, and the printed ones stand beside the plain.",
        factors=dict.fromkeys(("wasserstein", "wasserstein_standardised", "share_difference"), 100.0),
        sections={
            "wasserstein": "Distance",
            "wasserstein_standardised": "Distance over the source's standard deviation",
            "share_difference": "Difference of shares",
        },
    ),
    "fid": Table(
        "FID",
        "features",
        ("fid", "fid_infinity"),
        "Fréchet distance between normal distributions fitted to the features of source and generated stamps",
        "the squared unit of the features",
        about="The FID of few stamps is too large, whatever the model; FID∞ is extrapolated to infinitely many. "
        + _NETWORK,
        by_network=True,
    ),
    "kid": Table(
        "KID",
        "features",
        ("kid",),
        "Kernel distance (squared maximum mean discrepancy, cubic kernel) between the features of source and generated "
        "stamps",
        "×10⁻²",
        about="It is unbiased: a perfect model scores 0 within the error, sometimes less. " + _NETWORK,
        factors={"kid": 100.0},
        by_network=True,
    ),
    "coverage": Table(
        "Coverage and copies",
        "features",
        ("precision", "recall", "density", "coverage", "memorisation"),
        "Neighbours in feature space: shares of stamps of one sample among those of the other, and copying",
        "shares (density: a ratio; copying: a share less 1/2)",
        reading="precision and density fall where generated stamps look like no source stamp, recall and coverage "
        "where kinds of source stamps are never generated; good is what stands as ideal, not more",
        about="Ideal is what one half of the source scores against the other. Copying is the chance that a generated "
        "stamp lies nearer to its nearest training stamp than a held-out source stamp does, less 1/2: 0 for new "
        "galaxies, towards +0.5 for copies of the training set, below 0 for stamps unlike any that were trained on.",
        by_network=True,
        printed=False,
    ),
    "photometry": Table(
        "Photometry and sky",
        "photometry",
        ("wasserstein",),
        _W1,
        "dex for flux, mag/arcsec² for surface brightness (dex for stamps without zero point), image units for the sky "
        "rms; nothing is standardised",
        about="The morphological properties do not see brightness and sky: a model with wrong magnitudes passes there "
        "and fails here.",
    ),
    "joint": Table(
        "All properties together",
        "joint",
        ("sliced_wasserstein", "classifier"),
        "Distance between the joint distributions of all properties",
        "×10⁻² of the source's standard deviation for the sliced distance; 2 AUC - 1 for the classifier (0: it cannot "
        "tell source from generated, 1: it always can)",
        about="Nine good marginal distributions can hide a wrong galaxy, such as a large one as concentrated as a "
        "small one; these two see how properties go together.",
        factors={"sliced_wasserstein": 100.0},
    ),
    "denoising": Table(
        "Denoising: does training on generated galaxies help?",
        "",
        (
            *("mse", "mse_median", "mse_to_identity", "psnr", "ssim", "morphology"),
            *("gain", "advantage", "best_alpha", "improvement", "relative_error"),
        ),
        "Errors of denoised galaxies, and gains of networks that saw a share α of generated galaxies over networks "
        "that saw real ones only",
        "the squared image unit for the mean squared error (MSE), dB for the PSNR, ×10⁻² of the true galaxies' sd for "
        "the Wasserstein-1 distance of morphology (W1, mean of nine properties), % for gains",
        reading="small MSE and W1 are good, large PSNR, SSIM and gains",
        about="All methods see the same galaxies with the same noise. A gain is 1 less the ratio of MSEs, a geometric "
        "mean over galaxies and networks; it is claimed only where it is beyond chance at 5 %, by Student's t and with "
        "as many comparisons as there are shares. The best share was found on the same galaxies, so its gain is "
        "somewhat too large. The MSE is never compared across tests: noise and pixels differ.",
        factors=dict.fromkeys(("morphology", "gain", "advantage", "improvement", "relative_error"), 100.0),
    ),
    **LI2024,
    **gantastic2020.GANTASTIC2020,
    "cost": Table(
        "What the models cost",
        "",
        ("cost",),
        "Cost of one training",
        "counts and hours",
        reading="means over seeds",
        about="GPU-hours are wall time times GPUs, CPU-hours wall time times threads where no GPU trained; tries that "
        "led nowhere are not counted.",
    ),
    "all": Table(
        "Every generator on the data sets they share",
        "",
        ("wasserstein", "fid", "kid", "mean_score", "in_floors"),
        "Average Wasserstein-1 distances of morphology and power spectrum, FID and KID between source and generated "
        "stamps, and mean score of whole images where there are scores",
        "×10⁻² of the source's standard deviation for morphology, ×10⁻² dex for the power spectrum, ×10⁻² for the KID; "
        "the FID has the squared unit of the features and the score its own",
        reading="small distances are good, and scores that are those of real images",
        about="One number stands for a model here and hides much; the tables of each quantity say more. A model on one "
        "data set is not to be compared with one on another, except in units of the floor, which a perfect model would "
        "score: 1 is as good as can be told. FID and KID of different networks are not comparable. Printed values "
        "were not made under the corrected protocol and stand here for orientation.",
        factors=dict.fromkeys(("wasserstein", "kid"), 100.0),
        sections={
            "wasserstein": "Average distance",
            **dict.fromkeys(("fid", "kid"), "Image networks"),
            "mean_score": "Mean score",
            "in_floors": "In units of the floor",
        },
        study="",
    ),
}
HEADLINE = ("morphology", "power_spectrum", "colour_bulge")
"""Comparisons whose averages the headline shows."""
OWN = ("denoising", "cost", "all")
"""Tables that are made of other things than distances."""
SEVERAL_BANDS = ("colour_bulge",)
"""Those that the paper made of SKIRT alone."""


def table_of(study: str, file: str) -> str:
    """The table whose files have this name among those of a study."""
    return next(name for name, table in TABLES.items() if table.study == study and (table.file or name) == file)


def shown_cost(name: str, value: float) -> str:
    """A cost for readers: counts in full or in millions, hours to two digits."""
    if math.isnan(value):
        return ""
    if name.endswith("_hours"):
        return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
    return f"{value / 1e6:,.3g} M" if value >= 1e5 else f"{value:,.0f}"
