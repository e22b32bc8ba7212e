"""What figures can ask of a data set or of a sweep (``galforge.papers.figure.Subject``), from the configuration."""

from typing import Any

from galforge.config.tree import Run, Sweep
from galforge.errors import GalforgeError
from galforge.plan.comparisons import GROUPS, comparisons, distance_files, has_redshifts
from galforge.plan.facts import Facts


class Subject:
    """One data set of a configuration, or one sweep of the denoising study on it."""

    def __init__(self, facts: Facts, subject: str | Sweep):
        self.facts, self.config, self.results = facts, facts.config, facts.results
        self._sweep = subject if isinstance(subject, Sweep) else None
        self.sweep = self._sweep is not None
        self.name = self._sweep.name if self._sweep else subject
        self.dataset = self._sweep.dataset if self._sweep else subject
        entry = self.config.datasets[self.dataset]
        self.scale, self.report = self.config.overall.scale, self.config.report
        self.band, self.bands = entry.measuring.band, getattr(entry.settings, "bands", [])
        self.side = getattr(entry.settings, "size", 0)
        self.scored = not self.sweep and self.dataset in self.config.scored
        self.has_redshifts = not self.sweep and has_redshifts(self.config, self.dataset)
        self.denoising = self.config.denoising.get(self.dataset)
        self.has_curves = self.sweep and bool(self.denoising.noise_curve or self.denoising.pixel_curve)
        self.redshift_edges = self.config.compare.redshift_edges
        self.scorer = self.config.realism.scorer
        self.decoding = facts.galaxies(self.dataset)

    # Of data sets

    def takes(self, *families: str) -> bool:
        taken = {self.config.measures[name].family for name in self.config.taken(self.dataset)}
        return not self.sweep and set(families) <= taken

    def compares(self, *names: str) -> bool:
        made = {each.name for group in GROUPS for each in comparisons(self.config, self.dataset, group)}
        return not self.sweep and set(names) <= made

    def labels(self, first: bool = False) -> dict[str, Any]:
        return {"dataset": self.dataset, "scale": self.scale, "models": self._models(first)}

    def gallery(self) -> dict[str, Any]:
        return {**self.labels(), "count": self.report.stamps_per_row, "seed": self.report.seed, "band": self.band}

    def stamps_file(self, kind: str = "") -> str:
        """Stamps of the source, or of another kind (``scored``, ``parts``)."""
        return f"{self.results}/stamps/{self.dataset}.{f'{kind}.' if kind else ''}h5"

    def stamps(self, first: bool = False) -> list[str]:
        folder = f"{self.results}/samples/{self.dataset}"
        return [self.stamps_file(), *(f"{folder}/{model}/seed{seed}.h5" for model, seed in self._models(first))]

    def measurements(self, family: str, first: bool = False) -> list[str]:
        if family not in self.config.measures:
            raise GalforgeError(f"measures: figures show the corrected variant of {family}, which is missing; add it")
        whos = ["source", *(f"{model}-seed{seed}" for model, seed in self._models(first))]
        return [f"{self.results}/measurements/{self.dataset}/{who}/{family}.parquet" for who in whos]

    def latents(self) -> list[str]:
        folder = f"{self.results}/samples/{self.dataset}"
        return [f"{folder}/{model}/latents-seed{seed}.h5" for model, seed in self._trained()]

    def histories(self) -> list[str]:
        return [self.facts.trained(self.dataset, model, seed)["history"] for model, seed in self._trained()]

    def trained_labels(self) -> dict[str, Any]:
        return {**self.labels(), "models": self._trained()}

    def snapshots(self) -> dict[tuple[str, int], dict[str, list[str]]]:
        found = [(self.dataset, *each) for each in self._models() if self.facts.scores(self.dataset, each[0])]
        return {
            key[1:]: {"scores": self.facts.snapshot(*key)["scores"], "costs": self.facts.costs(*key)} for key in found
        }

    def distances(self, *names: str) -> dict[str, Any]:
        return {"distances": distance_files(self.config, self.dataset, names)}

    # Of sparse images and their scores

    def scored_labels(self) -> dict[str, Any]:
        """``dataset``, ``scale`` and ``origin``: labels without models."""
        return {"dataset": self.dataset, "scale": self.scale, "origin": self.facts.origin(self.dataset)}

    def scored_files(self) -> dict[str, str]:
        """``features`` of images with scores, and ``predictions`` of the scorer of generated images for them."""
        features = f"{self.results}/measurements/{self.dataset}/scored/realism.parquet"
        predictions = f"{self.results}/studies/realism/{self.dataset}/predictions/{self.scorer}.parquet"
        return {"features": features, "predictions": predictions}

    def drawing(self) -> list[list[Any]]:
        """[model, seed] of the first training of models that draw positions and galaxies apart."""
        return _first(self.facts.drawing(self.dataset))

    def drawn_galaxies(self) -> list[str]:
        """Galaxies that each of them drew."""
        folder = f"{self.results}/samples/{self.dataset}"
        return [f"{folder}/{model}/galaxies-seed{seed}.h5" for model, seed in self.drawing()]

    # Of sweeps

    def sweep_labels(self) -> dict[str, Any]:
        """``dataset``, ``model``, ``denoiser`` and ``protocol`` of the sweep."""
        sweep = self._sweep
        protocol = self.config.denoisers[sweep.denoiser].protocol
        return {"dataset": sweep.dataset, "model": sweep.label, "denoiser": sweep.denoiser, "protocol": protocol}

    def networks(self) -> list[list[Any]]:
        """[whose galaxies, alpha, replicate] of each network of the sweep."""
        return [list(network) for network in self.facts.networks(self._sweep)]

    def sweep_summary(self) -> dict[str, str]:
        """``summary`` of the sweep."""
        return {"summary": f"{self.results}/studies/denoising/summaries/{self.name}.csv"}

    def denoised_examples(self) -> dict[str, Any]:
        """Denoised galaxies of ``networks``, in their order, and of ``references``."""
        folder = f"{self.results}/studies/denoising/{self.dataset}"
        own = f"{folder}/{self._sweep.denoiser}"
        networks = [f"{own}/{who}/alpha{alpha}-{replicate}.npz" for who, alpha, replicate in self.networks()]
        return {"networks": networks, "references": f"{folder}/references.npz"}

    def _trained(self) -> list[list[Any]]:
        """Those of the models that are trained; images of the others were there already."""
        return [each for each in self._models() if self.facts.is_trained(self.dataset, each[0])]

    def _models(self, first: bool = False) -> list[list[Any]]:
        runs = self.facts.runs(self.dataset)
        return _first(runs) if first else [[run.model, seed] for run in runs for seed in run.seeds]


def _first(runs: list[Run]) -> list[list[Any]]:
    return [[run.model, run.seeds[0]] for run in runs]
