"""The stages of the realism study: scorers of sparse images, scores, experiments."""

from typing import Any

from galforge import families
from galforge.config.declared import optional
from galforge.plan.facts import Facts
from galforge.plan.stage import Stage
from galforge.studies.realism.settings import COMMON, MEASURES, TEXTURE, section

EXPERIMENTS = ("random_positions", "new_galaxies", "shuffled_patches")
"""Experiments 1 to 3 of the report."""
LEARNING = ("numpy", "pandas", "scikit-learn", "xgboost-cpu")
NETWORKS = ("torch", "numpy", "pandas", "h5py", "scikit-image")


class RealismStages:
    """Stages of the realism study."""

    def __init__(self, facts: Facts):
        self.config, self.facts = facts.config, facts

    def cross_validate(self, dataset: str, scorer: str) -> Stage:
        """Scores that a scorer gives to images that it was not trained on."""
        return Stage(self._scorer(scorer), "cross_validate.py", (), LEARNING)

    def cross_validate_network(self, dataset: str, scorer: str) -> Stage:
        """The same for a network that sees the images themselves."""
        spec = {**self._scorer(scorer), "device": self.config.realism.device}
        return Stage(spec, "cross_validate_network.py", (), NETWORKS)

    def fit_scorer(self, dataset: str) -> Stage:
        """The scorer of generated images, trained on all images with scores."""
        return Stage(self._scorer(self.config.realism.scorer), "fit_scorer.py", (), LEARNING)

    def score(self, dataset: str, subject: str, who: str) -> Stage:
        """Scores of some stamps."""
        return Stage({}, "score.py", (), LEARNING)

    def summarise_scorers(self, dataset: str) -> Stage:
        """Errors of every scorer, as rows of a table."""
        realism = self.config.realism
        held_out = optional(optional(self.config.datasets[dataset].settings, "mock"), "held_out")
        spec = {
            "dataset": dataset,
            "origin": self.facts.origin(dataset),
            "scorers": list(realism.scorers),
            "scorer": realism.scorer,
            "real_score": realism.real_score,
            "held_out": held_out if self.facts.origin(dataset) == "mock" else "",
        }
        return Stage(spec, "summarise_scorers.py", (), ("numpy", "pandas"))

    def experiment(self, dataset: str, model: str, seed: str, experiment: str) -> Stage:
        """One experiment: what changes of the scores when positions or galaxies of images are exchanged."""
        entry = self.config.measured[dataset, MEASURES[0]]
        settings = self.config.realism.experiments.spec()
        sets = {"random_positions": (), "new_galaxies": ("sets",), "shuffled_patches": ("permutations",)}
        spec = {
            **self.facts.drawing_spec(dataset, model, seed),
            "experiment": experiment,
            "settings": {name: settings[name] for name in ("images", *sets[experiment])},
            "measure": entry.settings.spec(),
        }
        modules, libraries = self.facts.model_code(dataset, model)
        measuring = families.module_name("measure", entry.family, "measure")
        return Stage(
            spec,
            "experiment.py",
            (*modules, measuring),
            tuple(dict.fromkeys((*libraries, *self.facts.measure_libraries(entry), *LEARNING))),
        )

    def summarise_experiments(self, dataset: str, model: str, seed: str) -> Stage:
        """The experiments with a model, as rows of a table."""
        spec = {**self._row(dataset), "experiments": list(EXPERIMENTS)}
        return Stage(spec, "summarise_experiments.py", (), ("numpy", "pandas"))

    def summarise_generator(self, dataset: str, model: str, seed: str) -> Stage:
        """What a model's images score, how diverse they are, what they lack and cost, as rows of a table."""
        network = self.config.models[dataset, model].network
        spec = {
            **self._row(dataset),
            "images": self.config.realism.images,
            "thresholds": list(optional(network, "thresholds")) if optional(network, "conditional") else [],
            "threshold": optional(self.config.datasets[dataset].settings, "threshold"),
            "seed": self.config.realism.seed,
        }
        return Stage(spec, "summarise_generator.py", (), ("numpy", "pandas", "scipy"))

    def summarise_real(self, dataset: str) -> Stage:
        """What real images score, as rows of a table."""
        spec = {**self._row(dataset), "images": self.config.realism.images}
        return Stage(spec, "summarise_real.py", (), ("numpy", "pandas"))

    def scorer_measures(self, scorer: str) -> list[str]:
        """Measures that a scorer reads."""
        features = scorer.partition("-")[2]
        return list(MEASURES) if any(name in features.split("_") for name in TEXTURE) else [MEASURES[0]]

    def scorer_weights(self, scorer: str) -> list[str]:
        """The file of weights that a scorer begins with, where there is one."""
        path = self.config.realism.resnet.weights if scorer.startswith("resnet") else ""
        return [path] if path else []

    def _scorer(self, scorer: str) -> dict[str, Any]:
        """What a scorer reads of the section."""
        settings = self.config.realism.spec()
        names = (*COMMON, *filter(None, [section(scorer)]))
        return {"scorer": scorer, "settings": {name: settings[name] for name in names}}

    def _row(self, dataset: str) -> dict[str, Any]:
        """What every row of a table begins with; the model and its seed are wildcards."""
        return {"dataset": dataset, "origin": self.facts.origin(dataset), "scorer": self.config.realism.scorer}


def is_network(scorer: str) -> bool:
    """Whether a scorer is a network that sees the images themselves."""
    return scorer.partition("-")[0] in ("cnn", "resnet")
