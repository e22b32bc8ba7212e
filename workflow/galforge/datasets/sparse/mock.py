"""A mock of the release: a zip of the same layout, read by the code that reads the release.

The numbers of clusters, the backgrounds and the distribution of scores follow published statistics of the release
(Gantastic 4, ETH Zurich, 2020, report and code). Images with larger galaxies score higher, and each corruption lowers
the score by its weight and strength. Positions are uniform and do not affect the score, so that it is known what an
experiment about them should find. Every image is a pure function of seed, set and index.
"""

import csv
import io
import math
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from galforge.atomic import replacing
from galforge.datasets.scene import spread
from galforge.datasets.sparse.light import Clusters, Ramp, Specks, render
from galforge.datasets.sparse.settings import MockSettings
from galforge.logs import Progress
from galforge.seeds import generator

FOLDER = "cosmology_aux_data_170429"
FIRST_ID = {"labeled": 1_000_000, "scored": 2_000_000, "query": 3_000_000}
BACKGROUNDS = (0.78, 0.14, 0.07, 0.01)
"""Shares of the levels 0 to 3, as among the release's images of score 2 and more."""
COUNT_SPREAD = 0.58
"""Scatter of the number of bright clusters between images [dex]. With a median of 12.5, and as many faint pixels, 85 %
of the images have at most 100 clusters and 94 % at most 200, as in the release; in the mean 30 are bright, as there."""
MOST = 2000
"""Clusters of an image of 1000 x 1000 px before corruption, at most."""
SIZE_SLOPE, SIZES = 1.6, (4.0, 250.0)
"""Number of clusters by size: size^-1.6 between these [px], before the image's own scale."""
SIZE_SCALE = 0.2
"""Scatter of that scale [dex]."""
PEAK, PEAK_POWER, PEAK_SCATTER = 8.0, 0.75, 0.15
"""Peak of a cluster: 8 size^0.75 [8-bit level], with this scatter [dex]."""
AXIS_RATIOS = (0.4, 1.0)
REAL_SHARE = 5 / 6
"""Of labelled images; the release has about 1,000 of 1,200."""
CORRUPTED_SHARE, MOST_CORRUPTIONS = 0.55, 3
WEIGHTS = {
    "counts": 1.0,
    "sizes": 1.2,
    "intensities": 1.2,
    "shapes": 0.6,
    "noise": 1.5,
    "background": 0.8,
    "positions": 0.0,
}
"""What a corruption of strength 1 takes from the logarithm of the score. Fixed before any generator was scored."""
SCORE_MEDIAN, SCORE_SPREAD, LARGEST_SCORE = 1.9, 0.47, 8.0
"""Scores of images that are not corrupted: median, scatter of the logarithm, and the largest. With strengths that are
squares of uniform numbers, all scores have mean 1.66, scatter 1.06 and median 1.46; the release's have 1.65, 1.09 and
1.50."""
LABEL_NOISE = 0.05
"""Scatter that scores in the table have around the true ones."""
CROWDING, BLOATING, SPECK_SHARE, GATHERING = 1.3, 0.5, 0.01, 0.8
"""Corruptions of strength 1: clusters are 10^1.3 times as many or fewer, areas 10^0.5 times as large, one pixel in 100
is a speck, and clusters are pulled 0.8 of the way to one point."""


@dataclass(frozen=True)
class Sky:
    """What is drawn for one mock image.

    Attributes:
        background: level of its empty pixels.
        size_scale: scale of its galaxies' areas, in standard deviations; the score follows it.
        clusters: bright clusters, as they are rendered.
        faint: faint single pixels.
        strengths: of each kind of corruption that it has, from 0 to 1.
    """

    background: int
    size_scale: float
    clusters: Clusters
    faint: Specks
    strengths: dict[str, float]

    @property
    def kind(self) -> str:
        """Its corruptions joined by "+"; empty without."""
        return "+".join(self.strengths)


def true_score(size_scale: float, strengths: dict[str, float]) -> float:
    """The score of an image, from 0 to 8, without label noise: R exp(-sum of weight x strength).

    R is lognormal and rises with the scale of the galaxies' sizes.

    Args:
        size_scale: that scale, in standard deviations.
        strengths: of the corruptions, by kind, from 0 to 1.
    """
    best = min(SCORE_MEDIAN * math.exp(SCORE_SPREAD * size_scale), LARGEST_SCORE)
    return best * math.exp(-sum(WEIGHTS[kind] * strength for kind, strength in strengths.items()))


def score(mock: MockSettings, name: str, index: int, truth: float) -> float:
    """The score in the table of image ``index`` of set ``name``: the true one with label noise, rounded to 4 digits."""
    noise = LABEL_NOISE * generator(mock.seed, "sparse mock", "label noise", name, index).standard_normal()
    return round(min(max(truth + noise, 0.0), LARGEST_SCORE), 4)


def corruptions(mock: MockSettings, name: str, index: int) -> dict[str, float]:
    """Strengths from 0 to 1 of the corruptions of image ``index`` of set ``name``, in the order of WEIGHTS.

    Weak ones are more frequent than strong ones. The kind held out is in images of the query only.
    """
    random = generator(mock.seed, "sparse mock", "corruptions", name, index)
    kinds = [kind for kind in WEIGHTS if kind != mock.held_out]
    share = 1 - REAL_SHARE if name == "labeled" else CORRUPTED_SHARE
    chosen: list[str] = []
    if random.random() < share:
        chosen = list(random.choice(kinds, random.integers(1, MOST_CORRUPTIONS + 1), replace=False))
    if name == "query" and mock.held_out != "none" and random.random() < mock.held_out_share:
        chosen = [mock.held_out, *chosen][:MOST_CORRUPTIONS]
    drawn = dict(zip(WEIGHTS, random.random(len(WEIGHTS)) ** 2, strict=True))
    return {kind: float(drawn[kind]) for kind in WEIGHTS if kind in chosen}


