"""What properties, metrics and models are called for readers, in tables, figures and on the page alike."""

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Property:
    """A measured property: its name for readers, its unit, and its column in the measurements."""

    label: str
    column: str
    unit: str = ""


# In the order in which tables and panels show them, which is that of the published list.
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
    "snapshot_images": "of these before the chosen snapshot",
    "gpu_hours": "GPU-hours",
    "cpu_hours": "CPU-hours",
}
# Metrics that name their row, whatever the property.
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
MEANS = {"large_scales": "Large scales", "small_scales": "Small scales", "average": "Average"}
GROUPS = {
    "morphology": "Morphology",
    "power_spectrum": "Power spectrum",
    "colour_bulge": "Colour and bulge",
    "overall": "Overall",
}
MODELS = {
    "vae": "VAE",
    "gaussian": "Gaussian",
    "stylegan": "StyleGAN",
    "stylegan-train": "StyleGAN (train split)",
    "alae": "ALAE",
    "roundtrip": "Store and decode",
    "real": "Held-out source",
    "cvae": "CVAE",
    "cvae-published": "CVAE (published)",
    "ddpm": "DDPM",
    "ddpm-published": "DDPM (published)",
    "edm": "EDM",
    "ddpm_continuous": "DDPM of arXiv:2411.18440",
    "median": "Median of the scores",
    "xgboost": "XGBoost",
    "random_forest": "Random forest",
    "cnn": "CNN",
    "resnet": "ResNet",
    "baseline1": "Baseline 1",
    "baseline2": "Baseline 2",
    "baseline2-heuristic": "Baseline 2 (heuristic)",
    "end_to_end_gan": "End-to-end GAN",
    "two_stage_unconditional": "Two-stage GAN",
    "two_stage_conditional": "Two-stage GAN, conditional",
}
"""Generators, scorers of images, and what stands for a model in tables."""
PUBLISHED_NETWORK = "inception-v3"
"""The only feature network whose FID and KID stand beside printed ones."""
NETWORKS = {
    PUBLISHED_NETWORK: "Inception-v3 (the network of the printed values)",
    "efficientnet-lite0": "EfficientNet-Lite0 (another network than the printed one)",
}
_BIN = re.compile(r"(?P<name>[^@]+)@(?P<low>\d+(\.\d+)?)-(?P<high>\d+(\.\d+)?)")


def listed(names: Sequence[str]) -> str:
    """Names in a row: ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if names else ""


def network_label(name: str) -> str:
    """A network that sees images, without what NETWORKS says about it."""
    return NETWORKS.get(name, name).partition(" (")[0]


def property_label(name: str) -> str:
    """A measured property, a mean of several, or a network; other names are shown as they are."""
    if name in MORPHOLOGY:
        return MORPHOLOGY[name].label
    if name in SOURCES:
        return SOURCES[name].label
    if mode := re.fullmatch(r"mode_(\d+)", name):
        return f"Mode {int(mode[1])}"
    if name.startswith("sky_rms_"):
        return f"Sky rms, {name.removeprefix('sky_rms_')}"
    return {**PHOTOMETRY, **COLOUR_BULGE, **MEANS}.get(name, network_label(name))


def split_bin(name: str) -> tuple[str, float, float] | None:
    """Property, low and high redshift of a row of one bin, ``<property>@<low>-<high>``; None for other rows."""
    found = _BIN.fullmatch(name)
    return (found["name"], float(found["low"]), float(found["high"])) if found else None


def model_label(name: str) -> str:
    """The name of a model as papers write it.

    A variant ``<model>-<word>`` adds its word; names without an entry are shown as they are.
    """
    base, _, variant = name.partition("-")
    if name not in MODELS and variant and base in MODELS:
        return f"{MODELS[base]}, {variant}"
    return MODELS.get(name, name)
