"""The stages of what leaves galforge in the forms of other tools: FITS, npz, catalogues for GalSim, weights."""

from galforge import families
from galforge.config.declared import declared, optional
from galforge.config.tree import FLUXLESS, is_scored
from galforge.errors import GalforgeError
from galforge.plan.comparisons import GROUPS, comparisons
from galforge.plan.facts import Facts
from galforge.plan.stage import Stage


class ExportStages:
    """Stages of exports, which are asked for by name."""

    def __init__(self, facts: Facts):
        self.config, self.facts = facts.config, facts

    def export_fits(self, dataset: str, who: str) -> Stage:
        """Stamps as FITS."""
        modules, libraries = self._own_sizes(dataset, who)
        return Stage(self._count, "export_fits.py", modules, ("numpy", "h5py", "astropy", *libraries))

    def export_npz(self, dataset: str, who: str) -> Stage:
        """Stamps as npz."""
        return Stage(self._count, "export_npz.py", (), ("numpy", "h5py"))

    def export_realgalaxy(self, dataset: str, who: str, band: str) -> Stage:
        """Stamps as a catalogue for GalSim.

        Raises:
            GalforgeError: the data set has no such band, no angles or no magnitudes, or nothing says what its PSF is.
        """
        modules, libraries = self._own_sizes(dataset, who)
        self._check_angles(dataset)
        fwhm, beta = self.psf(dataset, band)
        taken = (self.config.measured[dataset, name] for name in self.config.taken(dataset))
        own = (entry.settings for entry in taken if entry.family == "photometry")
        photometry = next(own, None) or families.load("measure", "photometry", "settings").MeasureSettings()
        spec = {**self._count, "psf": {"fwhm": fwhm, "beta": beta}, "band": band, "photometry": photometry.spec()}
        named = ("numpy", "scipy", "h5py", "astropy", "photutils", *libraries)
        return Stage(spec, "export_realgalaxy.py", modules, named)

    def psf(self, dataset: str, band: str) -> tuple[float, float]:
        """FWHM [arcsec] and exponent of the PSF of a data set in a band: what its measuring says, its settings, or,
        of a mock, those of the mock.

        Raises:
            GalforgeError: no such band, or none of them says it.
        """
        entry = self.config.datasets[dataset]
        settings, bands = entry.settings, entry.settings.bands
        if band not in bands:
            raise GalforgeError(f"datasets.{dataset}: no band {band}; there are {', '.join(bands)}")
        mock = optional(settings, "mock") if self.facts.is_mock(dataset) else None
        known = (entry.measuring.psf_fwhm, optional(settings, "psf_fwhm"), mock and optional(mock, "psf_fwhm"))
        found = next((each for each in known if each not in (None, [])), None)
        if found is None:
            raise GalforgeError(
                f"datasets.{dataset}.measuring.psf_fwhm: a catalogue for GalSim needs the PSF of the stamps, which "
                "nothing says: give its FWHM in arcsec, one value for each band or one for all, or [0.0] for galaxies "
                "without a PSF"
            )
        values = found if isinstance(found, list) else [found]
        return values[bands.index(band) if len(values) > 1 else 0], entry.measuring.psf_beta

    def _check_angles(self, dataset: str) -> None:
        """Refuse what only the stamps file would tell, after hours: GalSim takes angles, and fluxes with magnitudes."""
        family = self.config.datasets[dataset].family
        if declared("datasets", family).PIXEL_UNIT != "arcsec" or is_scored(family):
            raise GalforgeError(
                f"datasets.{dataset}: there is no catalogue for GalSim, which takes pixels in arcsec and fluxes with a "
                f"zero point; images of the family {family} have none. Take them as FITS or npz"
            )
        if (unit := optional(self.config.datasets[dataset].settings, "unit")) in FLUXLESS:
            raise GalforgeError(
                f"datasets.{dataset}: there is no catalogue for GalSim, which takes fluxes; its pixels are none (unit: "
                f"{unit}). Take them as npz"
            )

    def export_weights(self, dataset: str, model: str, seed: str) -> Stage:
        """The weights of a model with their card.

        Raises:
            GalforgeError: its images were given or taken, so there are no weights.
        """
        if self.facts.is_given(dataset, model):
            raise GalforgeError(f"models.{model}: its images were given as files, so there are no weights to export")
        if self.facts.is_taken(dataset, model):
            raise GalforgeError(
                f"models.{model}: its images are taken from other data sets, so there are no weights to export; those "
                "of its sources can be"
            )
        entry = self.config.models[dataset, model]
        spec = {
            **{"dataset": dataset, "dataset_family": self.config.datasets[dataset].family},
            **{"model": model, "family": entry.family, "seed": int(seed)},
            "generator": list(declared("models", entry.family).GENERATOR),
            "training": {"splits": list(entry.training.splits)},
            "scale": self.config.overall.scale,
            "licence": self.config.report.licence,
        }
        return Stage(spec, "export_weights.py", (), ("numpy", "pandas", "h5py", "safetensors"))

    def weights_told(self, dataset: str, model: str, seed: str) -> dict[str, str | list[str]]:
        """Files that the card of a model's weights is made of, besides the weights and what they were trained on."""
        folder = f"{self.facts.results}/distances/{dataset}/{model}/seed{seed}"
        drawn = f"{self.facts.results}/samples/{dataset}/{model}/seed{seed}"
        compared = [group for group in GROUPS if comparisons(self.config, dataset, group)]
        state = self.facts.trained(dataset, model, seed)["state"]
        return {
            "segments": self.facts.costs(dataset, model, seed),
            "record": state.removesuffix(".pt") + ".json",
            "drawn": f"{drawn}.h5",
            "drawing": f"{drawn}.cost.json",
            "distances": [f"{folder}/{group}.csv" for group in compared],
        }

    @property
    def _count(self) -> dict[str, int]:
        return {"count": self.config.report.fits_stamps}

    def _own_sizes(self, dataset: str, who: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Modules and libraries that bring galaxies back to their own size; native ones have it."""
        return self.facts.galaxies(dataset) if who != "native" else ((), ())
