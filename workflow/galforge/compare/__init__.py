"""Comparisons of the measurements of a source with those of generated stamps: distances with errors and floors.

A comparison is one module, found by its name: a constant ``KIND`` declares it to planning, and a function ``compare``
makes tidy rows of two tables. docs/adding-a-measure.md shows how to write one. Families of measures are folders with a
light module ``settings``, because users set much of them. A comparison has one constant to say, so a folder of three
files would hide it; ``KIND`` is written out instead, and planning reads it from the text of the file without importing
pandas, scipy or scikit-learn. It is also part of the module's digest, so a change in how tables read a metric makes its
rows again, and with them the tables.

Comparisons: morphology, power_spectrum, photometry, colour_bulge, colour_grain, joint, features (with frechet, normals,
kernel, coverage and memorisation), galaxy_kl (with histograms), fitting_loss, successors, redshift_loss, band_scores.
They share kind, settings, rows, scores, limits, relabelled, wasserstein (with grids), redshift_bins, joined,
holm and engines.

Without a workflow: ``tables`` compares two tables, also from a shell (``python -m galforge.compare``).

Modules here import one another, names of columns from ``measure``, and modules at the root.
"""
