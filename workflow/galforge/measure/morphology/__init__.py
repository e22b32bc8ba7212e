"""Morphology of galaxies by statmorph's definitions.

`measure` segments a stamp (`segmentation`) and calls an engine: `by_statmorph`, or the compiled `by_numba`. The other
modules are parts of the latter: what it measures with (`apertures`, `asymmetry`, `radii`, `regions`, `shape`, `sky`,
`stamp`), the Sersic fit (`profile`, `sersic`, `sersic_pixels`, `levenberg_marquardt`), and numerical tools (`filters`,
`roots`, `elementary`). `noise` calibrates the noise that noiseless data sets need; `compared` has the properties that
are compared.
"""
