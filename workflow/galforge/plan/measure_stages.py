"""The stages of measures and of comparisons of what was measured."""

from galforge.plan import comparisons
from galforge.plan.facts import Facts
from galforge.plan.measuring import Measuring, taker
from galforge.plan.stage import Stage


class MeasureStages:
    """Stages from stamps to distances."""

    def __init__(self, facts: Facts):
        self.config, self.facts = facts.config, facts

    def calibrate_noise(self, dataset: str, measure: str) -> Stage:
        """Finding the noise that noiseless stamps need before they can be measured."""
        entry, measuring = self.config.measured[dataset, measure], self.config.datasets[dataset].measuring
        told = {name: getattr(measuring, name) for name in ("calibration_stamps", "calibration_target", "seed")}
        spec = {
            "family": entry.family,
            "settings": entry.settings.spec(),
            "measuring": {"band": self.facts.band(dataset, entry), **told},
        }
        native, libraries = self.facts.galaxies(dataset)
        modules = (*self.facts.measure_modules(entry, "noise"), *native)
        return Stage(spec, "calibrate_noise.py", modules, (*self.facts.measure_libraries(entry), *libraries))

    def measure(self, dataset: str, kind: Measuring, who: str = "") -> Stage:
        """Measuring the stamps of a data set or of a model, in some variants of one measure."""
        native, more = self.facts.galaxies(dataset) if who != "native" else ((), ())
        variants, modules, libraries = {}, list(native), list(more)
        for name, (whose, measure) in kind.variants.items():
            entry, spec = self.config.measured[dataset, measure], self.facts.variant(dataset, measure)
            if kind.whose:
                spec["who"] = whose
            variants[name] = spec
            modules += [*self.facts.measure_modules(entry, "measure"), *self.facts.predictor(dataset, entry)]
            libraries += self.facts.measure_libraries(entry)
        libraries += ["pandas", "pyarrow", "h5py"]
        return Stage(
            {"family": taker(self.config.measured[dataset, kind.measures[0]]), "variants": variants},
            "measure.py",
            tuple(dict.fromkeys(modules)),
            tuple(dict.fromkeys(libraries)),
        )

    def distances(self, dataset: str, model: str, seed: str, group: str) -> Stage:
        """Distances between source and generated measurements, of all comparisons of a group."""
        made = comparisons.comparison_specs(self.config, dataset, model, seed, group)
        tables = comparisons.tables_needed(self.config, dataset, model, seed, group)
        spec = {"comparisons": made, "tables": [list(table) for table in tables]}
        names = list(dict.fromkeys(each["comparison"] for each in made.values()))
        libraries = [library for name in names for library in comparisons.KINDS[name].libraries]
        modules = tuple(f"galforge.compare.{name}" for name in names)
        return Stage(spec, "distances.py", modules, tuple(dict.fromkeys(("numpy", "pandas", "pyarrow", *libraries))))
