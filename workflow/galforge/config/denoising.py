"""The part of the configuration that the denoising study reads, and whether what it asks of others is there."""

from typing import Any

from galforge.config.problems import Problems, merged
from galforge.studies.denoising.settings import DenoiserSettings, DenoisingSection, DenoisingSettings


class Study:
    """Sections `denoisers` and `denoising` of a configuration, checked.

    Attributes:
        denoisers: kinds of networks, by name.
        denoising: the sweep as it is made on each data set that has one, overrides applied.
    """

    def __init__(self, problems: Problems, denoisers: Any, denoising: Any):
        self.problems = problems
        self.denoisers: dict[str, DenoiserSettings] = {}
        self.denoising: dict[str, DenoisingSettings] = {}
        self._runs: set[tuple[str, str]] = set()
        if not isinstance(denoisers, dict):
            problems.add("denoisers", f"{denoisers!r} is not a section of kinds of networks by name")
            denoisers = {}
        for name, entry in denoisers.items():
            if entry is not None and (parsed := problems.parse(DenoiserSettings, entry, f"denoisers.{name}")):
                self.denoisers[name] = parsed
        section = _without_gone(denoising) if isinstance(denoising, dict) else denoising
        parsed = problems.parse(DenoisingSection, section, "denoising")
        self._overrides = parsed.overrides if parsed else {}
        self._raw = {name: value for name, value in section.items() if name != "overrides"} if parsed else {}

    def check(self, key: str, run: Any, dataset: Any, model: Any, sampling: Any) -> None:
        """Check the sweeps of one entry of `run`: its data set, its model as it is trained, and how it is sampled."""
        if not run.denoise:
            return
        if run.dataset not in self.denoising:
            over = self._overrides.get(run.dataset, {})
            place = f"denoising.overrides.{run.dataset}" if over else "denoising"
            settings = self.problems.parse(DenoisingSettings, _without_gone(merged(self._raw, over)), place)
            if settings is None:
                return
            self.denoising[run.dataset] = settings
        if len(set(run.denoise)) < len(run.denoise):
            self.problems.add(f"{key}.denoise", f"{run.denoise}: each kind of network once")
        splits = getattr(dataset.settings, "splits", None)
        if splits is not None and min(splits.train, splits.validation, splits.test) <= 0:
            self.problems.add(
                f"{key}.denoise",
                f"{run.dataset} has no galaxies in one of its splits: denoisers are trained, chosen and tested on "
                "train, validation and test",
            )
        for name in run.denoise:
            self._check_one(f"{key}.denoise", name, run, dataset, model, sampling)

    def _check_one(self, key: str, name: str, run: Any, dataset: Any, model: Any, sampling: Any) -> None:
        if name not in self.denoisers:
            known = ", ".join(sorted(self.denoisers)) or "none"
            self.problems.add(key, f"{name!r} is not described under denoisers; there are {known}")
            return
        if self.denoisers[name].protocol == "published":
            return
        if model.training.splits != ["train"]:
            self.problems.add(
                key,
                f"{name} (corrected) needs a model that saw the split train only, but {run.model} is trained on "
                f"{' and '.join(model.training.splits)}: it knows galaxies that denoisers are chosen or tested by. Run "
                "a second model with training: {splits: [train]}, or a denoiser with protocol: published",
            )
        if model.columns and model.conditions.source == "test":
            self.problems.add(
                key,
                f"{name} (corrected) needs a model that knows nothing of the galaxies denoisers are tested on, but "
                f"{run.model} is asked for {', '.join(model.columns)} of the test split. Take a model without "
                "conditions, for a single one conditions: {source: uniform}, or a denoiser with protocol: published",
            )
        splits = getattr(dataset.settings, "splits", None)
        share = splits.train / (splits.train + splits.validation + splits.test) if splits is not None else 0.0
        wanted = round(max(self.denoising[run.dataset].alphas) * share * dataset.measuring.expected_count)
        if sampling.count < wanted:
            self.problems.add(
                "sampling.count",
                f"{sampling.count}: the largest alpha of the denoising study needs about {wanted} distinct images of "
                f"{run.model} (a training split of {run.dataset}); raise it, or lower denoising: alphas",
            )


def _without_gone(raw: dict[str, Any]) -> dict[str, Any]:
    """Without the tests that an overlay set to null."""
    cases = raw.get("cases")
    if not isinstance(cases, dict):
        return raw
    return {**raw, "cases": {name: case for name, case in cases.items() if case is not None}}
