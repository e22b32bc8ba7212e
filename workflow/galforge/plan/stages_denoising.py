"""The stages of the denoising study: decoded galaxies, networks, their tests, references, table and figures."""

from typing import Any

from galforge.config.tree import Sweep
from galforge.plan.stage import Stage
from galforge.plan.stages_report import PLOTTING
from galforge.provenance.records import locked_versions
from galforge.studies.denoising.settings import LIBRARIES, label

SKIMAGE = ("numpy", "scipy", "scikit-image")
OBSERVED = ("psf_sigma", "noise_sigma", "seed")
TESTED = (*OBSERVED, "cases", "test_images", "noise_curve", "pixel_curve", "curve_images", "examples")


class DenoisingStages:
    """Stages of the denoising study; ``galforge.plan.stages.Stages`` has them all."""

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

    def denoising_references(self, dataset: str) -> Stage:
        """The references in all tests."""
        spec = {**self._denoising(dataset, (*TESTED, "tuning")), "measuring": self._denoised(dataset), "who": "truth"}
        modules, libraries = self._measuring_code(dataset)
        return Stage(spec, "denoising_references.py", modules, libraries)

    def summarise_denoising(self, sweep: str) -> Stage:
        """What a sweep says: means, gains, their errors."""
        found = self.sweep(sweep)
        spec = {
            "dataset": found.dataset,
            "model": found.model,
            "denoiser": found.denoiser,
            "protocol": self.config.denoisers[found.denoiser].protocol,
            "networks": [[who, alpha, replicate] for who, alpha, replicate in self.networks(found)],
            "bootstrap": self.config.compare.bootstrap,
            "seed": self.config.compare.seed,
        }
        return Stage(spec, "summarise_denoising.py", (), ("numpy", "pandas", "scipy"))

    def table_denoising(self) -> Stage:
        """The table of the study."""
        spec = {"scale": self.config.overall.scale, "statmorph": locked_versions()["statmorph"]}
        return Stage(spec, "table_denoising.py", (), ("numpy", "pandas"))

    def figure_sweep(self, sweep: str) -> Stage:
        """Gain and MSE against alpha."""
        spec = {**self._sweep_labels(sweep), "scale": self.config.overall.scale}
        return Stage(spec, "figure_sweep.py", (), PLOTTING)

    def figure_robustness(self, sweep: str) -> Stage:
        """MSE against noise and pixel size."""
        return Stage(self._sweep_labels(sweep), "figure_robustness.py", (), PLOTTING)

    def figure_denoised(self, sweep: str) -> Stage:
        """Galaxies before and after denoising."""
        found = self.sweep(sweep)
        spec = {
            **self._sweep_labels(sweep),
            "band": self.config.datasets[found.dataset].measuring.band,
            "networks": [[who, alpha, replicate] for who, alpha, replicate in self.networks(found)],
            "noise_sigma": self.config.denoising[found.dataset].noise_sigma,
            "tests": ["in_domain", self._second_test(found.dataset)],
        }
        return Stage(spec, "figure_denoised.py", (), PLOTTING)

    def _second_test(self, dataset: str) -> str:
        """The test whose images are shown besides those of training: more noise, or else the last one."""
        cases = list(self.config.denoising[dataset].cases)
        return "noise_shift" if "noise_shift" in cases else cases[-1]

    def sweep(self, name: str) -> Sweep:
        """The sweep of a name."""
        return next(each for each in self.config.sweeps if each.name == name)

    def networks(self, sweep: Sweep) -> list[tuple[str, str, int]]:
        """(whose galaxies besides real ones, alpha, replicate) of the networks of a sweep; alpha 0 has real ones only,
        so that sweeps of several models share those networks."""
        settings = self.config.denoising[sweep.dataset]
        return [
            (sweep.who if alpha else "source", label(alpha), replicate)
            for alpha in settings.alphas
            for replicate in range(settings.replicates)
        ]

    def denoised_noise(self, dataset: str) -> bool:
        """Whether calibrated noise is added before the morphology of denoised galaxies is measured."""
        return self._denoised(dataset) is not None and self.calibrates(dataset, "morphology")

    def _denoising(self, dataset: str, names: tuple[str, ...]) -> dict[str, Any]:
        spec = self.config.denoising[dataset].spec()
        return {name: spec[name] for name in names}

    def _denoised(self, dataset: str) -> dict[str, Any] | None:
        """How denoised galaxies are measured; None where they are not."""
        if not self.config.denoising[dataset].morphology or "morphology" not in self.config.measures:
            return None
        entry, measuring = self.config.measured[dataset, "morphology"], self.config.datasets[dataset].measuring
        sigma = 0.0 if self.calibrates(dataset, "morphology") else measuring.noise_sigma
        return {
            "band": self._band(dataset, entry),
            "sigma": sigma,
            "seed": measuring.seed,
            "settings": entry.settings.spec(),
        }

    def _measuring_code(self, dataset: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        modules, libraries = (), ()
        if self._denoised(dataset) is not None:
            entry = self.config.measured[dataset, "morphology"]
            modules, libraries = (entry.settings.engine_module,), self._measure_libraries(entry)
        return modules, tuple(dict.fromkeys((*libraries, *SKIMAGE, "pandas", "pyarrow", "h5py")))

    def _sweep_labels(self, sweep: str) -> dict[str, Any]:
        found = self.sweep(sweep)
        return {
            "dataset": found.dataset,
            "model": found.model,
            "denoiser": found.denoiser,
            "protocol": self.config.denoisers[found.denoiser].protocol,
        }
