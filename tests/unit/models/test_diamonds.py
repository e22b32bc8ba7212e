"""The baselines of sparse images: diamonds by hand, the distributions they are drawn from, and fits to the data."""

from pathlib import Path

import numpy as np
import pytest
import scipy.stats
import torch
import yaml
from pydantic import ValidationError

from galforge.errors import GalforgeError
from galforge.models.diamonds.family import Family
from galforge.models.diamonds.settings import LARGE, ModelSettings, Population, check_normalisation, check_shape
from galforge.models.normalisation import Normalisation
from galforge.sampling.sample import BlockNoise
from toys.sparse import learn, rows
from toys.steps import step_of

CPU = torch.device("cpu")
SHAPE = (3, 32, 32)
NORMALISATION = Normalisation("linear", (1.0,) * 3, (0.0,) * 3, (1.0,) * 3)
SPARSE = Path(__file__).resolve().parents[3] / "config/experiments/sparse.yaml"
STATISTICS = ("normal", "geometric")
HEURISTIC = LARGE.model_dump() | {"size_factor": 2.3, "peak_factor": 2.0}
"""Large galaxies with the authors' visual heuristic."""


def family_of(**settings) -> Family:
    return Family(ModelSettings(**{"size": 64} | settings), SHAPE, NORMALISATION)


def noise(*indices: int) -> BlockNoise:
    return BlockNoise(0, range(*indices), CPU)


def test_other_shapes_and_normalisations_are_refused_with_the_remedy():
    check_shape(ModelSettings(), SHAPE)
    check_normalisation(ModelSettings(), "linear", 1.0)
    with pytest.raises(GalforgeError, match="diamonds is trained on parts"):
        Family(ModelSettings(), (1, 64, 64), NORMALISATION)
    for kind, scale in (("linear", None), ("linear", 255.0), ("asinh", 1.0)):
        with pytest.raises(GalforgeError, match=r"scale: 1\.0"):
            check_normalisation(ModelSettings(), kind, scale)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"size": 0.5}, "mean size"),
        ({"size": 0.5, "peak": 0.9, "peak_factor": 2.0}, "mean size"),
        ({"size": 10.0, "peak": 0.9, "peak_factor": 2.0}, "mean peak"),
    ],
)
@pytest.mark.parametrize("where", ["normal", "small_ones", "large_ones"])
def test_geometric_means_below_1_are_refused_and_normal_ones_are_not(where, numbers, message):
    with pytest.raises(ValidationError, match=message):
        ModelSettings(**{where: {"count": 10.0, "count_deviation": 2.0} | numbers})
    Population(count=10.0, count_deviation=2.0, size=0.5, size_deviation=3.0, peak=0.9)


# Diamonds by hand.


def drawn(family: Family, *galaxies: tuple[int, int, float, float]) -> np.ndarray:
    """The image of galaxies (row, column, size, peak)."""
    spots = torch.tensor([[galaxy[:2] for galaxy in galaxies]])
    sizes, peaks = (torch.tensor([[float(galaxy[which]) for galaxy in galaxies]]) for which in (2, 3))
    image = family._drawn(spots, sizes, peaks, torch.ones(1, len(galaxies), dtype=torch.bool))
    assert image.shape == (1, 1, family.side, family.side)
    assert image.dtype == torch.uint8
    return image[0, 0].numpy()


def diamond(row: int, column: int, radius: int, peak: int, fall: int = 5, side: int = 64) -> np.ndarray:
    y, x = np.mgrid[:side, :side]
    distance = abs(y - row) + abs(x - column)
    return np.where(distance < radius, np.maximum(peak - fall * distance, 0), 0)


@pytest.mark.parametrize(("size", "radius"), [(1, 0), (1.9, 0), (2, 1), (7.9, 1), (8, 2), (50, 5), (71.9, 5), (72, 6)])
def test_radius_is_half_the_root_of_twice_the_size_rounded_down(size, radius):
    assert np.array_equal(drawn(family_of(), (30, 20, size, 255)), diamond(30, 20, radius, 255))


def test_diamond_of_published_numbers_by_hand():
    image = drawn(family_of(), (10, 10, 50, 255))
    assert image[10, 5:16].tolist() == [0, 235, 240, 245, 250, 255, 250, 245, 240, 235, 0]
    assert image[10:16, 10].tolist() == [255, 250, 245, 240, 235, 0]
    assert image[12, 7:14].tolist() == [0, 235, 240, 245, 240, 235, 0]
    # 1 + 4 + 8 + 12 + 16.
    assert np.count_nonzero(image) == 41


