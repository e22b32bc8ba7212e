"""What is measured of stamps, one folder per family of measures.

A family has `settings.py` (MeasureSettings, LIBRARIES), `measure.py` (measure: a table with one row per stamp) and,
where stamps are compared on one brightness scale, `preparation.py` (stretch_from). Beside the families: settings that
all share (`settings`), single bands of stamps (`images`), and columns taken from the catalogue (`catalogue`).

Without a workflow: `morphology`, `photometry`, `power_spectrum` and `sources` have a function `of` for images in memory
(`arrays`) and stamps files, which `alone` carries out; `python -m galforge.measure` does it for files (`reading`,
`writing`). See docs/measuring-alone.md.

May import galforge.stamps, galforge.models, galforge.datasets.sparse and the modules in the root of the package;
nothing of galforge.compare or galforge.studies. Families may use each other: band_features those of features, sources
those of photometry and morphology, colour_grain that of photometry.
"""
