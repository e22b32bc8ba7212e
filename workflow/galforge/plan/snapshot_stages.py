"""The stages of the choice of a snapshot: its score, and the choice."""

from galforge.plan.comparisons import KINDS
from galforge.plan.facts import Facts
from galforge.plan.measuring import taker
from galforge.plan.stage import Stage
from galforge.snapshots.distances import DISTANCES


class SnapshotStages:
    """Stages of a training whose segments' weights are scored."""

    def __init__(self, facts: Facts):
        self.config, self.facts = facts.config, facts

    def score_snapshot(self, dataset: str, model: str, seed: str, segment: str) -> Stage:
        """Drawing images from the weights of a segment, and their distance from the validation split."""
        entry = self.config.models[dataset, model]
        by = entry.snapshot.by
        measure = self.config.measured[dataset, by]
        distance = DISTANCES[measure.family]
        compare = self.config.compare.of(distance.comparison, "corrected", False).spec() | dict(distance.lean)
        sampling = self.config.sampling.spec()
        for name in ("count", "sparse_count", "chunk"):
            del sampling[name]
        drawing = {"seed": int(seed), **sampling, "count": entry.snapshot.count}
        if entry.columns:
            drawing["conditions"] = {"columns": entry.columns, "told": True, **entry.conditions.spec()}
        spec = {
            "drawing": drawing,
            "by": by,
            "measure": {"family": taker(measure), **self.facts.variant(dataset, by)},
            "distance": {
                "comparison": distance.comparison,
                "metric": distance.metric,
                "property": distance.property,
                "settings": compare,
            },
        }
        drawing_modules, drawing_libraries = self.facts.model_code(dataset, model)
        decoding, decoders = self.facts.galaxies(dataset)
        modules = (
            *drawing_modules,
            *decoding,
            *self.facts.measure_modules(measure, "measure"),
            f"galforge.compare.{distance.comparison}",
        )
        libraries = (
            *drawing_libraries,
            *("pandas", "pyarrow"),
            *decoders,
            *self.facts.measure_libraries(measure),
            *KINDS[distance.comparison].libraries,
        )
        return Stage(spec, "score_snapshot.py", tuple(dict.fromkeys(modules)), tuple(dict.fromkeys(libraries)))

    def choose_snapshot(self, dataset: str, model: str, seed: str) -> Stage:
        """Choosing one of the scored snapshots."""
        return Stage({}, "choose_snapshot.py", (), ())
