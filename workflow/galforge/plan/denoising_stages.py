"""The stages of the denoising study: decoded galaxies, networks, their tests, references."""

from typing import Any

from galforge.plan import judged
from galforge.plan.facts import Facts
from galforge.plan.stage import Stage
from galforge.studies.denoising.settings import LIBRARIES

SKIMAGE = ("numpy", "scipy", "scikit-image")
OBSERVED = ("psf_sigma", "noise_sigma", "seed")
MEASURED = (*OBSERVED, "cases", "test_images", "noise_curve", "pixel_curve", "curve_images")
TESTED = (*MEASURED, "examples")


class DenoisingStages:
    """Stages of the denoising study."""

    def __init__(self, facts: Facts):
        self.config, self.facts = facts.config, facts

    def denoise_galaxies(self, dataset: str, model: str, seed: str) -> Stage:
        """Generated galaxies at their own size."""
        return Stage({}, "denoise_galaxies.py", ("galforge.stamps.sizes",), ("numpy", "h5py", "scikit-image"))

    def train_denoiser(self, dataset: str, denoiser: str, who: str, alpha: str, replicate: str) -> Stage:
        """One network: of one alpha and one replicate."""
        spec = {
            "settings": self.config.denoisers[denoiser].spec(),
            **self._denoising(dataset, OBSERVED),
            "alpha": float(alpha),
            "replicate": int(replicate),
        }
        return Stage(spec, "train_denoiser.py", (), (*LIBRARIES, *SKIMAGE[1:]))

    def evaluate_denoiser(self, dataset: str, denoiser: str, who: str, alpha: str, replicate: str) -> Stage:
        """One network in all tests."""
        spec = {
            **self._denoising(dataset, TESTED),
            "measuring": self._denoised(dataset),
            "who": f"{who} {alpha} {replicate}",
            "device": self.config.denoisers[denoiser].device,
            "threads": self.config.denoisers[denoiser].threads,
        }
        modules, libraries = self._measuring_code(dataset)
        return Stage(spec, "evaluate_denoiser.py", modules, (*libraries, *LIBRARIES[:1], "safetensors"))

    def evaluate_brought(self, dataset: str, denoiser: str) -> Stage:
        """A network that was trained elsewhere, in all tests."""
        settings = self.config.denoisers[denoiser].spec()
        spec = {
            **self._denoising(dataset, MEASURED),
            "measuring": self._denoised(dataset),
            "who": f"brought {denoiser}",
            **{name: settings[name] for name in ("network", "input_scale", "device", "threads")},
        }
        modules, libraries = self._measuring_code(dataset)
        return Stage(spec, "evaluate_brought.py", modules, (*libraries, *LIBRARIES[:1], "safetensors"))

    def denoising_references(self, dataset: str) -> Stage:
        """The references in all tests."""
        spec = {**self._denoising(dataset, (*TESTED, "tuning")), "measuring": self._denoised(dataset), "who": "truth"}
        modules, libraries = self._measuring_code(dataset)
        return Stage(spec, "denoising_references.py", modules, libraries)

    def summarise_denoising(self, sweep: str) -> Stage:
        """What a sweep says: means, gains, their errors."""
        found = self.facts.sweep(sweep)
        spec = {
            "dataset": found.dataset,
            "model": found.label,
            "denoiser": found.denoiser,
            "protocol": self.config.denoisers[found.denoiser].protocol,
            "networks": [[who, alpha, replicate] for who, alpha, replicate in self.facts.networks(found)],
            "bootstrap": self.config.compare.bootstrap,
            "seed": self.config.compare.seed,
        }
        if found.brought:
            spec["brought"] = list(found.brought)
        return Stage(spec, "summarise_denoising.py", (), ("numpy", "pandas", "scipy"))

    def judge_denoising(self) -> Stage:
        """Tests of the generators, on all data sets together."""
        found = judged.tests(self.facts)
        spec = {"tests": found, "networks": [list(network) for network in judged.networks(found)]}
        return Stage(spec, "judge_denoising.py", (), ("numpy", "pandas", "scipy"))

    def denoised_noise(self, dataset: str) -> bool:
        """Whether calibrated noise is added before the morphology of denoised galaxies is measured."""
        return self._denoised(dataset) is not None and self.facts.calibrates(dataset, "morphology")

    def _denoising(self, dataset: str, names: tuple[str, ...]) -> dict[str, Any]:
        spec = self.config.denoising[dataset].spec()
        return {name: spec[name] for name in names}

    def _denoised(self, dataset: str) -> dict[str, Any] | None:
        """How denoised galaxies are measured; None where they are not."""
        if not self.config.denoising[dataset].morphology or "morphology" not in self.config.measures:
            return None
        entry, measuring = self.config.measured[dataset, "morphology"], self.config.datasets[dataset].measuring
        sigma = 0.0 if self.facts.calibrates(dataset, "morphology") else measuring.noise_sigma
        return {
            "band": self.facts.band(dataset, entry),
            "sigma": sigma,
            "seed": measuring.seed,
            "settings": entry.settings.spec(),
        }

    def _measuring_code(self, dataset: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        modules, libraries = (), ()
        if self._denoised(dataset) is not None:
            entry = self.config.measured[dataset, "morphology"]
            modules, libraries = (entry.settings.engine_module,), self.facts.measure_libraries(entry)
        return modules, tuple(dict.fromkeys((*libraries, *SKIMAGE, "pandas", "pyarrow", "h5py")))
