"""Memory and time that jobs ask a scheduler for: lines over what the configuration counts.

``config/requests.csv`` has a line for each kind of job. Memory is a fixed part and so many bytes for each item (such as
a stamp or a galaxy) and for each number of an item (its pixels or features); seconds likewise. What is asked for is the
line times a factor. Requests are in no digest: another line makes nothing again.
"""

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from galforge.compare.kind import REAL, ROUNDTRIP
from galforge.config.declared import optional
from galforge.config.tree import Config, channels, is_scored
from galforge.errors import GalforgeError
from galforge.measure.features.settings import CLASSES, FEATURES
from galforge.plan import comparisons
from galforge.plan.facts import Facts
from galforge.plan.measuring import Measuring

TABLE = Path(__file__).resolve().parents[3] / "config" / "requests.csv"
MEMORY_FACTOR = 1.5
"""Asked for over what the line says: libraries and allocators differ."""
TIME_FACTOR = 4.0
"""The same of time: nodes are up to twice as slow as the machine of the lines, and share their memory and disks."""
SHORTEST, LONGEST = 20, 1440
"""Minutes that a job asks for, at least and at most: a day is what most partitions give."""
NARROW = 120
"""Numbers of a galaxy in a table without vectors, at most; of all tables that are joined, too."""
ORIENTATIONS = 9
"""Of gradients, as ``galforge.measure.realism.texture`` has them."""


@dataclass(frozen=True)
class Line:
    """What one kind of job takes, as a row of the table says it."""

    fixed_mb: float
    bytes_per_item: float
    bytes_per_number: float
    fixed_s: float
    s_per_item: float
    s_per_number: float

    def megabytes(self, items: float, numbers: float = 0.0) -> float:
        """Memory of a job with so many items of so many numbers each [MB]."""
        return self.fixed_mb + items * (self.bytes_per_item + numbers * self.bytes_per_number) / 1e6

    def seconds(self, items: float, numbers: float = 0.0) -> float:
        """Time of it on one thread [s]."""
        return self.fixed_s + items * (self.s_per_item + numbers * self.s_per_number)


@dataclass(frozen=True)
class Part:
    """Something that a job does: the stage of its line, items, and numbers of each."""

    stage: str
    items: float = 1
    numbers: float = 0


def read_lines(path: Path = TABLE) -> dict[str, Line]:
    """The lines by stage.

    Raises:
        GalforgeError: a row cannot be read, or a stage has two.
    """
    found: dict[str, Line] = {}
    names = list(Line.__dataclass_fields__)
    for number, row in enumerate(csv.DictReader(path.read_text(encoding="utf-8").splitlines()), start=2):
        try:
            line = Line(**{name: float(row[name]) for name in names})
        except (KeyError, TypeError, ValueError) as error:
            raise GalforgeError(f"{path}: row {number} needs numbers in {', '.join(names)} ({error})") from error
        if row["stage"] in found:
            raise GalforgeError(f"{path}: row {number} is the second one of {row['stage']}: remove one")
        found[row["stage"]] = line
    return found


