"""The stages of models: training, exported weights, generated stamps, latent walks."""

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
        return Stage(
            spec, "train_segment.py", self.facts.model_modules(entry.family), self.facts.model_libraries(entry.family)
        )

    def export_weights(self, dataset: str, model: str, seed: str) -> Stage:
        """From the last state to the averaged weights."""
        return Stage({}, "export_weights.py", (), ("torch", "safetensors"))

    def sample(self, dataset: str, model: str, seed: str) -> Stage:
        """Drawing the generated stamps of a model."""
        entry, sampling = self.config.models[dataset, model], self.config.sampling.spec()
        family = entry.family
        del sampling["chunk"], sampling["sparse_count"]
        spec = {"family": family, "seed": int(seed), **sampling, "count": self.config.drawn(dataset)}
        if columns := self.facts.asked(dataset, model):
            # What a model is not told stands beside its images all the same: they are compared by it.
            spec["conditions"] = {"columns": columns, "told": bool(entry.columns), **entry.conditions.spec()}
            if entry.columns and (beside := [name for name in columns if name not in entry.columns]):
                spec["conditions"]["beside"] = beside
        libraries = self.facts.model_libraries(family)
        return Stage(spec, "sample.py", self.facts.model_modules(family), (*libraries, "safetensors"))

    def latents(self, dataset: str, model: str, seed: str) -> Stage:
        """Walks through a model's latent space, and source stamps that it reconstructs."""
        family, report = self.config.models[dataset, model].family, self.config.report
        sampling = {name: getattr(self.config.sampling, name) for name in ("device", "threads")}
        spec = {
            "family": family,
            "seed": int(seed),
            "rows": report.walks,
            "steps": report.stamps_per_row,
            **sampling,
        }
        libraries = self.facts.model_libraries(family)
        return Stage(spec, "latents.py", self.facts.model_modules(family), (*libraries, "safetensors"))

    def gpu_check(self) -> Stage:
        """A look at the machine that trainings get."""
        return Stage({}, "gpu_check.py", (), ("torch",))

    def time_drawing(self, dataset: str, model: str, seed: str) -> Stage:
        """How long a model takes to draw images."""
        spec = {**self.facts.drawing_spec(dataset, model, seed), "images": self.config.realism.images}
        return Stage(spec, "time_drawing.py", *self.facts.model_code(dataset, model))

    def sample_galaxies(self, dataset: str, model: str, seed: str) -> Stage:
        """Galaxies of each size class that a model draws."""
        spec = {**self.facts.drawing_spec(dataset, model, seed), "count": self.config.realism.galaxies}
        return Stage(spec, "sample_galaxies.py", *self.facts.model_code(dataset, model))