def draw(mock: MockSettings, name: str, index: int, strengths: dict[str, float] | None = None) -> Sky:
    """The properties of image ``index`` of set ``name``; ``strengths`` replaces its own corruptions."""
    if strengths is None:
        strengths = corruptions(mock, name, index)
    random = generator(mock.seed, "sparse mock", "sky", name, index)
    background = int(random.choice(len(BACKGROUNDS), p=BACKGROUNDS))
    size_scale, crowd = float(random.standard_normal()), random.standard_normal()
    area = (mock.size / 1000) ** 2
    count = int(random.poisson(min(mock.clusters * 10 ** (COUNT_SPREAD * crowd), MOST) * area))
    faint = Specks(*random.integers(mock.size, size=(2, count)), random.integers(1, 4, count))
    crowding = 10 ** (CROWDING * strengths.get("counts", 0.0) * random.choice([-1, 1]))
    # Clusters have random numbers of their own: each corruption changes what it is named after, and nothing else.
    clusters = _clusters(
        mock.size,
        int(random.poisson(count * crowding)) if "counts" in strengths else count,
        10 ** (SIZE_SCALE * size_scale),
        strengths,
        generator(mock.seed, "sparse mock", "clusters", name, index),
    )
    return Sky(background, size_scale, clusters, faint, strengths)


def _clusters(
    side: int, count: int, scale: float, strengths: dict[str, float], random: np.random.Generator
) -> Clusters:
    # Spread evenly, so that an image shows its scale, and with it its score, even where galaxies are few.
    rank = spread(random.random(), np.arange(count))
    power = 1 - SIZE_SLOPE
    low, high = (size**power for size in SIZES)
    size = (low + rank * (high - low)) ** (1 / power) * scale
    # One row of numbers per cluster, so that more clusters begin with the same ones.
    normal = random.standard_normal(count)
    peak = np.minimum(PEAK * size**PEAK_POWER * 10 ** (PEAK_SCATTER * normal), 255.0)
    ratio, angle, row, column = random.random((count, 4)).T
    pull, towards = GATHERING * strengths.get("positions", 0.0), random.random(2)
    brighter = strengths.get("intensities", 0.0)
    return Clusters(
        row=side * (row + pull * (towards[0] - row)),
        column=side * (column + pull * (towards[1] - column)),
        size=size * 10 ** (BLOATING * strengths.get("sizes", 0.0)),
        peak=peak ** (1 - brighter) * 255**brighter,
        axis_ratio=AXIS_RATIOS[0] + (AXIS_RATIOS[1] - AXIS_RATIOS[0]) * ratio,
        angle=math.pi * angle,
        diamond=strengths.get("shapes", 0.0),
    )


def image(mock: MockSettings, name: str, index: int, strengths: dict[str, float] | None = None) -> np.ndarray:
    """Image ``index`` of set ``name``: (size, size) uint8; ``strengths`` replaces its own corruptions."""
    sky = draw(mock, name, index, strengths)
    random = generator(mock.seed, "sparse mock", "dirt", name, index)
    angle = 2 * math.pi * random.random()
    ramp = Ramp(angle, sky.strengths.get("background", 0.0))
    specks = [sky.faint]
    if "noise" in sky.strengths:
        count = round(SPECK_SHARE * sky.strengths["noise"] * mock.size**2)
        specks.append(Specks(*random.integers(mock.size, size=(2, count)), random.geometric(0.5, count)))
    return render(mock.size, sky.background, sky.clusters, specks, ramp)


def write_raw(mock: MockSettings, path: Path) -> None:
    """Write the mock release, a zip whatever the name of ``path``; equal settings give equal bytes.

    Besides the release's files it has ``mock.csv``: Id, Set, Kind (corruptions joined by "+") and Score (the true one).

    Raises:
        OSError: the folder cannot be written, or the disk is full.
    """
    counts = {"labeled": mock.labeled, "scored": mock.scored, "query": mock.query}
    tables = {"labeled": [("Id", "Actual")], "scored": [("Id", "Actual")], "mock": [("Id", "Set", "Kind", "Score")]}
    counter = Progress(sum(counts.values()), "mock images")
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, count in counts.items():
            # The folder is written even if it has no images.
            _add(archive, f"{name}/", b"")
            for index in range(count):
                number = FIRST_ID[name] + index
                sky = draw(mock, name, index)
                truth = true_score(sky.size_scale, sky.strengths)
                _add(archive, f"{name}/{number}.png", _png(image(mock, name, index)))
                tables["mock"].append((number, name, sky.kind, round(truth, 6)))
                if name == "labeled":
                    tables[name].append((number, float(not sky.strengths)))
                elif name == "scored":
                    tables[name].append((number, score(mock, name, index, truth)))
                counter.advance()
        for name, rows in tables.items():
            text = io.StringIO()
            csv.writer(text, lineterminator="\n").writerows(rows)
            _add(archive, f"{name}.csv", text.getvalue().encode())


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    # A fixed time: equal settings give equal bytes. PNGs are compressed already, and tables are small.
    archive.writestr(zipfile.ZipInfo(f"{FOLDER}/{name}", (1980, 1, 1, 0, 0, 0)), content)


def _png(levels: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(levels).save(content, "PNG", compress_level=1)
    return content.getvalue()
