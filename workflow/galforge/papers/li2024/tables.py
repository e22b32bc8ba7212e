"""The tables of Li et al. (2024), arXiv:2407.07229: galaxies made for a redshift."""

from dataclasses import replace

from galforge.compare.kind import readings
from galforge.drawing.names import BANDS, SOURCES
from galforge.papers.table import Table

_LABELS = {
    "galaxy_kl": ("Mean", "{}"),
    "galaxy_kl_redshift_bins": ("Mean, over ten bins of redshift", "{}, over ten bins of redshift"),
    "galaxy_kl_empty": ("Bins without generated galaxies [%]", "{}, bins without generated galaxies [%]"),
    "fitting_loss": ("Mean ln |ERRCXY|", "{}"),
    "fitting_loss_difference": ("Difference from the source at equal redshift", "{}"),
    "fitting_missing": ("Difference of shares without a value [%]", "{}"),
    "redshift_loss": ("Redshift loss", "{}"),
    "redshift_loss_normalised": ("Redshift loss of Δz / (1 + z)", "{}"),
    "redshift_bias": ("Bias", "{}"),
    "redshift_scatter": ("Scatter σ_NMAD", "{}"),
    "redshift_outliers": ("Outliers [%]", "{}"),
    "inception_score": ("Inception score", "Inception score, {}"),
    "class_entropy_score": ("Class entropy score", "Class entropy score, {}"),
    "fid": ("FID", "FID, {}"),
}
"""What a row of all properties or bands is called, and one of a single one, by metric."""
_ORDER = (*SOURCES, *BANDS, *(f"sky_rms_{band}" for band in BANDS))
_REDSHIFT = ("redshift_loss", "redshift_loss_normalised", "redshift_bias", "redshift_scatter", "redshift_outliers")
_KL = ("galaxy_kl", "galaxy_kl_redshift_bins", "galaxy_kl_bin", "galaxy_kl_empty")
_FITTING = ("fitting_loss", "fitting_loss_difference", "fitting_missing")
_SCORES = ("inception_score", "class_entropy_score")
_SELECT = "galforge.papers.li2024.rows:named_by_network"

TABLES = {
    "table1": Table(
        "Losses and scores of galaxies made for a redshift",
        ("galaxy_kl", "fitting_loss", "redshift_loss", "band_scores"),
        (*_KL, *_FITTING, *_REDSHIFT, *_SCORES, "fid"),
        "Divergence of the galaxies' properties from the source's, how well they could be fitted, how well a network "
        "finds their redshifts, and what image networks see",
        "units of their own",
        units="nats for the KL losses and the fitting loss (mean of ln |ERRCXY|, with ERRCXY in px⁻²), redshift for "
        "the bias and the scatter, both over 1 + z, % for shares; the other losses and scores have none, the FID has "
        "the squared unit of the features; the network of redshifts learned from the source",
        reading="small KL losses and FIDs are good; all else is good where it is the source's",
        about="“Held-out source” is no model: the source's test split in place of generated galaxies, or one held-out "
        "split against the other where two samples are compared. The fitting loss rises with signal-to-noise and "
        "with elongation, so a small one is not good in itself. Generated galaxies whose redshifts are spread "
        "otherwise than the source's differ from it for that alone in all rows but those over bins of redshift and at "
        "equal redshift. For the printed KL loss either of the two means may be meant; it stands beside the first. The "
        "printed FIDs and inception scores were not made alike for the three columns, and over all five bands the "
        "order of the models turns round: they are no targets, and a score above the source's is not better.",
        factors=dict.fromkeys(("galaxy_kl_empty", "fitting_missing", "redshift_outliers"), 100.0),
        sections={
            **dict.fromkeys(_KL, "Galaxy KL loss"),
            **dict.fromkeys(_FITTING, "Fitting loss"),
            **dict.fromkeys(_REDSHIFT, "Redshift"),
            **dict.fromkeys((*_SCORES, "fid"), "Image networks"),
        },
        digits="g",
        details="property by property and band by band",
        order=_ORDER,
        labels={
            **{f"{metric} all": together for metric, (together, _) in _LABELS.items()},
            **{metric: single for metric, (_, single) in _LABELS.items()},
        },
        totals=("all",),
        engines=False,
        head="Quantity",
        cells="Each cell: value ± standard error; KL losses and FIDs then have the floor, which a perfect model would "
        "score at these sample sizes, and say “at floor” where one perfect model in twenty would exceed them. Numbers "
        "of one sample have no floor: they say “at the source's” where they lie within twice the errors of both from "
        "the source's value, and differences say “at zero” within twice their error of it. No ranking is claimed from "
        "such cells.",
        select=_SELECT,
    ),
    "successors": Table(
        "Means of generated galaxies over those of the source",
        "successors",
        ("generated_over_real", "fid"),
        "Ratio of the mean of a property of generated galaxies to that of the source at equal redshift",
        "units of the source's mean, so that 1 is a perfect model",
        reading="near 1 is good",
        about="A mean may be right where the distribution is not. The printed values are of a later model of other "
        "authors on the same data (arXiv:2411.18440), for orientation.",
        sections={"generated_over_real": "Generated over source", "fid": "FID of Inception-v3"},
        readings={"fid": "distance"},
        digits="g",
        order=_ORDER,
        labels={"generated_over_real all": "Mean", "fid": "FID"},
        totals=(),
        engines=False,
        cells="Each cell: value ± standard error; “at one” says that it lies within twice its error of 1 and supports "
        "no ranking.",
    ),
}
LOSSES = replace(TABLES["table1"], name="li2024/table1", readings=readings())
"""The first table as the registry knows it, for figures that show its rows."""
