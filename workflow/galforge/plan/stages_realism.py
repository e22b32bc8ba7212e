"""The stages of sparse images (Gantastic 4, 2020): scorers, scores, experiments, tables and figures."""

from typing import Any

from galforge import families
from galforge.config.tree import Run, view_of
from galforge.plan.stage import Stage
from galforge.plan.stages_report import PLOTTING
from galforge.provenance.records import locked_versions
from galforge.studies.realism.settings import COMMON, MEASURES, TEXTURE, section

EXPERIMENTS = ("random_positions", "new_galaxies", "shuffled_patches")
"""Experiments 1 to 3 of the report."""
LEARNING = ("numpy", "pandas", "scikit-learn", "xgboost-cpu")
NETWORKS = ("torch", "numpy", "pandas", "h5py", "scikit-image")


class RealismStages:
    """Stages of sparse images; ``galforge.plan.stages.Stages`` has them all."""

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
        held_out = getattr(getattr(self.config.datasets[dataset].settings, "mock", None), "held_out", "")
        spec = {
            "dataset": dataset,
            "origin": self._origin(dataset),
            "scorers": list(realism.scorers),
            "scorer": realism.scorer,
            "real_score": realism.real_score,
            "held_out": held_out if self._origin(dataset) == "mock" else "",
        }
        return Stage(spec, "summarise_scorers.py", (), ("numpy", "pandas"))

    def time_drawing(self, dataset: str, model: str, seed: str) -> Stage:
        """How long a model takes to draw images."""
        spec = {**self._drawing(dataset, model, seed), "images": self.config.realism.images}
        return Stage(spec, "time_drawing.py", *self._model_code(dataset, model))

    def sample_galaxies(self, dataset: str, model: str, seed: str) -> Stage:
        """Galaxies of each size class that a model draws."""
        spec = {**self._drawing(dataset, model, seed), "count": self.config.realism.galaxies}
        return Stage(spec, "sample_galaxies.py", *self._model_code(dataset, model))

    def experiment(self, dataset: str, model: str, seed: str, experiment: str) -> Stage:
        """One experiment: what changes of the scores when positions or galaxies of images are exchanged."""
        entry = self.config.measured[dataset, MEASURES[0]]
        settings = self.config.realism.experiments.spec()
        sets = {"random_positions": (), "new_galaxies": ("sets",), "shuffled_patches": ("permutations",)}
        spec = {
            **self._drawing(dataset, model, seed),
            "experiment": experiment,
            "settings": {name: settings[name] for name in ("images", *sets[experiment])},
            "measure": entry.settings.spec(),
        }
        modules, libraries = self._model_code(dataset, model)
        measuring = families.module_name("measure", entry.family, "measure")
        return Stage(
            spec,
            "experiment.py",
            (*modules, measuring),
            tuple(dict.fromkeys((*libraries, *self._measure_libraries(entry), *LEARNING))),
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
            "thresholds": list(getattr(network, "thresholds", ())) if getattr(network, "conditional", False) else [],
            "threshold": getattr(self.config.datasets[dataset].settings, "threshold", 0),
            "seed": self.config.realism.seed,
        }
        return Stage(spec, "summarise_generator.py", (), ("numpy", "pandas", "scipy"))

    def summarise_real(self, dataset: str) -> Stage:
        """What real images score, as rows of a table."""
        spec = {**self._row(dataset), "images": self.config.realism.images}
        return Stage(spec, "summarise_real.py", (), ("numpy", "pandas"))

    def table_gantastic2020(self, table: str) -> Stage:
        """One table of the study."""
        spec = {"file": table, "scale": self.config.overall.scale, "statmorph": locked_versions()["statmorph"]}
        return Stage(spec, "table_gantastic2020.py", (), ("numpy", "pandas"))

    def table_all(self) -> Stage:
        """The table of every generator on every data set."""
        spec = {"scale": self.config.overall.scale, "statmorph": locked_versions()["statmorph"]}
        return Stage(spec, "table_all.py", (), ("numpy", "pandas"))

    def figure_score_features(self, dataset: str) -> Stage:
        """Features of images with low and high scores."""
        side = self.config.datasets[dataset].settings.size
        spec = {**self._shown(dataset), "scorer": self.config.realism.scorer, "side": side}
        return Stage(spec, "figure_score_features.py", (), PLOTTING)

    def figure_sparse_galaxies(self, dataset: str) -> Stage:
        """Galaxies that models draw."""
        spec = {
            **self._shown(dataset),
            "models": [[run.model, run.seeds[0]] for run in self.drawing(dataset)],
            "count": self.config.report.stamps_per_row,
            "seed": self.config.report.seed,
        }
        return Stage(spec, "figure_sparse_galaxies.py", (), ("numpy", "matplotlib", "h5py"))

    def figure_sparse_images(self, dataset: str) -> Stage:
        """Whole images of the source and of each model."""
        spec = {**self._first(dataset), "origin": self._origin(dataset), "seed": self.config.report.seed}
        return Stage(spec, "figure_sparse_images.py", (), ("numpy", "matplotlib", "h5py"))

    def view(self, dataset: str, model: str) -> str:
        """The view of a data set's images that a model is trained on; empty where it is the images."""
        return view_of(self.config.models[dataset, model].family)

    def drawing(self, dataset: str) -> list[Run]:
        """Runs on a data set of models that draw positions and galaxies apart."""
        return [run for run in self.config.run if run.dataset == dataset and self.draws_galaxies(dataset, run.model)]

    def draws_galaxies(self, dataset: str, model: str) -> bool:
        """Whether a model draws positions and galaxies apart."""
        module = families.load("models", self.config.models[dataset, model].family, "settings")
        return bool(getattr(module, "TWO_STAGE", False))

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

    def _drawing(self, dataset: str, model: str, seed: str) -> dict[str, Any]:
        names = ("batch", "device", "threads")
        sampling = {name: getattr(self.config.sampling, name) for name in names}
        return {"family": self.config.models[dataset, model].family, "seed": int(seed), **sampling}

    def _model_code(self, dataset: str, model: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        family = self.config.models[dataset, model].family
        return self._model_modules(family), (*self._model_libraries(family), "safetensors")

    def _row(self, dataset: str) -> dict[str, Any]:
        """What every row of a table begins with; the model and its seed are wildcards."""
        return {"dataset": dataset, "origin": self._origin(dataset), "scorer": self.config.realism.scorer}

    def _origin(self, dataset: str) -> str:
        settings = self.config.datasets[dataset].settings
        return "mock" if settings.source == "mock" else settings.origin

    def _shown(self, dataset: str) -> dict[str, Any]:
        return {"dataset": dataset, "scale": self.config.overall.scale, "origin": self._origin(dataset)}


def is_network(scorer: str) -> bool:
    """Whether a scorer is a network that sees the images themselves."""
    return scorer.partition("-")[0] in ("cnn", "resnet")
