"""The tables of Li et al. (2024), arXiv:2407.07229: galaxies made for a redshift."""

from galforge.papers.table import LI, Table

LI2024 = {
    "table1": Table(
        "Losses and scores of galaxies made for a redshift",
        ("galaxy_kl", "fitting_loss", "redshift_loss", "band_scores"),
        (
            *("galaxy_kl", "galaxy_kl_redshift_bins", "galaxy_kl_bin", "galaxy_kl_empty"),
            *("fitting_loss", "fitting_loss_difference", "fitting_missing"),
            *("redshift_loss", "redshift_loss_normalised", "redshift_bias", "redshift_scatter", "redshift_outliers"),
            *("inception_score", "class_entropy_score", "fid"),
        ),
        "Divergence of the galaxies' properties from the source's, how well they could be fitted, "
        "whether a network that learned redshifts from the source finds the one that was asked for, and what image "
        "networks see",
        "nats for the KL losses and the fitting loss (mean of ln |ERRCXY|, with ERRCXY in px⁻²), redshift for the bias "
        "and the scatter, both over 1 + z, % for shares; the other losses and scores have none, the FID has the "
        "squared unit of the features",
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
            **dict.fromkeys(("galaxy_kl", "galaxy_kl_redshift_bins", "galaxy_kl_bin"), "Galaxy KL loss"),
            "galaxy_kl_empty": "Galaxy KL loss",
            **dict.fromkeys(("fitting_loss", "fitting_loss_difference", "fitting_missing"), "Fitting loss"),
            **dict.fromkeys(("redshift_loss", "redshift_loss_normalised", "redshift_bias"), "Redshift"),
            **dict.fromkeys(("redshift_scatter", "redshift_outliers"), "Redshift"),
            **dict.fromkeys(("inception_score", "class_entropy_score", "fid"), "Image networks"),
        },
        digits="g",
        details="property by property and band by band",
        study=LI,
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
        digits="g",
        study=LI,
    ),
}
