"""The stages of data: downloads, mocks of releases, and stamps."""

from galforge import families
from galforge.config.tree import downloadable
from galforge.download.wanted import downloads_of
from galforge.plan.facts import Facts
from galforge.plan.stage import Stage


class DataStages:
    """Stages from a survey's release to stamps."""

    def __init__(self, facts: Facts):
        self.config, self.facts = facts.config, facts

    def download(self, file: str) -> Stage:
        """Fetching a file of a survey's release."""
        for settings in downloadable(self.config.datasets, self.config.measures).values():
            if (fetched := downloads_of(settings).get(file)) is not None:
                return Stage(fetched, "download.py", (), ())
        raise KeyError(file)

    def fold_stamps(self, dataset: str) -> Stage:
        """Making a fold of a data set's galaxies its test split."""
        settings = self.config.datasets[dataset].settings
        shares = {name: getattr(settings.splits, name) for name in ("train", "validation")}
        return Stage(
            {**settings.folds.spec(), "seed": settings.seed, **shares}, "fold_stamps.py", (), ("numpy", "h5py")
        )

    def stamps(self, dataset: str) -> Stage:
        """From raw cutouts to stamps; of a mock, first a stand-in for a survey's release, in its format."""
        entry, parts = self.config.datasets[dataset], ["dataset"]
        settings = families.load("datasets", entry.family, "settings")
        spec, libraries = {"family": entry.family, "settings": entry.settings.spec()}, settings.LIBRARIES
        if self.facts.is_mock(dataset):
            spec["mock"] = entry.settings.mock.spec()
            parts, libraries = [*parts, "mock"], dict.fromkeys((*libraries, *settings.MOCK_LIBRARIES))
        modules = tuple(families.module_name("datasets", entry.family, part) for part in parts)
        return Stage(spec, "stamps.py", modules, tuple(libraries))

    def subset(self, dataset: str) -> Stage:
        """From the stamps of a data set to those of a part of it."""
        entry = self.config.datasets[dataset]
        spec = {"train_images": entry.subset.train_images, "seed": entry.settings.seed}
        return Stage(spec, "subset.py", (), ("numpy", "h5py"))
