"""The mock of the sparse release: statistics of the release, reproducible, and scores that its images show."""

import csv
import io
import math
import zipfile
from collections import Counter

import numpy as np
import pytest
from scipy import ndimage

from galforge.datasets.sparse import light, mock
from galforge.datasets.sparse.settings import DatasetSettings, MockSettings

MOCK = MockSettings()
CROWDED = MockSettings(size=256, clusters=300)
KINDS = tuple(mock.WEIGHTS)


@pytest.fixture(scope="module")
def skies() -> list[mock.Sky]:
    return [mock.draw(MOCK, "scored", index) for index in range(4000)]


@pytest.fixture(scope="module")
def scores(skies) -> np.ndarray:
    truths = [mock.true_score(sky.size_scale, sky.strengths) for sky in skies]
    return np.array([mock.score(MOCK, "scored", index, truth) for index, truth in enumerate(truths)])


def test_scores_are_distributed_like_the_release_s(scores):
    """Release: mean 1.654, scatter 1.086, median 1.503, error of its median 0.817; 31 % of 2 and more, 12 % of 3."""
    assert scores.mean() == pytest.approx(1.654, abs=0.08)
    assert scores.std() == pytest.approx(1.086, abs=0.1)
    assert np.median(scores) == pytest.approx(1.503, abs=0.1)
    assert np.abs(scores - np.median(scores)).mean() == pytest.approx(0.817, abs=0.06)
    assert (scores >= 2).mean() == pytest.approx(2967 / 9600, abs=0.03)
    assert (scores >= 3).mean() == pytest.approx(1165 / 9600, abs=0.03)
    assert scores.min() >= 0
    assert scores.max() <= 8


def test_counts_and_backgrounds_are_the_release_s(skies, scores):
    """Release, score 2 and more: 85 % have at most 100 clusters, 94 % at most 200."""
    good = [sky for sky, score in zip(skies, scores, strict=True) if score >= 2]
    count = np.array([len(sky.clusters) + len(sky.faint.row) for sky in good])
    assert (count <= 100).mean() == pytest.approx(0.85, abs=0.035)
    assert (count <= 200).mean() == pytest.approx(0.94, abs=0.025)
    shares = np.bincount([sky.background for sky in skies], minlength=4) / len(skies)
    np.testing.assert_allclose(shares, (0.78, 0.14, 0.07, 0.01), atol=0.02)


def test_clusters_follow_the_recipe(skies):
    """Sizes: a power law of slope -1.6 by its quantiles; peaks: 8 size^0.75 with 0.15 dex; as many faint pixels."""
    plain = [sky for sky in skies if not sky.strengths]
    scale = np.concatenate([np.full(len(sky.clusters), 10 ** (0.2 * sky.size_scale)) for sky in plain])
    size = np.concatenate([sky.clusters.size for sky in plain])
    low, high = 4**-0.6, 250**-0.6
    for share in (0.1, 0.5, 0.9, 0.99):
        assert np.quantile(size / scale, share) == pytest.approx((low + share * (high - low)) ** (-1 / 0.6), rel=0.03)
    peak = np.concatenate([sky.clusters.peak for sky in plain])
    assert peak.max() <= 255
    faint = size < 30
    offset = np.log10(peak[faint] / (8 * size[faint] ** 0.75))
    assert offset.mean() == pytest.approx(0, abs=0.005)
    assert offset.std() == pytest.approx(0.15, abs=0.005)
    ratio = np.concatenate([sky.clusters.axis_ratio for sky in plain])
    assert (ratio.min(), ratio.max(), ratio.mean()) == pytest.approx((0.4, 1.0, 0.7), abs=0.01)
    assert all(len(sky.clusters) == len(sky.faint.row) for sky in plain)
    level = np.concatenate([sky.faint.level for sky in plain])
    assert sorted(set(level)) == [1, 2, 3]
    row = np.concatenate([sky.clusters.row for sky in plain])
    assert np.histogram(row, 10, (0, 1000))[0] == pytest.approx(len(row) / 10, rel=0.05)


def test_sizes_of_an_image_show_its_score(skies):
    """Scatter in the mean log size beside the scale would be error that no scorer can undo."""
    plain = [sky for sky in skies if not sky.strengths and len(sky.clusters) >= 8]
    scale = np.array([sky.size_scale for sky in plain])
    size = np.array([np.log10(sky.clusters.size).mean() for sky in plain])
    assert np.corrcoef(scale, size)[0, 1] > 0.97


