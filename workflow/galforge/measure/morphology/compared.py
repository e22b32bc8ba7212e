"""The nine properties of morphology that Holzschuh et al. (2022) compare, and the flags of an engine."""

FLAGS = ("flag", "flag_sersic")
"""The last quantities of an engine, statmorph's: 0 good, 1 suspect, 2 bad, 4 catastrophic."""

PROPERTIES = {
    "asymmetry": "asymmetry",
    "smoothness": "smoothness",
    "concentration": "concentration",
    "gini": "gini",
    "m20": "m20",
    "rhalf": "rhalf_circ",
    "sersic_n": "sersic_n",
    "orientation": "orientation_centroid",
    "ellipticity": "ellipticity_centroid",
}
"""Columns of the measurements by the names in tables."""
