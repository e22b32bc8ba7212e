"""Diversity of images by their spectra: cases with a known answer, and its error against the scatter over samples."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import pdist

from galforge.errors import GalforgeError
from galforge.studies.realism import diversity as module
from galforge.studies.realism.diversity import diversity


def spectra(count, seed, spread=0.4, mean=3.0, frequencies=8):
    """Spectra whose logarithms scatter, each by a part that is common to all frequencies and one of its own."""
    random = np.random.default_rng(seed)
    scatter = random.standard_normal((count, 1)) + random.standard_normal((count, frequencies))
    logs = mean - 0.1 * np.arange(frequencies) + spread * scatter
    return frame(10**logs)


def frame(power):
    columns = {f"spectrum_{number:03d}": column for number, column in enumerate(np.asarray(power).T)}
    return pd.DataFrame(columns | {"lit_share": np.full(len(power), 0.1)})


def test_samples_of_one_distribution_are_as_diverse():
    for seed in range(5):
        value, error = diversity(spectra(150, seed), spectra(150, 100 + seed), 0)
        assert abs(value - 1) < 3 * error
        assert 0.02 < error < 0.15


def test_copies_of_one_image_have_none():
    real = spectra(60, 0)
    copies = pd.concat([spectra(1, 1)] * 50, ignore_index=True)
    assert diversity(copies, real, 0) == (0.0, 0.0)


def test_a_collapse_to_two_images_shows():
    """Half of the pairs are of copies: the median lies between them and the others."""
    two = pd.concat([spectra(2, 1)] * 25, ignore_index=True)
    real = spectra(60, 0)
    assert diversity(two.iloc[[0] * 40 + [1] * 10], real, 0)[0] == 0


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_it_grows_with_the_spread_of_logarithms(factor):
    value, error = diversity(spectra(300, 1, spread=0.4 * factor), spectra(300, 2), 0)
    assert abs(value - factor) < 3 * error


@pytest.mark.parametrize("factor", [1e-3, 1e5])
def test_brightness_does_not_matter(factor):
    """That of all images of a kind, and of both."""
    generated, real = spectra(40, 1), spectra(50, 2)
    plain = diversity(generated, real, 0)
    brighter = [table.mul(factor).assign(lit_share=0.1) for table in (generated, real)]
    assert diversity(brighter[0], real, 0) == pytest.approx(plain, rel=1e-9)
    assert diversity(*brighter, 0) == pytest.approx(plain, rel=1e-9)


def test_frequencies_count_by_their_spread_among_real_images():
    """By hand, from differences of standardised logarithms; a frequency that never varies counts as it is."""
    generated, real = spectra(20, 1), spectra(30, 2)
    real["spectrum_003"] = 50.0
    logs = [np.log10(table.filter(like="spectrum").to_numpy()) for table in (generated, real)]
    spread = np.where(np.arange(8) == 3, 1.0, logs[1].std(axis=0))
    medians = [
        np.median([np.linalg.norm(a - b) for i, a in enumerate(x) for b in x[:i]])
        for x in (each / spread for each in logs)
    ]
    assert diversity(generated, real, 0)[0] == pytest.approx(medians[0] / medians[1], rel=1e-9)


def test_a_frequency_that_never_varies_does_not_count_alone():
    """Rounding gives 100 equal numbers a spread of 1e-16."""
    generated, real = spectra(40, 1), spectra(100, 2).assign(spectrum_003=7.0)
    assert diversity(generated, real, 0)[0] < 2


def test_other_columns_do_not_matter():
    generated, real = spectra(20, 1), spectra(30, 2)
    plain = diversity(generated, real, 0)
    assert diversity(generated.assign(histogram_000=np.arange(20)), real.assign(score=np.nan), 0) == plain


def test_power_of_zero_is_no_error():
    generated = spectra(20, 1)
    generated.loc[3, "spectrum_003"] = 0.0
    assert np.isfinite(diversity(generated, spectra(30, 2), 0)).all()


def blackened(table, share):
    out = table.copy()
    out.loc[: round(share * len(out)) - 1] = 0.0
    return out


@pytest.mark.parametrize("share", [0.2, 0.5, 0.75])
def test_empty_images_do_not_count(share):
    """By their logarithm, -12 in place of 3, half of them would be an enormous diversity."""
    generated, real = spectra(80, 1), spectra(60, 2)
    lit = generated[round(share * 80) :]
    assert diversity(blackened(generated, share), real, 0) == diversity(lit, real, 0)
    assert diversity(lit, blackened(real, share), 0) == diversity(lit, real[round(share * 60) :], 0)


def test_a_model_of_empty_images_has_none_and_real_ones_are_needed():
    value, error = diversity(blackened(spectra(30, 1), 28 / 30), spectra(20, 2), 0)
    assert value == 0
    assert np.isnan(error)
    with pytest.raises(GalforgeError, match="2 real images that are not empty"):
        diversity(spectra(30, 1), blackened(spectra(20, 2), 0.9), 0)


@pytest.mark.parametrize(("count", "of_real"), [(30, 110), (110, 30)])
def test_the_error_is_the_scatter_over_samples(count, of_real):
    """Of new images of both kinds, whichever are fewer: pairs are not independent."""
    found = np.array([diversity(spectra(count, seed), spectra(of_real, 1000 + seed), 0) for seed in range(50)])
    scatter, error = found[:, 0].std(ddof=1), found[:, 1].mean()
    assert 0.75 < error / scatter < 1.35
    assert abs(found[:, 0].mean() - 1) < 3 * scatter / np.sqrt(50) + 0.02
    pairs = pdist(np.log10(spectra(count, 0).filter(like="spectrum").to_numpy()))
    assert error > 2 * pairs.std() / pairs.mean() / np.sqrt(len(pairs))


def test_the_seed_decides_which_images_are_compared(monkeypatch):
    monkeypatch.setattr(module, "MOST", 25)
    generated, real = spectra(60, 1), spectra(60, 2)
    one, again, other = (diversity(generated, real, seed) for seed in (4, 4, 5))
    assert one == again
    assert one[0] != other[0]
    # Not so the first images, which would be no random choice.
    assert one[0] != diversity(generated[:25], real[:25], 4)[0]


def test_below_the_most_all_images_count():
    generated, real = spectra(30, 1), spectra(40, 2)
    assert diversity(generated, real, 1)[0] == pytest.approx(diversity(generated[::-1], real, 2)[0], rel=1e-12)