def by_loops(side: int, row: int, column: int, size: int, peak: int, small: bool) -> np.ndarray:
    """A galaxy one pixel after another, as the authors' code draws it: sizes and levels are whole numbers."""
    image = np.zeros((side, side), dtype=int)
    if small:
        level = {1: peak, 2: 200, 3: 150, 4: peak}.get(size, 0)
        image[row, column] = level
        return image
    radius = int(np.sqrt(2) * np.sqrt(size) / 2)
    for dy in range(-radius, radius + 1):
        for dx in range(-radius, radius + 1):
            if abs(dy) + abs(dx) < radius and 0 <= row + dy < side and 0 <= column + dx < side:
                image[row + dy, column + dx] = max(peak - 5 * abs(dy) - 5 * abs(dx), 0)
    return image


@pytest.mark.parametrize(
    "settings", [{}, {"statistics": "geometric"}, {"statistics": "geometric", "large_ones": HEURISTIC}]
)
def test_images_are_those_of_loops_over_pixels(settings):
    family, side, caught = family_of(size=96, **settings), 96, {}
    small, draw = family._small, family._drawn

    def catch_kinds(*given: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        caught["sizes"], caught["peaks"], caught["of_last"] = given
        return small(*given)

    def catch_spots(spots: torch.Tensor, *given: torch.Tensor) -> torch.Tensor:
        caught["spots"], caught["there"] = spots, given[2]
        return draw(spots, *given)

    family._small, family._drawn = catch_kinds, catch_spots
    with torch.no_grad():
        images = family.compose(noise(20))
    found = {name: each.numpy() for name, each in caught.items()}
    lit = 0
    for number in range(20):
        wanted = np.zeros((side, side), dtype=int)
        for galaxy in np.flatnonzero(found["there"][number]):
            spot, size, peak = (found[name][number, galaxy] for name in ("spots", "sizes", "peaks"))
            is_small = bool(settings) and not found["of_last"][number, galaxy]
            # A peak is white at most.
            one = by_loops(side, *spot, int(size + 1e-4), min(round(float(peak)), 255), is_small)
            wanted = np.maximum(wanted, one)
        assert np.array_equal(images[number, 0].numpy(), wanted)
        lit += np.count_nonzero(wanted)
    assert lit > 1000


def test_small_galaxies_are_single_pixels_of_published_levels():
    family = family_of(statistics="geometric")
    sizes, peaks = torch.tensor([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]), torch.full((1, 6), 7.0)
    drawn_sizes, levels = family._small(sizes, peaks, torch.zeros(1, 6, dtype=torch.bool))
    spots = torch.tensor([[[10, column] for column in range(10, 22, 2)]])
    image = family._drawn(spots, drawn_sizes, levels, torch.ones(1, 6, dtype=torch.bool))[0, 0].numpy()
    assert image[10, 10:22:2].tolist() == [7, 200, 150, 7, 0, 0]
    assert np.count_nonzero(image) == 4
    large = family._small(sizes, peaks, torch.ones(1, 6, dtype=torch.bool))
    assert torch.equal(large[0], sizes)
    assert torch.equal(large[1], peaks)


def test_faint_diamonds_end_where_they_are_black_and_peaks_at_white():
    assert drawn(family_of(), (10, 10, 50, 12.4))[10, 10:14].tolist() == [12, 7, 2, 0]
    assert drawn(family_of(), (10, 10, 50, 400.0))[10, 10:12].tolist() == [255, 250]
    assert drawn(family_of(fall=0), (10, 10, 50, 9.0))[10, 10:17].tolist() == [9] * 5 + [0] * 2


def test_of_overlapping_diamonds_the_brighter_pixel_counts():
    image = drawn(family_of(), (20, 20, 50, 255), (20, 23, 50, 100), (23, 20, 8, 254))
    each = diamond(20, 20, 5, 255), diamond(20, 23, 5, 100), diamond(23, 20, 2, 254)
    assert np.array_equal(image, np.maximum.reduce(each))


def test_what_lies_beyond_the_image_is_cut_off():
    image = drawn(family_of(), (0, 63, 50, 255), (63, 0, 200, 255))
    assert np.array_equal(image, np.maximum(diamond(0, 63, 5, 255), diamond(63, 0, 10, 255)))


# Distributions.


@pytest.mark.parametrize("statistics", STATISTICS)
def test_images_are_levels_that_depend_on_their_row_alone(statistics):
    family = family_of(statistics=statistics, size=200)
    with torch.no_grad():
        whole, some = family.compose(noise(7)), family.compose(noise(3, 5))
    assert whole.shape == (7, 1, 200, 200)
    assert whole.dtype == torch.uint8
    assert len({image.numpy().tobytes() for image in whole}) == 7
    assert torch.equal(whole[3:5], some)


def many(family: Family, count: int) -> list[np.ndarray]:
    """Spots (n, k, 2), sizes, peaks and presence (n, k) of the galaxies of many images."""
    caught = []

    def catch(*galaxies: torch.Tensor) -> torch.Tensor:
        caught.extend(each.numpy() for each in galaxies)
        return torch.zeros(1)

    family._drawn, family._small = catch, lambda sizes, peaks, of_last: (sizes, peaks)
    with torch.no_grad():
        family.compose(noise(count))
    return caught


def agrees(values: np.ndarray, chance: float) -> bool:
    """Whether numbers are geometric: the largest difference of cumulative shares is one that chance explains."""
    steps = np.arange(1, 200)
    shares = np.searchsorted(np.sort(values), steps + 0.5) / len(values)
    return np.abs(shares - scipy.stats.geom.cdf(steps, chance)).max() < 1.95 / len(values) ** 0.5


def test_a_number_of_galaxies_near_zero_draws_black_images():
    """What `config/experiments/sparse.yaml` calls empty: settings allow no zero."""
    settings = yaml.safe_load(SPARSE.read_text())["models"]["empty"]["network"]
    images = Family(ModelSettings(**settings), SHAPE, NORMALISATION).compose(noise(8))
    assert images.shape == (8, 1, settings["size"], settings["size"])
    assert images.max() == 0


def test_published_normal_numbers_come_out():
    spots, sizes, peaks, there = many(family_of(size=100), 2000)
    counts = there.sum(1)
    # Normal numbers without their decimals, with negative ones set to 0.
    expected = np.maximum(np.random.default_rng(0).normal(20, 10, 10**6).astype(int), 0)
    assert counts.mean() == pytest.approx(expected.mean(), abs=0.9)
    assert counts.std() == pytest.approx(expected.std(), abs=0.7)
    sizes, spots = sizes[there], spots[there]
    assert np.abs(peaks[there] - 255).max() < 1e-3
    assert sizes.min() == 1
    assert (sizes == 1).mean() == pytest.approx(scipy.stats.norm.cdf((1 - 50) / 40), abs=0.01)
    assert np.median(sizes) == pytest.approx(50, abs=1)
    assert np.quantile(sizes, 0.9) == pytest.approx(scipy.stats.norm.ppf(0.9, 50, 40), abs=1.5)
    for axis in (0, 1):
        seen = np.bincount(spots[:, axis], minlength=100)
        assert len(seen) == 100
        assert scipy.stats.chisquare(seen).pvalue > 1e-4
    assert abs(np.corrcoef([*spots.T, sizes]) - np.eye(3)).max() < 0.02


@pytest.mark.parametrize(("numbers", "size_factor", "peak_factor"), [(LARGE.model_dump(), 1, 1), (HEURISTIC, 2.3, 2)])
def test_published_geometric_numbers_come_out(numbers, size_factor, peak_factor):
    _, sizes, peaks, there = many(family_of(statistics="geometric", large_ones=numbers), 1000)
    counts = there.sum(1)
    assert counts.mean() == pytest.approx(59, abs=1.5)
    assert counts.std() == pytest.approx((2**2 + 15**2) ** 0.5, abs=1.5)
    # The first 3 galaxies are always small, and those after the 18th always large.
    small, large = (slice(None), slice(0, 3)), (slice(None), slice(18, None))
    assert agrees(sizes[small][there[small]], 0.7)
    assert agrees(sizes[large][there[large]] / size_factor - 4, 0.1)
    assert sizes[large][there[large]].min() == pytest.approx(5 * size_factor)
    assert agrees(peaks[small][there[small]], 0.8)
    assert agrees(peaks[large][there[large]] / peak_factor, 0.05)
    assert not agrees(sizes[there] / size_factor - 4, 0.1)


def test_geometric_numbers_are_those_of_scipy():
    family = family_of(statistics="geometric")
    uniform = np.random.default_rng(1).uniform(0.001, 0.999, 500)
    normals = torch.from_numpy(scipy.stats.norm.ppf(uniform)).float()[None]
    for of_last, size, smallest, peak in ((False, 0.7, 1, 0.8), (True, 0.1, 5, 0.05)):
        last = torch.full_like(normals, of_last, dtype=torch.bool)
        with torch.no_grad():
            sizes, peaks = (family._properties(normals, last, which).numpy()[0] for which in (0, 1))
        assert sizes == pytest.approx(scipy.stats.geom.ppf(uniform, size, loc=smallest - 1))
        assert peaks == pytest.approx(scipy.stats.geom.ppf(uniform, peak))


# Fits.


@pytest.mark.parametrize("statistics", STATISTICS)
def test_published_numbers_are_not_trained(statistics):
    family = family_of(statistics=statistics)
    before = {name: value.clone() for name, value in family.networks.state_dict().items()}
    assert family.optimisers() == {}
    losses = family.step(rows("parts", 4), None, step_of(family))
    assert losses["loss"].isfinite()
    assert all(torch.equal(value, before[name]) for name, value in family.networks.state_dict().items())


def test_fit_finds_normal_numbers_of_the_data():
    draw = np.random.default_rng(2)
    images = torch.zeros(200, *SHAPE)
    for image in images:
        cells = draw.permutation(1024)[: round(draw.normal(40, 6))]
        image[0].view(-1)[cells] = 9
        image[2] = draw.normal(80, 12)
    family = family_of(fit=True)
    learn(family, images, 300, batch=200)
    numbers = family.numbers[0]
    found = {name: numbers.value(name).item() for name in ("count", "count_deviation", "size", "size_deviation")}
    counts, sizes = (images[:, 0] > 0).sum((1, 2)).double(), images[:, 2, 0, 0].double()
    assert found["count"] == pytest.approx(counts.mean().item(), rel=0.01)
    assert found["count_deviation"] == pytest.approx(counts.std(correction=0).item(), rel=0.03)
    assert found["size"] == pytest.approx(sizes.mean().item(), rel=0.01)
    assert found["size_deviation"] == pytest.approx(sizes.std(correction=0).item(), rel=0.03)
    assert numbers.value("peak").item() == pytest.approx(255)


def test_fit_finds_geometric_numbers_of_small_and_large_ones():
    draw = np.random.default_rng(4)
    images = torch.zeros(300, *SHAPE)
    small = torch.arange(300) % 3 == 0
    for image, is_small in zip(images, small, strict=True):
        cells = draw.permutation(1024)
        ends = round(draw.normal(20, 3)), round(draw.normal(90, 8))
        image[0].view(-1)[cells[: ends[0]]] = 4
        image[0].view(-1)[cells[ends[0] : sum(ends)]] = 5
        image[2] = draw.integers(1, 3) if is_small else 2.3 * (4 + draw.geometric(0.05))
        image[1, 15, 15] = draw.geometric(0.5) if is_small else 2 * draw.geometric(0.04)
    family = family_of(statistics="geometric", fit=True, learning_rate=0.03, large_ones=HEURISTIC)
    learn(family, images, 400, batch=300)
    sizes, peaks = images[:, 2, 0, 0], images[:, 1, 15, 15]
    kinds = zip(family.numbers, (small, ~small), (4, 5), (1, 2.3), (1, 2), strict=True)
    for numbers, chosen, level, size_factor, factor in kinds:
        found = {name: numbers.value(name).item() for name in ("count", "count_deviation", "size", "peak")}
        counts = (images[:, 0] == level).sum((1, 2)).double()
        assert found["count"] == pytest.approx(counts.mean().item(), rel=0.01)
        assert found["count_deviation"] == pytest.approx(counts.std(correction=0).item(), rel=0.05)
        # The maximum likelihood estimate of the mean of geometric numbers is their mean.
        assert found["size"] == pytest.approx(sizes[chosen].mean().item() / size_factor, rel=0.02)
        assert found["peak"] == pytest.approx(peaks[chosen].mean().item() / factor, rel=0.02)
