"""Settings of features in networks of `transformers`: those of the family `features`."""

from galforge.measure.features.settings import MeasureSettings as MeasureSettings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.