def test_number_of_clusters_follows_the_area():
    means = [
        np.mean([len(mock.draw(MockSettings(size=size), "labeled", index, {}).faint.row) for index in range(3000)])
        for size in (500, 1000)
    ]
    assert means[1] / means[0] == pytest.approx(4, rel=0.05)
    assert means[1] == pytest.approx(12.5 * math.exp((0.58 * math.log(10)) ** 2 / 2), rel=0.1)


def test_corruptions_are_in_the_sets_that_they_belong_to():
    drawn = {name: [mock.corruptions(MOCK, name, index) for index in range(4000)] for name in mock.FIRST_ID}
    counts = {name: Counter(kind for some in drawn[name] for kind in some) for name in drawn}
    assert counts["scored"]["shapes"] == counts["labeled"]["shapes"] == 0
    assert counts["query"]["shapes"] / 4000 == pytest.approx(0.25, abs=0.02)
    assert {kind for kind, count in counts["scored"].items() if count > 300} == set(KINDS) - {"shapes"}
    assert np.mean([bool(some) for some in drawn["scored"]]) == pytest.approx(0.55, abs=0.02)
    assert np.mean([not some for some in drawn["labeled"]]) == pytest.approx(1000 / 1200, abs=0.02)
    assert {len(some) for some in drawn["scored"]} == {len(some) for some in drawn["query"]} == {0, 1, 2, 3}
    assert all(0 <= strength <= 1 for some in drawn["query"] for strength in some.values())
    none = MockSettings(held_out="none")
    assert any("shapes" in mock.corruptions(none, "scored", index) for index in range(200))
    never = MockSettings(held_out="noise", held_out_share=0.0)
    assert not any("noise" in mock.corruptions(never, "query", index) for index in range(500))


def test_true_score_is_its_formula():
    assert mock.true_score(0.0, {}) == pytest.approx(1.9)
    assert mock.true_score(1.0, {}) == pytest.approx(1.9 * math.exp(0.47))
    assert mock.true_score(9.0, {}) == 8
    assert mock.true_score(0.0, {"noise": 0.5, "sizes": 1.0}) == pytest.approx(1.9 * math.exp(-0.75 - 1.2))
    assert mock.true_score(0.3, {"positions": 1.0}) == mock.true_score(0.3, {})
    weights = {"counts": 1, "sizes": 1.2, "intensities": 1.2, "shapes": 0.6, "noise": 1.5, "background": 0.8}
    assert {kind: weight for kind, weight in mock.WEIGHTS.items() if weight} == weights
    noise = [mock.score(MOCK, "scored", index, 2.0) - 2 for index in range(1000)]
    assert np.std(noise) == pytest.approx(0.05, rel=0.1)
    assert min(mock.score(MOCK, "scored", index, 0.0) for index in range(50)) == 0


def above(image: np.ndarray, sky: mock.Sky) -> tuple[np.ndarray, np.ndarray]:
    """Areas and peaks above the background of what is more than 5 levels above it, by scipy."""
    light_only = image.astype(int) - sky.background
    labels, count = ndimage.label(light_only > 5, np.ones((3, 3)))
    index = np.arange(1, count + 1)
    return ndimage.sum_labels(np.ones_like(labels), labels, index), ndimage.maximum(light_only, labels, index)


def visible(kind: str, image: np.ndarray, plain: np.ndarray, sky: mock.Sky) -> float:
    """What a corruption of a kind raises, measured on the image."""
    if kind == "counts":
        return abs(math.log((1 + len(above(image, sky)[0])) / (1 + len(above(plain, sky)[0]))))
    if kind == "sizes":
        return above(image, sky)[0].mean()
    if kind == "intensities":
        return above(image, sky)[1].mean()
    if kind == "shapes":
        return np.abs(image.astype(int) - plain).sum()
    if kind == "noise":
        return (image > sky.background).mean()
    if kind == "background":
        return image.mean()
    rows, columns = np.nonzero(image > sky.background + 5)
    return -np.hypot(rows - rows.mean(), columns - columns.mean()).mean()