class Requests:
    """What the jobs of one configuration ask for.

    Rules whose jobs differ in size have a method ``of_<rule>``, called with the wildcards; of any other rule the line
    of its name counts one job.
    """

    def __init__(self, facts: Facts, lines: Mapping[str, Line] | None = None):
        self.config: Config = facts.config
        self.facts, self.lines = facts, read_lines() if lines is None else lines
        self._known: dict[tuple[Any, ...], list[Part]] = {}

    def megabytes(self, rule: str, wildcards: Mapping[str, str]) -> int:
        """Memory of a job at its first try [MB], in hundreds: of what it does one after the other the largest."""
        parts = self.parts(rule, wildcards)
        most = max(self.line(part.stage).megabytes(part.items, part.numbers) for part in parts)
        return 100 * math.ceil(MEMORY_FACTOR * most / 100)

    def minutes(self, rule: str, wildcards: Mapping[str, str]) -> int:
        """Time of a job, between SHORTEST and LONGEST [min]."""
        parts = self.parts(rule, wildcards)
        seconds = sum(self.line(part.stage).seconds(part.items, part.numbers) for part in parts)
        return min(max(math.ceil(TIME_FACTOR * seconds / 60), SHORTEST), LONGEST)

    def line(self, stage: str) -> Line:
        """The line of a stage: the longest beginning of its name that has one.

        Raises:
            GalforgeError: there is none.
        """
        words = stage.split()
        for count in range(len(words), 0, -1):
            if line := self.lines.get(" ".join(words[:count])):
                return line
        raise GalforgeError(f"{TABLE}: no line for the stage {stage}: add one, as benchmarks/scale.py measures it")

    def parts(self, rule: str, wildcards: Mapping[str, str]) -> list[Part]:
        """What a job does."""
        # Snakemake asks for memory and time apart, and a plan has thousands of jobs.
        key = (rule, *wildcards.items())
        if key not in self._known:
            kind, own = self.facts.measuring.get(rule.removesuffix("_chunk")), getattr(self, f"of_{rule}", None)
            if kind:
                self._known[key] = self._measuring(kind, **wildcards)
            else:
                self._known[key] = own(**wildcards) if own else [Part(rule)]
        return self._known[key]

    def of_stamps(self, dataset: str) -> list[Part]:
        entry = self.config.datasets[dataset]
        made = [Part("stamps", self._source(dataset) + self._scored(dataset), self._pixels(dataset))]
        return [*made, Part("mock", entry.settings.mock.count)] if self.facts.is_mock(dataset) else made

    def of_subset(self, dataset: str) -> list[Part]:
        return [Part("subset", self._source(dataset), self._pixels(dataset))]

    def of_fold_stamps(self, dataset: str) -> list[Part]:
        return [Part("fold_stamps", self._source(dataset), self._pixels(dataset))]

    def of_calibrate_noise(self, dataset: str, measure: str) -> list[Part]:
        entry = self.config.datasets[dataset]
        return [Part("calibrate_noise", entry.measuring.calibration_stamps, entry.settings.size**2)]

    def of_merge_samples(self, dataset: str, model: str, seed: str) -> list[Part]:
        return [Part("merge_samples", self.config.drawn(dataset), self._pixels(dataset))]

    def of_take_given(self, dataset: str, model: str, seed: str) -> list[Part]:
        return [Part("take_given", self.config.drawn(dataset), self._pixels(dataset))]

    def of_take_sources(self, dataset: str, model: str, seed: str) -> list[Part]:
        return [Part("take_sources", self.config.drawn(dataset), self._pixels(dataset))]

    def of_export(self, dataset: str, who: str, **more: str) -> list[Part]:
        return [Part("export", self._stamps(dataset, who), self._pixels(dataset))]

    def of_cross_validate(self, dataset: str) -> list[Part]:
        measures = [name for name, entry in self.config.measures.items() if entry.family == "realism"]
        return [Part("cross_validate", self._scored(dataset), sum(self._numbers(dataset, name) for name in measures))]

    def of_score(self, dataset: str, **more: str) -> list[Part]:
        """Scoring images of any data set, with a scorer of this one."""
        images = max(self._scored(dataset), *map(self.config.drawn, self.config.used_datasets))
        return [Part("score", images, self._numbers(dataset, "realism"))]

    def of_figures(self) -> list[Part]:
        """Figures of a data set, or of a sweep: the data set with most galaxies counts."""
        galaxies = {dataset: self._source(dataset) for dataset in self.config.used_datasets}
        for run in self.config.run:
            galaxies[run.dataset] += self.config.drawn(run.dataset) * len(run.seeds)
        return [Part("figures", max(galaxies.values()))]

    def of_distances(self, dataset: str, model: str, seed: str, group: str) -> list[Part]:
        """Comparisons of a group, one after the other: of tables, and of the vectors of each network."""
        other = self._source(dataset) if model in (REAL, ROUNDTRIP) else self.config.drawn(dataset)
        galaxies = self._source(dataset) + other
        found = [Part(f"distances {group}", galaxies, NARROW)]
        for each in comparisons.comparisons(self.config, dataset, group):
            settings = self.config.measured[dataset, each.measures[0]].settings
            if each.name == "features":
                found.append(Part("compare features", galaxies, FEATURES[settings.network]))
            elif each.name == "band_features":
                images = len(self._bands(dataset, settings)) * self.config.compare.uniform_images
                found.append(Part("compare band_features", images, FEATURES[settings.network]))
        return found

    def _measuring(self, kind: Measuring, dataset: str, who: str = "", part: str = "", parts: str = "") -> list[Part]:
        """Measuring stamps in some variants, or a part of them, or putting parts together."""
        found = []
        for name, measure in kind.variants.values():
            own = name.format(who=who)
            count = self._stamps(dataset, own)
            jobs = int(parts) if part else self.facts.measure_parts(dataset, own, kind.measures)
            numbers = self._numbers(dataset, measure)
            if jobs > 1 and not part:
                vectors = "features" in self.config.measures[measure].family
                found.append(Part("join" if vectors else "join narrow", count, numbers))
            else:
                found += self._taking(dataset, measure, math.ceil(count / jobs), numbers)
        return found

    def _taking(self, dataset: str, measure: str, stamps: int, numbers: int) -> list[Part]:
        """Taking one measure of stamps: time goes with their pixels, memory with the numbers that are kept."""
        entry = self.config.measured[dataset, measure]
        stage = f"measure {entry.family} {optional(entry.settings, 'engine')}".strip()
        if entry.family in ("features", "realism"):
            return [Part(stage, stamps, numbers)]
        if entry.family == "band_features":
            bands = len(self._bands(dataset, entry.settings))
            return [Part(stage, stamps * bands, numbers / bands)]
        return [Part(stage, stamps, self.config.datasets[dataset].settings.size ** 2)]

    def _numbers(self, dataset: str, measure: str) -> int:
        """Numbers that a measure keeps of a stamp, at most."""
        entry = self.config.measured[dataset, measure]
        settings: Any = entry.settings
        if entry.family == "features":
            return FEATURES[settings.network]
        if entry.family == "band_features":
            return len(self._bands(dataset, settings)) * (FEATURES[settings.network] + CLASSES[settings.network])
        if entry.family == "realism":
            gradients = "hog" in settings.blocks
            cells = (settings.size // settings.hog_cell - settings.hog_block + 1) ** 2 * settings.hog_block**2
            return NARROW + 2 * settings.size + gradients * ORIENTATIONS * cells
        return NARROW

    def _bands(self, dataset: str, settings: Any) -> list[str]:
        """Bands that a network sees one by one."""
        bands = list(self.config.datasets[dataset].settings.bands)
        return bands[:1] if settings.protocol == "published" else [*settings.bands] or bands

    def _pixels(self, dataset: str) -> int:
        """Pixels of a stamp in all channels."""
        settings: Any = self.config.datasets[dataset].settings
        return channels(settings) * settings.size**2

    def _source(self, dataset: str) -> int:
        """Source stamps to expect."""
        entry = self.config.datasets[dataset]
        return max(optional(entry.settings, "count") or 0, entry.measuring.expected_count)

    def _scored(self, dataset: str) -> int:
        entry = self.config.datasets[dataset]
        return entry.measuring.expected_scored if is_scored(entry.family) else 0

    def _stamps(self, dataset: str, who: str) -> int:
        """Stamps of the source or of a model."""
        if who == "scored":
            return self._scored(dataset)
        return self._source(dataset) if who in ("source", "native") else self.config.drawn(dataset)
