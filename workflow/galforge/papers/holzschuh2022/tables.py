"""The tables of Holzschuh et al. (2022), and those of galforge about the same models: photometry, copies, cost."""

from galforge.drawing.names import COSTS, GROUPS
from galforge.papers.table import CELLS, Overall, Table

_W1 = "Wasserstein-1 distance between source and generated stamps"
_NETWORK = (
    "The printed values are of Inception-v3. Another network sees other features on another scale, so its values are "
    "compared with each other and with nothing printed."
)
_COLOURS = ("wasserstein", "wasserstein_standardised", "share_difference")
_DENOISING = "galforge.papers.holzschuh2022.denoising_table"
_TESTS = "galforge.papers.holzschuh2022.tests_table"

TABLES = {
    "headline": Table(
        "Headline: the average distances",
        ("morphology", "power_spectrum", "colour_bulge"),
        ("wasserstein",),
        _W1,
        "×10⁻² of the units of each",
        units="morphology in the source's standard deviation; power spectrum in dex; colour and bulge in magnitudes "
        "and the unit of F; overall is their mean, as the paper averages them",
        needs=("morphology", "power_spectrum"),
        averages=("morphology", "power_spectrum", "colour_bulge"),
        factors={"wasserstein": 100.0},
        order=("morphology", "power_spectrum", "colour_bulge"),
        labels=GROUPS,
        head="Average over",
        select="galforge.papers.holzschuh2022.headline:headline",
    ),
    "morphology": Table(
        "Morphology",
        "morphology",
        ("wasserstein",),
        _W1,
        "×10⁻² of the source's standard deviation (12.3 means 0.123 standard deviations)",
        factors={"wasserstein": 100.0},
        overall=Overall("wasserstein", "Average distance", "morphology in ×10⁻² of the source's standard deviation"),
    ),
    "power_spectrum": Table(
        "Power spectrum",
        "power_spectrum",
        ("wasserstein",),
        _W1,
        "×10⁻² dex of the Fourier amplitude (12.3 means 0.123 dex)",
        factors={"wasserstein": 100.0},
        overall=Overall("wasserstein", "Average distance", "power spectrum in ×10⁻² dex"),
    ),
    "colour_bulge": Table(
        "Colour and bulge",
        "colour_bulge",
        _COLOURS,
        "Wasserstein-1 distance of the colour g - i of early and late types and of the bulge statistic F(G, M20), and "
        "difference between the shares of early and of red galaxies",
        "×10⁻² of a magnitude or of the unit of F; then ×10⁻² of the source's standard deviation; shares in "
        "percentage points",
        about="Early types have F of 0 or more. It is not known whether the printed distances were standardised, so "
        "both are shown, and the printed ones stand beside the plain. With 20 or fewer early types in the source the "
        "error of their colour is some 40 % too small.",
        factors=dict.fromkeys(_COLOURS, 100.0),
        sections={
            "wasserstein": "Distance",
            "wasserstein_standardised": "Distance over the source's standard deviation",
            "share_difference": "Difference of shares",
        },
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
    "colour_grain": Table(
        "Grain of colours",
        "colour_grain",
        ("wasserstein", "median_ratio"),
        "Scatter of the colours of pixels inside galaxies, beyond their noise: distance from the source's, and the "
        "median over the source's",
        "mag for the distance; the ratio has none",
        reading="small distances are good, and ratios near 1",
        about="Areas, magnitudes and skies are right in galaxies of coloured speckle; this sees it. Gradients and "
        "knots of colour count too, in the source as in models.",
        protocols=("corrected",),
        labels={"median_ratio": "Median, generated over source", "colour_grain": "Distance"},
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
    "fid": Table(
        "FID",
        "features",
        ("fid", "fid_infinity"),
        "Fréchet distance between normal distributions fitted to the features of source and generated stamps",
        "the squared unit of the features",
        about="The FID of few stamps is too large, whatever the model; FID∞ is extrapolated to infinitely many. "
        + _NETWORK,
        by_network=True,
        engines=False,
        overall=Overall("fid", "Image networks", "FID in the squared unit of the features"),
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
        engines=False,
        cells=CELLS.format(floor="floor", too_close="that one perfect model in twenty would exceed"),
        overall=Overall("kid", "Image networks", "KID in ×10⁻²"),
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
        "galaxies, towards +0.5 for copies of the training set, below 0 for stamps unlike any that were trained on. "
        "With 100 stamps a side coverage finds only half to three quarters of the populations that lie five standard "
        "deviations off. The error of copying is too small with fewer than 60 held-out stamps.",
        by_network=True,
        engines=False,
        printed=False,
        cells=CELLS.format(floor="ideal", too_close="as near to it as 19 of 20 perfect models")
        + " Copying has the floor of a distance, on either side of 0.",
    ),
    "denoising_tests": Table(
        "Does training on generated galaxies help?",
        "verdicts",
        ("gain", "oracle", "longer"),
        "Share by which a galaxy's typical (geometric mean) error is smaller with generated galaxies among the "
        "training images than without, by test",
        "%",
        reading="gains above 0 are good",
        factors=dict.fromkeys(("gain", "oracle", "longer"), 100.0),
        head="Test",
        things="test galaxies",
        cells="",
        protocol="",
        sizes="",
        printed=False,
        readings=dict.fromkeys(("gain", "oracle", "longer"), "number"),
        make=f"{_TESTS}:make",
        blocks=f"{_TESTS}:blocks",
        remarks=f"{_TESTS}:remarks",
    ),
    "denoising": Table(
        "Denoising: does training on generated galaxies help?",
        "sweeps",
        (
            *("mse", "mse_median", "mse_to_identity", "psnr", "ssim", "morphology"),
            *("gain", "advantage", "best_alpha", "improvement", "relative_error"),
        ),
        "Errors of denoised galaxies, and gains of networks that saw a share α of generated galaxies over networks "
        "that saw real ones only",
        "units of their own",
        units="the squared image unit for the mean squared error (MSE), dB for the PSNR, ×10⁻² of the true galaxies' "
        "sd for the Wasserstein-1 distance of morphology (W1, mean of nine properties), % for gains",
        reading="small MSE and W1 are good, large PSNR, SSIM and gains",
        about="All methods see the same galaxies with the same noise. A gain is 1 less the ratio of MSEs, a geometric "
        "mean over galaxies and networks; it is claimed only where it is beyond chance at 5 %, by Student's t and with "
        "as many comparisons as there are shares. The best share was found on the same galaxies, so its gain is "
        "somewhat too large. The MSE is never compared across tests: noise and pixels differ.",
        factors=dict.fromkeys(("morphology", "gain", "advantage", "improvement", "relative_error"), 100.0),
        head="Test",
        cells="",
        protocol="",
        sizes="",
        make=f"{_DENOISING}:make",
        blocks=f"{_DENOISING}:blocks",
        remarks=f"{_DENOISING}:remarks",
    ),
    "cost": Table(
        "What the models cost",
        "trainings",
        ("cost",),
        "Cost of one training",
        "counts and hours",
        reading="means over seeds",
        about="GPU-hours are wall time times GPUs, CPU-hours wall time times threads where no GPU trained; tries that "
        "led nowhere are not counted.",
        cells="",
        protocol="",
        sizes="",
        readings={"cost": "number"},
        libraries=("safetensors",),
        order=tuple(COSTS),
        make="galforge.report.cost:make",
        blocks="galforge.report.cost:blocks",
    ),
}
