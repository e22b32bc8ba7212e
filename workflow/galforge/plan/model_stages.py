"""The stages of models: training, generated stamps, latent walks."""

from typing import Any

from galforge import families
from galforge.models.taken.settings import LIBRARIES
from galforge.plan.facts import Facts
from galforge.plan.stage import Stage


class ModelStages:
    """Stages of a model."""

    def __init__(self, facts: Facts):
        self.config, self.facts = facts.config, facts

    def train_segment(self, dataset: str, model: str, seed: str, segment: str) -> Stage:
        """One segment of a training; the total length is no part of it."""
        entry = self.config.models[dataset, model]
        training = entry.training.spec()
        del training["images_total"], training["segment_images"]
        spec = {
            "family": entry.family,
            "network": entry.network.spec(),
            "normalisation": entry.normalisation.spec(),
            "training": training,
            "seed": int(seed),
            "stop": self.facts.segment_end(dataset, model, int(segment)),
        }
        # Without safetensors: it writes the weights down, and a new version of it must not train them again.
        return Stage(
            spec, "train_segment.py", self.facts.model_modules(entry.family), self.facts.model_libraries(entry.family)
        )

    def sample(self, dataset: str, model: str, seed: str) -> Stage:
        """Drawing the generated stamps of a model."""
        entry, sampling = self.config.models[dataset, model], self.config.sampling.spec()
        del sampling["chunk"], sampling["sparse_count"]
        spec = {"family": entry.family, "seed": int(seed), **sampling, "count": self.config.drawn(dataset)}
        if columns := self.facts.asked(dataset, model):
            # What a model is not told stands beside its images all the same: they are compared by it.
            spec["conditions"] = {"columns": columns, "told": bool(entry.columns), **entry.conditions.spec()}
            if entry.columns and (beside := [name for name in columns if name not in entry.columns]):
                spec["conditions"]["beside"] = beside
        return Stage(spec, "sample.py", *self.facts.model_code(dataset, model))

    def take_given(self, dataset: str, model: str, seed: str) -> Stage:
        """Reading images that were generated elsewhere."""
        entry = self.config.models[dataset, model]
        settings = families.load("models", entry.family, "settings")
        spec: dict[str, Any] = {"family": entry.family, "settings": entry.network.spec()}
        # The copies of source galaxies are looked for, so another data set reads them again.
        return Stage(spec, "take_given.py", (), settings.LIBRARIES)

    def take_sources(self, dataset: str, model: str, seed: str) -> Stage:
        """Taking images that other data sets of the configuration have."""
        settings = self.config.models[dataset, model].network
        spec = {
            "sources": [source.label for source in settings.sources],
            "count": settings.count,
            "columns": self.facts.taken_columns(dataset, model),
        }
        return Stage(spec, "take_sources.py", (), LIBRARIES)

    def latents(self, dataset: str) -> Stage:
        """Walks through the latent spaces of a data set's models, and source stamps that they reconstruct."""
        found = [(run, self.config.models[dataset, run.model].family) for run in self.facts.trained_runs(dataset)]
        spec = {
            "models": {
                f"{run.model}-seed{seed}": {"family": family, "seed": seed}
                for run, family in found
                for seed in run.seeds
            },
            "rows": self.config.report.walks,
            "steps": self.config.report.stamps_per_row,
            **{name: getattr(self.config.sampling, name) for name in ("device", "threads")},
        }
        modules = [module for _, family in found for module in self.facts.model_modules(family)]
        libraries = [library for _, family in found for library in self.facts.model_libraries(family)]
        return Stage(
            spec, "latents.py", tuple(dict.fromkeys(modules)), tuple(dict.fromkeys((*libraries, "safetensors")))
        )

    def gpu_check(self) -> Stage:
        """A look at the machine that trainings get."""
        return Stage({}, "gpu_check.py", (), ("torch",))

    def sample_galaxies(self, dataset: str, model: str, seed: str) -> Stage:
        """Galaxies of each size class that a model draws."""
        spec = {**self.facts.drawing_spec(dataset, model, seed), "count": self.config.realism.galaxies}
        return Stage(spec, "sample_galaxies.py", *self.facts.model_code(dataset, model))
