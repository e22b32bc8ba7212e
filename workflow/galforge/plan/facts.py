"""What stages have in common: how work is cut into jobs, and which code and libraries a job runs."""

import math
import re
from collections.abc import Sequence
from typing import Any

from galforge import families
from galforge.config.declared import declared, optional
from galforge.config.tree import (
    Config,
    Measure,
    Run,
    Sweep,
    conditions_of,
    is_given,
    is_native,
    is_scored,
    is_taken,
    is_trained,
    view_of,
)
from galforge.plan import comparisons
from galforge.plan.measuring import Measuring, measurings, taker
from galforge.studies.denoising.settings import label


def rule_for(rule: str, dataset: str) -> str:
    """The name of a rule that is written once for each data set."""
    return f"{rule}_{dataset}".replace("-", "_")


class Facts:
    """Facts of one configuration that several kinds of stages need."""

    def __init__(self, config: Config):
        self.config = config
        self.measuring = measurings(config)
        self.results = f"results/{config.overall.name}"

    def stamps_rule(self, dataset: str) -> str:
        """The rule that makes a data set's stamps, named after what it makes besides."""
        entry = self.config.datasets[dataset]
        if entry.subset:
            return "subset_native" if is_native(entry.family) else "subset"
        makes = {
            "native": is_native(entry.family),
            "scored": is_scored(entry.family),
            "mock": self.is_mock(dataset),
            "folded": self.is_folded(dataset),
        }
        return "_".join(["stamps", *(name for name, made in makes.items() if made)])

    def galaxies(self, dataset: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Modules and libraries that bring galaxies back to their own size, where a data set's stamps have one size."""
        coded = bool(optional(self.config.datasets[dataset].settings, "sides"))
        return (("galforge.stamps.sizes",), ("scikit-image",)) if coded else ((), ())

    def segment_end(self, dataset: str, model: str, index: int) -> int:
        """Images seen at the end of a segment."""
        training = self.config.models[dataset, model].training
        return min((index + 1) * training.segment_images, training.images_total)

    def segments(self, dataset: str, model: str) -> int:
        """Number of segments of a training; images that are not drawn here have none."""
        if not self.is_trained(dataset, model):
            return 0
        training = self.config.models[dataset, model].training
        return math.ceil(training.images_total / training.segment_images)

    def trained(self, dataset: str, model: str, seed: Any, segment: int | None = None) -> dict[str, str]:
        """Files of a segment of a training, the last one if none is given: state, averaged weights, history, cost."""
        index = self.segments(dataset, model) - 1 if segment is None else segment
        files = {
            "state": f"state_{index}.pt",
            "weights": f"weights_{index}.safetensors",
            "history": f"history_{index}.csv",
            "cost": f"state_{index}.cost.json",
        }
        return {name: f"{self.results}/models/{dataset}/{model}/seed{seed}/{file}" for name, file in files.items()}

    def costs(self, dataset: str, model: str, seed: Any) -> list[str]:
        """Accounts of all segments of a training."""
        return [self.trained(dataset, model, seed, i)["cost"] for i in range(self.segments(dataset, model))]

    def weights(self, dataset: str, model: str, seed: Any) -> str:
        """The averaged weights that images are drawn from: the chosen ones where a snapshot is chosen."""
        if self.chooses(dataset, model):
            return self.snapshot(dataset, model, seed)["weights"]
        return self.trained(dataset, model, seed)["weights"]

    def scores(self, dataset: str, model: str) -> bool:
        """Whether the weights of every segment of a training are scored.

        Of a single one there is nothing to choose; it is scored where only the figure of fidelity asks for it.
        """
        snapshot = self.config.models[dataset, model].snapshot
        return bool(snapshot.by) and (snapshot.choose != "best" or self.segments(dataset, model) > 1)

    def chooses(self, dataset: str, model: str) -> bool:
        """Whether the best of the segments' weights is sampled."""
        return self.scores(dataset, model) and self.config.models[dataset, model].snapshot.choose == "best"

    def snapshot(self, dataset: str, model: str, seed: Any) -> dict[str, Any]:
        """Files of the choice: ``scores`` of every segment's ``snapshots``, the chosen ``weights``, the ``choice``."""
        folder = f"{self.results}/models/{dataset}/{model}/seed{seed}"
        count = range(self.segments(dataset, model))
        return {
            "scores": [f"{folder}/score_{index}.json" for index in count],
            "snapshots": [self.trained(dataset, model, seed, index)["weights"] for index in count],
            "weights": f"{folder}/snapshot.safetensors",
            "choice": f"{folder}/snapshot.json",
        }

    def whole_from(self, dataset: str, model: str, segment: int) -> int:
        """Images seen at the end of the segment before, where a snapshot is chosen from the training; otherwise 0."""
        return self.segment_end(dataset, model, segment - 1) if segment and self.chooses(dataset, model) else 0

    def sample_parts(self, dataset: str) -> int:
        """Number of jobs that draw the stamps of one model."""
        return math.ceil(self.config.drawn(dataset) / self.config.sampling.chunk)

    def takes_conditions(self, dataset: str, model: str) -> bool:
        """Whether generated stamps take their conditions from the test split."""
        return bool(self.asked(dataset, model)) and self.config.models[dataset, model].conditions.source == "test"

    def asked(self, dataset: str, model: str) -> list[str]:
        """Catalogue columns that generated stamps have: the model's conditions, and the redshift of a data set that
        has it."""
        redshift = [comparisons.REDSHIFT] if comparisons.has_redshifts(self.config, dataset) else []
        columns = self.config.models[dataset, model].columns
        return [*columns, *(name for name in redshift if name not in columns)]

    def measure_parts(self, dataset: str, who: str, measures: Sequence[str]) -> int:
        """Number of jobs that measure one stamps file: of variants that are measured together the smallest chunk
        counts."""
        measuring = self.config.datasets[dataset].measuring
        known = {"source": measuring.expected_count, "native": measuring.expected_count}
        count = (known | {"scored": measuring.expected_scored}).get(who, self.config.drawn(dataset))
        return math.ceil(count / min(self.config.measured[dataset, measure].chunk for measure in measures))

    def is_compared(self, dataset: str, kind: Measuring) -> bool:
        """Whether some comparison of a data set needs what a kind of job measures."""
        made = (each for group in comparisons.GROUPS for each in comparisons.comparisons(self.config, dataset, group))
        return any(measure in kind.measures for each in made for measure in each.measures)

    def together(self, dataset: str, who: str, measure: str) -> tuple[str, ...]:
        """The variants of a measure that are measured together with one of them."""
        kinds = (kind for kind in self.measuring.values() if measure in kind.measures and dataset in kind.datasets)
        return next(kind.measures for kind in kinds if re.fullmatch(kind.who, who))

    def adds_noise(self, dataset: str, measure: str) -> bool:
        """Whether noise is added before this measure is taken."""
        return optional(self.config.measured[dataset, measure].settings, "adds_noise")

    def calibrates(self, dataset: str, measure: str) -> bool:
        """Whether that noise has to be found first."""
        return self.adds_noise(dataset, measure) and self.config.datasets[dataset].measuring.noise_sigma == "auto"

    def variant(self, dataset: str, measure: str) -> dict[str, Any]:
        """What a job reads of a measure: settings, band and noise."""
        entry, measuring = self.config.measured[dataset, measure], self.config.datasets[dataset].measuring
        spec: dict[str, Any] = {"settings": entry.settings.spec(), "band": self.band(dataset, entry)}
        if self.adds_noise(dataset, measure):
            spec["noise"] = {"sigma": measuring.noise_sigma, "seed": measuring.seed}
        return spec

    def band(self, dataset: str, entry: Measure) -> int:
        return self.config.datasets[dataset].measuring.band if entry.band is None else entry.band

    def model_modules(self, family: str) -> tuple[str, ...]:
        return (families.module_name("models", family, "family"),)

    def model_libraries(self, family: str) -> tuple[str, ...]:
        own = families.load("models", family, "settings").LIBRARIES
        return tuple(dict.fromkeys(("torch", "numpy", "h5py", *own)))

    def measure_modules(self, entry: Measure, part: str) -> tuple[str, ...]:
        # A measure with several engines imports the chosen one by name.
        engine = optional(entry.settings, "engine_module")
        return (families.module_name("measure", taker(entry), part), *([engine] if engine else []))

    def predictor(self, dataset: str, entry: Measure) -> tuple[str, ...]:
        """The module of the network that a measure is taken with, where the workflow trains it."""
        name = optional(entry.settings, "model")
        return self.model_modules(self.config.models[dataset, name].family) if name else ()

    def measure_libraries(self, entry: Measure) -> tuple[str, ...]:
        own = families.load("measure", entry.family, "settings").LIBRARIES
        return (*own, *optional(entry.settings, "engine_libraries"))

    def is_trained(self, dataset: str, model: str) -> bool:
        """Whether a model is trained here."""
        return is_trained(self.config.models[dataset, model].family)

    def is_given(self, dataset: str, model: str) -> bool:
        """Whether a model's images were generated elsewhere and are read from files."""
        return is_given(self.config.models[dataset, model].family)

    def is_taken(self, dataset: str, model: str) -> bool:
        """Whether a model's images are those of other data sets."""
        return is_taken(self.config.models[dataset, model].family)

    def images_from(self, dataset: str, model: str) -> str:
        """Where the images of a model come from that is not trained here, without a full stop; empty if it is."""
        if self.is_trained(dataset, model):
            return ""
        sentence = self.config.models[dataset, model].network.sentence
        return f"given as files, {sentence}" if self.is_given(dataset, model) else sentence

    def taken_from(self, dataset: str, model: str, seed: Any) -> list[str]:
        """Files that the images of a model are taken from, in the order of its sources."""
        return [
            f"{self.results}/samples/{each.dataset}/{each.model}/seed{seed}.h5"
            if each.model
            else f"{self.results}/stamps/{each.dataset}.h5"
            for each in self.config.models[dataset, model].network.sources
        ]

    def taken_columns(self, dataset: str, model: str) -> list[str]:
        """Catalogue columns that go along with taken images: what models of the data set can be conditioned on, as far
        as every source has it."""
        sources = self.config.models[dataset, model].network.sources
        drawn = [self.asked(each.dataset, each.model) for each in sources if each.model]
        return [name for name in conditions_of(self.config.datasets[dataset]) if all(name in each for each in drawn)]

    def trained_runs(self, dataset: str) -> list[Run]:
        """Runs on a data set of models that are trained."""
        return [run for run in self.runs(dataset) if self.is_trained(dataset, run.model)]

    def view(self, dataset: str, model: str) -> str:
        """The view of a data set's images that a model is trained on; empty where it is the images."""
        return view_of(self.config.models[dataset, model].family)

    def runs(self, dataset: str) -> list[Run]:
        """Runs on a data set."""
        return [run for run in self.config.run if run.dataset == dataset]

    def drawing(self, dataset: str) -> list[Run]:
        """Runs on a data set of models that draw positions and galaxies apart."""
        return [run for run in self.runs(dataset) if self.draws_galaxies(dataset, run.model)]

    def draws_galaxies(self, dataset: str, model: str) -> bool:
        """Whether a model draws positions and galaxies apart."""
        return declared("models", self.config.models[dataset, model].family).TWO_STAGE

    def model_code(self, dataset: str, model: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        family = self.config.models[dataset, model].family
        return self.model_modules(family), (*self.model_libraries(family), "safetensors")

    def origin(self, dataset: str) -> str:
        return "mock" if self.is_mock(dataset) else self.config.datasets[dataset].settings.origin

    def is_mock(self, dataset: str) -> bool:
        """Whether a stand-in for a survey's release is made."""
        return optional(self.config.datasets[dataset].settings, "source") == "mock"

    def is_folded(self, dataset: str) -> bool:
        """Whether a fold of a data set's galaxies is its test split; a part of another has the splits of that one."""
        entry = self.config.datasets[dataset]
        folds = optional(entry.settings, "folds")
        return folds is not None and folds.of > 0 and not entry.subset

    def sweep(self, name: str) -> Sweep:
        """The sweep of a name."""
        return next(each for each in self.config.sweeps if each.name == name)

    def networks(self, sweep: Sweep) -> list[tuple[str, str, int]]:
        """(whose galaxies besides real ones, alpha, replicate) of the networks of a sweep; alpha 0 has real ones only,
        so that sweeps of several models share those networks."""
        settings = self.config.denoising[sweep.dataset]
        return [
            (sweep.who if alpha else "source", label(alpha), replicate)
            for alpha in sweep.alphas
            for replicate in range(settings.replicates)
        ]

    def drawing_spec(self, dataset: str, model: str, seed: str) -> dict[str, Any]:
        """What a job reads that draws images of a trained model."""
        names = ("batch", "device", "threads")
        sampling = {name: getattr(self.config.sampling, name) for name in names}
        return {"family": self.config.models[dataset, model].family, "seed": int(seed), **sampling}
