"""The nine properties of morphology that Holzschuh et al. (2022) compare."""

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
"""Name in the tables: column of the measurements."""