@pytest.mark.parametrize("kind", KINDS)
def test_corruptions_can_be_seen_and_grow_with_their_strength(kind):
    indices = [index for index in range(40) if 15 <= len(mock.draw(CROWDED, "labeled", index, {}).faint.row) <= 60][:8]
    assert len(indices) == 8
    effects = []
    for strength in (0.1, 0.4, 0.7, 1.0):
        skies = [mock.draw(CROWDED, "labeled", index, {kind: strength}) for index in indices]
        images = [mock.image(CROWDED, "labeled", index, {kind: strength}) for index in indices]
        plain = [mock.image(CROWDED, "labeled", index, {}) for index in indices]
        assert all(np.any(image != other) for image, other in zip(images, plain, strict=True))
        triples = zip(images, plain, skies, strict=True)
        effects.append(np.mean([visible(kind, image, other, sky) for image, other, sky in triples]))
    assert np.all(np.diff(effects) > 0), effects


@pytest.mark.parametrize("kind", KINDS)
def test_a_corruption_changes_nothing_else(kind):
    plain, spoilt = (mock.draw(MOCK, "scored", 5, strengths) for strengths in ({}, {kind: 0.7}))
    assert (plain.background, plain.size_scale) == (spoilt.background, spoilt.size_scale)
    np.testing.assert_array_equal(plain.faint.level, spoilt.faint.level)
    names = {"size": "sizes", "peak": "intensities", "row": "positions", "column": "positions", "axis_ratio": ""}
    for name, changed_by in names.items():
        same = np.array_equal(getattr(plain.clusters, name), getattr(spoilt.clusters, name))
        assert same == (kind not in (changed_by, "counts")), name


def one(**given) -> light.Clusters:
    values = {"row": 64.0, "column": 64.0, "size": 200.0, "peak": 200.0, "axis_ratio": 1.0, "angle": 0.0} | given
    diamond = values.pop("diamond", 0.0)
    return light.Clusters(**{name: np.array([value]) for name, value in values.items()}, diamond=diamond)


NO_RAMP = light.Ramp(0.0, 0.0)


@pytest.mark.parametrize("diamond", [0.0, 1.0])
@pytest.mark.parametrize(("size", "ratio"), [(30.0, 1.0), (100.0, 0.5), (250.0, 0.4), (250.0, 1.0)])
def test_a_cluster_has_the_size_that_was_asked_for(size, ratio, diamond):
    areas, peaks = [], []
    for shift in np.random.default_rng(1).random((30, 2)):
        clusters = one(row=64 + shift[0], column=64 + shift[1], size=size, axis_ratio=ratio, angle=0.6, diamond=diamond)
        image = light.render(128, 0, clusters, [], NO_RAMP)
        # Levels are rounded: 5.5 is the first that is above 5.
        areas.append((image > 5).sum())
        peaks.append(image.max())
    assert np.mean(areas) == pytest.approx(size, rel=0.06)
    assert 150 < np.mean(peaks) <= 200


def test_a_cluster_has_its_axis_ratio_and_angle():
    image = light.render(128, 0, one(axis_ratio=0.5, angle=0.6, size=250.0), [], NO_RAMP).astype(float)
    place = np.indices(image.shape).reshape(2, -1)
    values, vectors = np.linalg.eigh(np.cov(place, aweights=image.ravel()))
    assert math.sqrt(values[0] / values[1]) == pytest.approx(0.5, abs=0.03)
    assert math.atan2(vectors[1, 1], vectors[0, 1]) % math.pi == pytest.approx(0.6, abs=0.03)


def test_a_skirt_lies_outside_the_core():
    """Three core widths out a Gaussian alone would have 1.1 % of the peak, and six out nothing."""
    radius = np.array([0.0, 3.0, 6.0])
    expected = 0.65 * np.exp(-(radius**2) / 2) + 0.35 * np.exp(-radius)
    np.testing.assert_allclose(light._profile(radius), expected)
    assert expected[1] > 2 * math.exp(-4.5)


def test_render_keeps_to_levels():
    image = light.render(128, 3, one(row=64.5, column=64.5, peak=255.0), [], NO_RAMP)
    assert (image.min(), image.max()) == (3, 255)
    both = light.Clusters(
        *(np.repeat(getattr(one(), n), 3) for n in ("row", "column", "size", "peak", "axis_ratio", "angle"))
    )
    assert light.render(128, 0, both, [], NO_RAMP).max() == 255
    # A speck raises empty sky, and leaves what is brighter.
    specks = light.Specks(np.array([5, 64]), np.array([7, 64]), np.array([2, 2]))
    spoilt = light.render(128, 3, one(), [specks], NO_RAMP)
    assert spoilt[5, 7] == 5
    assert spoilt[64, 64] == light.render(128, 3, one(), [], NO_RAMP)[64, 64]
    # At an edge, and beyond it.
    assert light.render(128, 0, one(row=0.1, column=127.9), [], NO_RAMP).max() > 100
    assert light.render(128, 0, one(row=-300.0), [], NO_RAMP).max() == 0


