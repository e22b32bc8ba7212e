"""The stages of the realism study: scorers of sparse images, scores, experiments."""

from typing import Any

from galforge import families
from galforge.config.declared import optional
from galforge.plan.facts import Facts
from galforge.plan.stage import Stage
from galforge.studies.realism.settings import COMMON, MEASURES, TEXTURE, section

EXPERIMENTS = {"random_positions": (), "new_galaxies": ("sets",), "shuffled_patches": ("permutations",)}
"""Experiments 1 to 3 of the report, and what each reads besides the number of images."""
LEARNING = ("numpy", "pandas", "scikit-learn", "xgboost-cpu")
SUMMARISING = (*LEARNING, "scipy")
NETWORKS = ("torch", "numpy", "pandas", "h5py", "scikit-image")


class RealismStages:
    """Stages of the realism study."""

    def __init__(self, facts: Facts):
        self.config, self.facts = facts.config, facts

    def cross_validate(self, dataset: str) -> Stage:
        """Scorers of features: their scores of images that they were not trained on; and that of generated images."""
        scorers = {name: self.scorer_measures(name) for name in self.scorers(by_network=False)}
        measures = [name for name in MEASURES if any(name in read for read in scorers.values())]
        spec = {"scorers": scorers, "measures": measures, "settings": self._settings(*scorers)}
        spec["scorer"] = self.config.realism.scorer
        return Stage(spec, "cross_validate.py", (), LEARNING)

    def cross_validate_network(self, dataset: str, scorer: str) -> Stage:
        """The same for a network that sees the images themselves."""
        spec = {"scorer": scorer, "settings": self._settings(scorer), "device": self.config.realism.device}
        return Stage(spec, "cross_validate_network.py", (), NETWORKS)

    def score(self, dataset: str, subject: str, who: str) -> Stage:
        """Scores of some stamps."""
        return Stage({}, "score.py", (), LEARNING)

    def experiment(self, dataset: str, model: str, seed: str) -> Stage:
        """The experiments: what changes of the scores when positions or galaxies of images are exchanged."""
        entry = self.config.measured[dataset, MEASURES[0]]
        settings = self.config.realism.experiments.spec()
        spec = {
            **self.facts.drawing_spec(dataset, model, seed),
            **{name: value for name, value in self._row(dataset).items() if name != "scorer"},
            "experiments": {
                name: {each: settings[each] for each in ("images", *own)} for name, own in EXPERIMENTS.items()
            },
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

    def score_generator(self, dataset: str, model: str, seed: str) -> Stage:
        """Scores of a model's images; how diverse they are, what they lack and cost, as rows of a table."""
        network = self.config.models[dataset, model].network
        spec = {
            **self._row(dataset),
            "images": self.config.realism.images,
            "thresholds": list(optional(network, "thresholds")) if optional(network, "conditional") else [],
            "threshold": optional(self.config.datasets[dataset].settings, "threshold"),
            "seed": self.config.realism.seed,
        }
        return Stage(spec, "score_generator.py", (), SUMMARISING)

    def score_real(self, dataset: str) -> Stage:
        """Scores of the images that people scored or labelled, and errors of all scorers, as rows of tables."""
        realism, origin = self.config.realism, self.facts.origin(dataset)
        held_out = optional(optional(self.config.datasets[dataset].settings, "mock"), "held_out")
        spec = {
            **self._row(dataset),
            "images": realism.images,
            "scorers": list(realism.scorers),
            "real_score": realism.real_score,
            "held_out": held_out if origin == "mock" else "",
        }
        return Stage(spec, "score_real.py", (), SUMMARISING)

    def scorers(self, by_network: bool) -> list[str]:
        """The scorers that are networks, which see the images themselves, or the others."""
        return [name for name in self.config.realism.scorers if is_network(name) == by_network]

    def scorer_measures(self, scorer: str) -> list[str]:
        """Measures that a scorer reads."""
        features = scorer.partition("-")[2]
        return list(MEASURES) if any(name in features.split("_") for name in TEXTURE) else [MEASURES[0]]

    def scorer_weights(self, scorer: str) -> list[str]:
        """The file of weights that a scorer begins with, where there is one."""
        path = self.config.realism.resnet.weights if scorer.startswith("resnet") else ""
        return [path] if path else []

    def _settings(self, *scorers: str) -> dict[str, Any]:
        """What scorers read of the section."""
        settings = self.config.realism.spec()
        return {name: settings[name] for name in dict.fromkeys((*COMMON, *filter(None, map(section, scorers))))}

    def _row(self, dataset: str) -> dict[str, Any]:
        """What every row of a table begins with; the model and its seed are wildcards."""
        return {"dataset": dataset, "origin": self.facts.origin(dataset), "scorer": self.config.realism.scorer}


def is_network(scorer: str) -> bool:
    """Whether a scorer is a network that sees the images themselves."""
    return scorer.partition("-")[0] in ("cnn", "resnet")
