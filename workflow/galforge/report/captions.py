"""Captions and alternative texts of the figures on the page."""

CAPTIONS = {
    "stamps": (
        "Source stamps in the first row, generated ones below, picked by the seed and not by eye, all at one asinh "
        "stretch that the source row sets."
    ),
    "distributions": (
        "The nine morphological properties of the corrected protocol, standardised by the source's mean and deviation; "
        "the legend gives the share of stamps that could be measured."
    ),
    "spectra": (
        "Median Fourier amplitude against wavenumber with the band that holds 68 % of the stamps, and each model's "
        "median over the source's."
    ),
    "history": "Losses of the training against images seen.",
}
ALTERNATIVES = {
    "stamps": "Grid of galaxy stamps of {dataset}: source above, models below",
    "distributions": "Nine histograms of morphological properties of {dataset} and its models",
    "spectra": "Power spectra of {dataset} and its models with their ratio to the source",
    "history": "Training losses on {dataset} falling with images seen",
}