def test_ramp_rises_by_whole_levels():
    nothing = one(row=-300.0)
    image = light.render(128, 0, nothing, [], light.Ramp(0.0, 1.0))
    np.testing.assert_array_equal(image[:, 0], np.repeat([1, 2, 3, 4], 32))
    half = light.render(128, 2, nothing, [], light.Ramp(math.pi, 0.5))
    np.testing.assert_array_equal(half[:, 5], np.repeat([4, 3, 2], (32, 32, 64)))


def test_zip_is_a_pure_function_of_the_settings(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        settings = MockSettings(labeled=3, scored=4, query=2, size=64, clusters=300, seed=seed)
        mock.write_raw(settings, tmp_path / f"{name}.tar")
    first, again, other = ((tmp_path / f"{name}.tar").read_bytes() for name in "abc")
    assert first == again
    assert first != other
    assert zipfile.is_zipfile(tmp_path / "a.tar")
    small, large = (MockSettings(scored=scored, size=64, clusters=300) for scored in (5, 500))
    np.testing.assert_array_equal(mock.image(small, "scored", 3), mock.image(large, "scored", 3))
    assert np.any(mock.image(large, "scored", 3) != mock.image(large, "query", 3))


def test_tables_say_what_was_drawn(tmp_path):
    settings = MockSettings(labeled=12, scored=15, query=0, size=64, clusters=300)
    mock.write_raw(settings, tmp_path / "raw.tar")
    with zipfile.ZipFile(tmp_path / "raw.tar") as archive:
        assert f"{mock.FOLDER}/query/" in archive.namelist()
        tables = {
            name: list(csv.DictReader(io.StringIO(archive.read(f"{mock.FOLDER}/{name}.csv").decode())))
            for name in ("labeled", "scored", "mock")
        }
    known = {row["Id"]: row for row in tables["mock"]}
    assert len(known) == 27
    assert [row["Actual"] for row in tables["labeled"]] == [
        "0.0" if known[row["Id"]]["Kind"] else "1.0" for row in tables["labeled"]
    ]
    for index, row in enumerate(tables["scored"]):
        sky = mock.draw(settings, "scored", index)
        assert known[row["Id"]]["Kind"] == "+".join(sky.strengths)
        truth = mock.true_score(sky.size_scale, sky.strengths)
        assert float(known[row["Id"]]["Score"]) == pytest.approx(truth, abs=1e-6)
        assert abs(float(row["Actual"]) - truth) < 0.25


def test_scores_stay_within_what_the_data_set_accepts():
    assert DatasetSettings().largest_score >= mock.LARGEST_SCORE


@pytest.mark.real
def test_profile_is_that_of_the_real_image(sparse_image):
    """Clusters of an image of the release, the brightest that are not saturated: light grows alike in mock ones."""
    image = np.asarray(mock.Image.open(sparse_image)).astype(float)
    labels, count = ndimage.label(image > 5, np.ones((3, 3)))
    index = np.arange(1, count + 1)
    sizes, peaks = ndimage.sum_labels(np.ones_like(labels), labels, index), ndimage.maximum(image, labels, index)
    compared = [k for k in range(count) if 60 < sizes[k] < 80]
    assert len(compared) == 3
    for k in compared:
        real = np.sort(image[labels == k + 1])[::-1]
        growths = []
        for row, column in 64 + np.random.default_rng(2).random((30, 2)):
            made = one(row=row, column=column, size=sizes[k], peak=1.1 * peaks[k], axis_ratio=0.96)
            brightest = np.sort(light.render(128, 0, made, [], NO_RAMP), axis=None)[::-1][: len(real)]
            growths.append(np.cumsum(brightest) / brightest.sum())
        # Share of the light in the brightest pixels, one more each time.
        np.testing.assert_allclose(np.mean(growths, axis=0), np.cumsum(real) / real.sum(), atol=0.03)
