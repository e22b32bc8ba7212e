"""The sections that the denoising study reads, and checks of what it asks of data sets, models and sampling."""

from typing import Any

from galforge.config.declared import optional
from galforge.config.problems import Problems, merged
from galforge.config.taken import available
from galforge.config.tree import Dataset, Model, Run, is_taken
from galforge.sampling.settings import SamplingSettings
from galforge.studies.denoising.settings import BroughtDenoiser, DenoiserSettings, DenoisingSection, DenoisingSettings


class Study:
    """Sections `denoisers` and `denoising` of a configuration, checked.

    Attributes:
        denoisers: kinds of networks, by name; those with weights are brought.
        denoising: the sweep as it is made on each data set that has one, overrides applied.
    """

    def __init__(self, problems: Problems, denoisers: Any, denoising: Any):
        self.problems = problems
        self.denoising: dict[str, DenoisingSettings] = {}
        if not isinstance(denoisers, dict):
            problems.add("denoisers", f"{denoisers!r} is not a section of kinds of networks by name")
            denoisers = {}
        given = {name: entry for name, entry in denoisers.items() if entry is not None}
        parsed = {name: problems.parse(_kind(entry), entry, f"denoisers.{name}") for name, entry in given.items()}
        self.denoisers: dict[str, DenoiserSettings | BroughtDenoiser]
        self.denoisers = {name: settings for name, settings in parsed.items() if settings}
        self._raw = _without_removed(denoising)
        section = problems.parse(DenoisingSection, self._raw, "denoising")
        self._overrides = section.overrides if section else {}

    def check(self, key: str, run: Run, dataset: Dataset, model: Model, sampling: SamplingSettings) -> None:
        """Check the sweeps of one entry of `run`: its data set, its model with overrides, and the number of images."""
        if not run.denoise:
            return
        if run.dataset not in self.denoising:
            over = self._overrides.get(run.dataset, {})
            place = f"denoising.overrides.{run.dataset}" if over else "denoising"
            raw = {name: value for name, value in self._raw.items() if name != "overrides"}
            settings = self.problems.parse(DenoisingSettings, _without_removed(merged(raw, over)), place)
            if settings is None:
                return
            self.denoising[run.dataset] = settings
        key += ".denoise"
        if len(set(run.denoise)) < len(run.denoise):
            self.problems.add(key, f"{run.denoise}: each kind of network once")
        splits, share = optional(dataset.settings, "splits"), 0.0
        if splits is not None:
            share = splits.train / (splits.train + splits.validation + splits.test)
            if min(splits.train, splits.validation, splits.test) <= 0:
                self.problems.add(
                    key,
                    f"{run.dataset} has no galaxies in one of its splits: denoisers are trained, chosen and tested on "
                    "train, validation and test",
                )
        kinds = [self.denoisers[name] for name in run.denoise if name in self.denoisers]
        if kinds and all(isinstance(each, BroughtDenoiser) for each in kinds):
            self.problems.add(
                key,
                f"{', '.join(run.denoise)}: brought networks are shown beside some that are trained: name a kind "
                "without weights, too (one network with denoising: {alphas: [0.0], replicates: 1})",
            )
        train = dataset.subset.train_images if dataset.subset else share * dataset.measuring.expected_count
        for name in run.denoise:
            if name not in self.denoisers:
                known = ", ".join(sorted(self.denoisers)) or "none"
                self.problems.add(key, f"{name!r} is not described under denoisers; there are {known}")
                continue
            if isinstance(self.denoisers[name], BroughtDenoiser) or self.denoisers[name].protocol == "published":
                continue
            if model.training.splits != ["train"]:
                self.problems.add(
                    key,
                    f"{name} (corrected) needs a model that saw the split train only, but {run.model} is trained on "
                    f"{' and '.join(model.training.splits)}, so it knows galaxies that denoisers are chosen or tested "
                    "on. Run a second model with training: {splits: [train]}, or a denoiser with protocol: published",
                )
            if model.columns and model.conditions.source == "test":
                self.problems.add(
                    key,
                    f"{name} (corrected) needs a model that knows nothing of the galaxies denoisers are tested on, but "
                    f"{run.model} is asked for {', '.join(model.columns)} of the test split. Take a model without "
                    "conditions, for a single one conditions: {source: uniform}, or a denoiser with protocol: "
                    "published",
                )
            settings = self.denoising[run.dataset]
            alphas = self.denoisers[name].alphas or [*settings.alphas, *settings.other_seeds]
            wanted = round(max(alphas) * train)
            if available(model, sampling) < wanted:
                self.problems.add(
                    f"models.{run.model}.count" if is_taken(model.family) else "sampling.count",
                    f"{available(model, sampling)}: the largest alpha of the denoising study needs about {wanted} "
                    f"distinct images of {run.model} (a training split of {run.dataset}); raise it, "
                    "or lower denoising: alphas",
                )

    def check_oracles(self, runs: list[Run]) -> None:
        """Check that there is an oracle where one is named, a generator to test beside it, and their networks."""
        for dataset, settings in self.denoising.items():
            if not settings.oracle:
                continue
            swept = [run for run in runs if run.dataset == dataset and run.denoise]
            models, share = [run.model for run in swept], settings.tested
            if settings.oracle not in models or len(models) < 2:
                self.problems.add(
                    "denoising.oracle",
                    f"{settings.oracle!r} and at least one generator have to be among the runs on {dataset} that say "
                    f"denoise (there are {', '.join(models)}): add a run, or override oracle for {dataset}",
                )
            shares = [settings.alphas, *([settings.other_seeds] if settings.other_seeds else [])]
            kinds = {name: self.denoisers[name] for run in swept for name in run.denoise}
            mixing = {
                name: kind for name, kind in kinds.items() if isinstance(kind, DenoiserSettings) and not kind.only_real
            }
            shares += [kind.alphas for kind in mixing.values() if kind.alphas]
            if any(share not in each for each in shares):
                self.problems.add(
                    "denoising.tested",
                    f"{share:g} has to be among the shares of every seed and kind of network on {dataset} (alphas, "
                    "other_seeds)",
                )
            for name in mixing:
                lacking = [run.model for run in swept if name not in run.denoise]
                if lacking:
                    self.problems.add(
                        "denoising.oracle",
                        f"{', '.join(lacking)} on {dataset} have no {name} in denoise: generators and oracle need the "
                        "same kinds of networks",
                    )


def _kind(entry: Any) -> type[DenoiserSettings] | type[BroughtDenoiser]:
    """What an entry of `denoisers` describes: a network to train, or one that is brought."""
    return BroughtDenoiser if isinstance(entry, dict) and "weights" in entry else DenoiserSettings


def _without_removed(raw: Any) -> Any:
    """The section without the tests that an overlay set to null."""
    if not isinstance(raw, dict) or not isinstance(cases := raw.get("cases"), dict):
        return raw
    return {**raw, "cases": {name: case for name, case in cases.items() if case is not None}}
