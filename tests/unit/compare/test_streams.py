"""Features that are read in blocks give what the whole array gives, by formulas of numpy and scipy."""

import numpy as np
import pandas as pd
import pytest
import scipy.linalg
import scipy.spatial.distance

from galforge.compare import streams
from galforge.compare.frechet import frechet, influences
from galforge.compare.kernel import kid
from galforge.compare.memorisation import memorisation
from galforge.compare.normals import moments
from galforge.compare.settings import CompareSettings
from galforge.compare.streams import Pool, all_alike, finite, mean, samples
from galforge.measure import stored
from galforge.measure.stored import read, write
from galforge.measure.vectors import FileRows, rows_of, with_vectors

COUNTS, WIDTH = (230, 170), 9


@pytest.fixture
def both(tmp_path, monkeypatch):
    """Features of a source and of a model: as arrays, and as rows of files in several groups; blocks are small."""
    monkeypatch.setattr(streams, "BLOCK", 64)
    monkeypatch.setattr(streams, "AT_ONCE", 100 * WIDTH)
    monkeypatch.setattr(stored, "GROUP_BYTES", 4 * WIDTH * 50)
    draws, arrays, files = np.random.default_rng(5), [], []
    for side, count in enumerate(COUNTS):
        values = (draws.normal(0.3 * side, 1 + 0.2 * side, (count, WIDTH)) @ draws.normal(size=(WIDTH, WIDTH))) + 20
        arrays.append(values.astype(np.float32))
        path = tmp_path / f"{side}.parquet"
        write(with_vectors(pd.DataFrame({"index": np.arange(count)}), {"features": arrays[-1]}), path)
        files.append(rows_of(read(path), "features"))
    assert all(isinstance(file, FileRows) for file in files)
    return arrays, files


def test_means_and_what_is_finite(both):
    (array, _), (file, _) = both
    np.testing.assert_allclose(mean(file), array.astype(float).mean(axis=0), rtol=1e-12)
    assert np.isnan(mean(array[:0])).all()
    blank = array.copy()
    blank[[3, 100], [0, 5]] = np.nan, np.inf
    assert np.flatnonzero(~finite(blank)).tolist() == [3, 100]
    assert finite(array[:0]).shape == (0,)
    assert all_alike(np.ones((200, 3)))
    assert not all_alike(file)


def test_samples_come_in_their_order(both):
    (array, _), (file, _) = both
    draws = np.random.default_rng(0)
    places = [draws.choice(len(array), size) for size in (40, 70, 0, 90, 5, 150)]
    found = list(samples(file, places))
    assert len(found) == len(places)
    for own, sample in zip(places, found, strict=True):
        np.testing.assert_array_equal(sample, array[own])


def test_a_pool_is_one_sample_behind_the_other(both):
    arrays, files = both
    pool, whole = Pool(*files), np.concatenate(arrays)
    assert pool.shape == whole.shape
    np.testing.assert_array_equal(pool[200:260], whole[200:260])
    places = np.array([399, 0, 230, 229, 5, 5])
    np.testing.assert_array_equal(pool[places], whole[places])


def test_moments_of_several_samples_are_numpy_s(both):
    arrays, files = both
    pool, whole = Pool(*files), np.concatenate(arrays).astype(float)
    order = np.random.default_rng(1).permutation(len(whole))
    places = [order[:100], order[100:130], order[200:]]
    found = moments(pool, places, whole.mean(axis=0))
    for own, sums in zip([*places, order[:130]], [*found, found[0] + found[1]], strict=True):
        fitted = sums.normal(1)
        np.testing.assert_allclose(fitted.mean, whole[own].mean(axis=0), rtol=1e-6)
        expected = np.cov(whole[own], rowvar=False)
        np.testing.assert_allclose(fitted.covariance, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


def test_distances_are_those_of_whole_matrices(both):
    arrays, files = both
    first, second = (side.astype(float) for side in arrays)
    covariances = [np.cov(side, rowvar=False) for side in (first, second)]
    apart = first.mean(axis=0) - second.mean(axis=0)
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1]).real
    expected = apart @ apart + np.trace(covariances[0] + covariances[1] - 2 * root)
    assert frechet(*files) == pytest.approx(expected, rel=1e-6)
    for stream, array in zip(influences(*files), influences(*arrays), strict=True):
        np.testing.assert_allclose(stream, array, rtol=1e-9, atol=1e-9)
    kernel = [(a @ b.T / WIDTH + 1) ** 3 for a, b in ((first, first), (second, second), (first, second))]
    alike = [(k.sum() - np.trace(k)) / (len(k) * (len(k) - 1)) for k in kernel[:2]]
    settings = CompareSettings(fid_bootstrap=20).of("features", "corrected", False)
    assert kid(*files, settings).value == pytest.approx(alike[0] + alike[1] - 2 * kernel[2].mean(), rel=1e-6)


def test_memorisation_is_that_of_all_pairs(both):
    arrays, files = both
    split = np.array(["train", "train", "test", ""])[np.arange(COUNTS[0]) % 4]
    settings = CompareSettings().of("features", "corrected", False)
    found = memorisation(files[0], split, files[1], settings)
    training = arrays[0][split != "test"]
    kept, new = (
        scipy.spatial.distance.cdist(side.astype(float), training.astype(float)).min(axis=1)
        for side in (arrays[0][split == "test"], arrays[1])
    )
    nearer = np.mean((new[:, None] < kept) + 0.5 * (new[:, None] == kept))
    assert found.value == pytest.approx(nearer - 0.5, abs=1e-3)
    assert (found.n_source, found.n_generated) == (len(kept), len(new))
