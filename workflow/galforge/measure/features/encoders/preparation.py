"""How stamps become images: by the same stretch of the source's stamps as for the other networks."""

from galforge.measure.features.preparation import stretch_from as stretch_from
