"""What things are called, in tables, figures and page alike."""

from dataclasses import dataclass

from galforge.papers.gantastic2020 import gantastic2020
from galforge.papers.table import NETWORKS


@dataclass(frozen=True)
class Property:
    """A measured property: its name for readers, its unit, and its column in the measurements."""

    label: str
    column: str
    unit: str = ""


# In the order in which tables and panels show them (the order of the published list).
MORPHOLOGY = {
    "asymmetry": Property("Asymmetry", "asymmetry"),
    "smoothness": Property("Smoothness", "smoothness"),
    "concentration": Property("Concentration", "concentration"),
    "gini": Property("Gini", "gini"),
    "m20": Property("M20", "m20"),
    "rhalf": Property("Half-light radius", "rhalf_circ", "px"),
    "sersic_n": Property("Sérsic index", "sersic_n"),
    "orientation": Property("Orientation", "orientation_centroid", "rad"),
    "ellipticity": Property("Ellipticity", "ellipticity_centroid"),
}
BANDS = ("g", "r", "i", "z", "y")
SOURCES = {
    "isophotal_area": Property("Isophotal area", "isophotal_area", "px"),
    "ellipticity": Property("Ellipticity", "ellipticity"),
    "semi_major_axis": Property("Semi-major axis", "semi_major_axis", "px"),
    "sersic_index": Property("Sérsic index", "sersic_index"),
}
PHOTOMETRY = {
    "log_flux": "Flux",
    "surface_brightness": "Mean surface brightness",
    "sky_rms": "Sky rms",
    "sky_autocorrelation": "Lag-1 sky autocorrelation",
}
COLOUR_BULGE = {
    "g_i_early": "g - i, early types",
    "g_i_late": "g - i, late types",
    "bulge_statistic": "Bulge statistic F(G, M20)",
    "early_share": "Early galaxies",
    "red_share": "Red galaxies",
}
COSTS = {
    "parameters": "Parameters",
    "generator_parameters": "of these to generate",
    "images_seen": "Images seen",
    "gpu_hours": "GPU-hours",
    "cpu_hours": "CPU-hours",
}
# Metrics of which a table has one row each, whatever the property.
METRICS = {
    "sliced_wasserstein": "Sliced Wasserstein-1",
    "classifier": "Classifier, 2 AUC - 1",
    "fid": "FID",
    "fid_infinity": "FID∞",
    "kid": "KID",
    "precision": "Precision",
    "recall": "Recall",
    "density": "Density",
    "coverage": "Coverage",
    "memorisation": "Copying",
}
# Metrics of galaxies made for a redshift: what all properties or bands together are called, and one of them.
CONDITIONAL = {
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
    "generated_over_real": ("Mean", "{}"),
}
MEANS = {"large_scales": "Large scales", "small_scales": "Small scales", "average": "Average"}
GROUPS = {
    "morphology": "Morphology",
    "power_spectrum": "Power spectrum",
    "colour_bulge": "Colour and bulge",
    "overall": "Overall",
}
MODELS = {
    "vae": "VAE",
    "stylegan": "StyleGAN",
    "stylegan-train": "StyleGAN (train split)",
    "alae": "ALAE",
    "roundtrip": "Store and decode",
    "real": "Held-out source",
    "cvae": "CVAE",
    "cvae-published": "CVAE (published)",
    "ddpm": "DDPM",
    "ddpm-published": "DDPM (published)",
    "ddpm_continuous": "DDPM of arXiv:2411.18440",
    **gantastic2020.MODELS,
}


def property_label(name: str, table: str, metric: str = "wasserstein") -> str:
    """What a reader calls a row of a table; names without an entry are shown as they are."""
    if table in ("table1", "successors"):
        return _conditional_label(name, metric)
    if metric in gantastic2020.KINDS:
        return gantastic2020.property_label(name, metric)
    if table == "all":
        return _overall_label(name, metric)
    if metric in METRICS:
        return METRICS[metric]
    if name in MORPHOLOGY:
        return MORPHOLOGY[name].label
    if name.startswith("mode_") and name[5:].isdigit():
        return f"Mode {int(name[5:])}"
    return {**PHOTOMETRY, **COLOUR_BULGE, **COSTS, **(GROUPS if table == "headline" else MEANS)}.get(name, name)


def _conditional_label(name: str, metric: str) -> str:
    """A property or band, with the network that saw it where it is named (``g@efficientnet-lite0``)."""
    name, _, network = name.partition("@")
    together, single = CONDITIONAL[metric]
    if name.startswith("sky_rms_"):
        name = f"Sky rms, {name.removeprefix('sky_rms_')}"
    one = SOURCES[name].label if name in SOURCES else name
    label = together if name in ("all", "inception-v3") else single.format(one)
    return f"{label} ({NETWORKS.get(network, network).partition(' (')[0]})" if network else label


def _overall_label(name: str, metric: str) -> str:
    """A group of properties, or a metric with its network, which is the property or part of it (``fid@...``)."""
    if metric in METRICS:
        name = f"{metric}@{name}"
    name, _, network = name.partition("@")
    label = {**METRICS, **GROUPS}.get(name, name)
    return f"{label} ({NETWORKS.get(network, network).partition(' (')[0]})" if network else label


def model_label(name: str) -> str:
    """The name of a model as papers write it; a variant adds its word, names without an entry are shown as they are."""
    base, _, variant = name.partition("-")
    if name not in MODELS and variant and base in MODELS:
        return f"{MODELS[base]}, {variant}"
    return MODELS.get(name, name)
