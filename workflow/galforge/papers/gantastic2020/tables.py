"""The tables of Gantastic 4 (2020): scorers of realism, generated sparse images and their scores, experiments."""

from galforge.papers.table import Overall, Table

FEATURES = {
    "none": "No features",
    "basic_3": "Three basic properties",
    "individual": "Individual properties",
    "individual+interaction": "Individual and interaction properties",
    "image": "The image itself",
    "histogram": "Histogram",
    "histogram+hog+lbp": "Histogram, HOG and LBP",
    "fourier": "Fourier transform",
    "power_spectrum": "Power spectrum",
    "histogram+power_spectrum": "Histogram and power spectrum",
}
"""What a scorer sees, in the order of the printed table."""
_LABELS = FEATURES | {
    "mean_score learned_positions": "Positions that the model learned",
    "mean_score random_positions": "Random positions",
    "train_seconds training": "Training",
    "execution_seconds 1000 images": "Drawing 1000 images",
    "diversity spectra": "Diversity of power spectra",
    "empty_share images": "Images without anything [%]",
    "faint_share clusters": "Clusters of one faint pixel [%]",
    "class_agreement size_class": "Galaxies of the size class asked for [%]",
    "score_difference random_positions": "Random less learned positions",
    "score_std shuffled_patches": "Same positions and galaxies, shuffled",
    "score_std new_galaxies": "Same positions, new galaxies",
    "score_std images": "Between images",
}
_MAE = ("mae", "mae_standardised", "mae_fakes", "mae_reals", "mae_held_out", "mae_known")
_READINGS = {
    **dict.fromkeys((*_MAE, "score_std", "train_seconds", "execution_seconds", "class_agreement"), "number"),
    **dict.fromkeys(("mean_score", "diversity", "empty_share", "faint_share"), "beside"),
    "score_difference": "difference",
}
_ERROR = "Each cell: value ± standard error over images"
_COMMON = {
    "digits": "g",
    "readings": _READINGS,
    "protocols": ("published",),
    "labels": _LABELS,
    "things": "images",
    "protocol": "“Published” says that features and scores are those of the report",
    "sizes": "Sizes are numbers of images, source v generated where there are both.",
}
_OF_ALL = "All images that have a score"
TABLES = {
    "table1": Table(
        "How well a scorer finds the score of an image",
        "scorers",
        _MAE,
        "Mean absolute error of the realism score that a scorer gives an image",
        "the unit of the score, which lies between 0 and about 8; at standardised scores in units of their standard "
        "deviation",
        reading="smaller is better, and the median of the scores, which looks at no image, is the line to beat",
        about="Errors are of cross-validation: each image is scored by a scorer that was not trained on it. Fakes and "
        "real images are told apart by their score alone. Query images were part of no training; where a mock knows "
        "the score that they would have, some of them have a kind of corruption that no training image has. Three of "
        "the printed values, those of properties of galaxies, are of standardised scores and stand at those rows; the "
        "others are of raw scores. The printed ResNet is one of 18 layers in the code of its authors, who started "
        "from a network trained on ImageNet; ours does so only where the configuration names such weights. Networks "
        "see images reduced in size, and brightened to their root.",
        sections={
            "mae": _OF_ALL,
            "mae_standardised": f"{_OF_ALL}, scores standardised",
            "mae_fakes": "Fakes: images of low score",
            "mae_reals": "Real images: images of high score",
            "mae_held_out": "Query images with the corruption that no training image has",
            "mae_known": "Other query images",
        },
        details="for fakes, real and query images as well",
        order=tuple(FEATURES),
        totals=("mae", "mae_standardised"),
        head="What the scorer sees",
        cells=f"{_ERROR}. There is no floor: how far a score can be known at all is not.",
        **_COMMON,
    ),
    "table2": Table(
        "Generated sparse images and their scores",
        "scores",
        (
            *("mean_score", "train_seconds", "execution_seconds"),
            *("diversity", "empty_share", "faint_share", "class_agreement"),
        ),
        "Mean score of whole images, time that models take, how much their images differ from each other, and what "
        "galaxies they draw",
        "the unit of the score (0 to about 8), seconds, % for shares; the diversity has none",
        reading="scores, diversity, empty images and faint clusters are good where they are those of real images, "
        "agreement of size classes where it is large, time where it is short",
        about="“Images labelled real” are no model's: those of the source that people called real, of any background. "
        "No scorer learned from them, but generators did from most. The score of generated images is what a scorer "
        "trained on scored images says of them. It knows the faults of those, not the faults of a model, and it may be "
        "fooled, as by empty images: a high score is no proof of realism, and one above that of real images is not "
        "better. The diversity is of images that are not empty: 1 where power spectra differ as much as those of real "
        "images and 0 where all images are alike. A faint cluster is a single pixel at most 3 levels above the "
        "background; no galaxy that two-stage models learn from is centred on one, so that they draw too few. The "
        "printed training times are those of a Tesla K80, on other machines no target. What the report prints for "
        "“Baseline 1” stands at baseline 2 with the authors' visual heuristic (large galaxies 2.3 times as large and "
        "twice as bright): their released scorer gives 0.60, the printed score, to that one, 0.88 to baseline 2 "
        "without it (printed 0.89), and 0.22 to baseline 1, of which the report then prints nothing.",
        factors=dict.fromkeys(("empty_share", "faint_share", "class_agreement"), 100.0),
        sections={
            "mean_score": "Mean score",
            **dict.fromkeys(("train_seconds", "execution_seconds"), "Time [s]"),
            **dict.fromkeys(("diversity", "empty_share", "faint_share", "class_agreement"), "Images and galaxies"),
        },
        models={"real": "Images labelled real"},
        head="Quantity",
        cells=f"{_ERROR} (times have none). “At the source's” says that a value lies within twice the errors of both "
        "from that of real images, and supports no ranking.",
        overall=Overall("mean_score", "Mean score", "mean score in its own unit"),
        **_COMMON,
    ),
    "experiments": Table(
        "What the score of a two-stage model depends on",
        "experiments",
        ("mean_score", "score_difference", "score_std"),
        "Scores after random positions took the place of learned ones, and how far scores spread when only the "
        "galaxies of an image or only their places change",
        "the unit of the score (0 to about 8)",
        reading="a difference near zero says that the scorer does not see where galaxies are, a small standard "
        "deviation that what was changed hardly matters to it",
        about="Standard deviations are means over images; that between images is what they have to be compared with. "
        "Everything here is what one scorer sees, and what it does not see may still be wrong.",
        sections={
            **dict.fromkeys(("mean_score", "score_difference"), "Mean score"),
            "score_std": "Standard deviation of the score",
        },
        order=("learned_positions", "random_positions", "shuffled_patches", "new_galaxies", "images"),
        head="What changes",
        cells=f"{_ERROR}. “At zero” says that a difference lies within twice its error of it.",
        **_COMMON,
    ),
}
