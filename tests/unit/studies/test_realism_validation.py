"""Cross-validation of scorers: what they find, what the folds are, and that no image is known before it is scored."""

import numpy as np
import pytest

from galforge.errors import GalforgeError
from galforge.studies.realism import validation
from galforge.studies.realism.folds import folds_of
from galforge.studies.realism.validation import cross_validate
from toys import realism as toys

SETTINGS = toys.settings()


@pytest.fixture(scope="module")
def table():
    return toys.table(300, others=30, texture=True)


def mae(found):
    return float(np.abs(found["predicted"] - found["score"]).mean())


class Memory:
    """Knows the score of every image that it was trained on, and says 1000 of any other."""

    def fit(self, features, scores):
        self.known = dict(zip(map(bytes, features), scores, strict=True))
        return self

    def predict(self, features):
        return np.array([self.known.get(bytes(row), 1000.0) for row in features])


def test_the_median_has_its_analytic_error(table):
    """Over the folds: the error of the median of the others."""
    found = cross_validate(table, "median-none", SETTINGS)
    scores, folds = found["score"].to_numpy(), found["fold"].to_numpy()
    errors = [np.abs(scores[folds == fold] - np.median(scores[folds != fold])).sum() for fold in range(4)]
    assert mae(found) == pytest.approx(sum(errors) / 300, rel=1e-12)
    assert mae(found) == pytest.approx(np.abs(scores - np.median(scores)).mean(), rel=0.02)


@pytest.mark.parametrize("model", ["xgboost", "random_forest"])
@pytest.mark.parametrize("features", ["histogram", "histogram_power_spectrum", "histogram_hog_lbp"])
def test_planted_relations_are_found(table, model, features):
    line = mae(cross_validate(table, "median-none", SETTINGS))
    found = cross_validate(table, f"{model}-{features}", SETTINGS)
    assert mae(found) < 0.45 * line
    assert np.corrcoef(found["score"], found["predicted"])[0, 1] > 0.85


@pytest.mark.parametrize("scorer", ["xgboost-power_spectrum", "random_forest-fourier", "xgboost-basic_3"])
def test_features_that_say_nothing_do_not_beat_the_median(table, scorer):
    """A scorer that saw the images before would."""
    assert mae(cross_validate(table, scorer, SETTINGS)) > 0.95 * mae(cross_validate(table, "median-none", SETTINGS))


def test_no_image_is_scored_by_one_that_was_trained_on_it(table, monkeypatch):
    monkeypatch.setattr(validation, "build", lambda scorer, settings: Memory())
    found = cross_validate(table, "xgboost-histogram", SETTINGS)
    assert (found["predicted"] == 1000).all()


def test_all_other_images_are_trained_on(table, monkeypatch):
    seen = []

    class Counting(Memory):
        def fit(self, features, scores):
            seen.append(scores)
            return super().fit(features, scores)

    monkeypatch.setattr(validation, "build", lambda scorer, settings: Counting())
    found = cross_validate(table, "xgboost-histogram", SETTINGS)
    for fold, scores in enumerate(seen):
        assert np.array_equal(scores, found["score"][found["fold"] != fold])


@pytest.mark.parametrize("scorer", ["xgboost-histogram", "random_forest-histogram", "median-none"])
def test_scores_of_labelled_and_query_images_are_never_used(table, scorer):
    poisoned = table.assign(score=np.where(table["set"] == "scored", table["score"], 1e6))
    found, plain = (cross_validate(each, scorer, SETTINGS) for each in (poisoned, table))
    assert found.equals(plain)
    assert np.array_equal(found["index"], np.arange(300))


def test_rows_are_those_of_their_images(table):
    """Whatever stands before them in the table."""
    found = cross_validate(table[::-1], "xgboost-histogram", SETTINGS)
    assert np.array_equal(found["index"], np.arange(300)[::-1])
    assert found["score"].to_numpy() == pytest.approx(toys.planted(table)[:300][::-1], abs=1e-6)
    assert list(found.columns) == ["index", "score", "fold", "predicted"]


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("scorer", ["xgboost-individual", "random_forest-individual"])
def test_missing_features_are_taken(table, scorer):
    """The relation is planted into a column half of which is missing, and one is missing everywhere."""
    own = table.assign(individual_001=np.where(table["index"] % 2, table["score"], np.nan))
    own = own.assign(individual_002=np.float32(np.nan))
    found = cross_validate(own, scorer, SETTINGS)
    assert np.isfinite(found["predicted"]).all()
    known = found["index"] % 2 == 1
    assert mae(found[known]) < 0.6 * mae(found[~known])


def test_folds_are_equal_parts():
    for count in (5, 17, 960):
        sizes = np.bincount(folds_of(count, toys.settings(folds=5)), minlength=5)
        assert sizes.sum() == count
        assert sizes.max() - sizes.min() <= 1


def test_folds_follow_from_the_seed_alone():
    one, again, other = (folds_of(200, toys.settings(seed=seed)) for seed in (3, 3, 4))
    assert np.array_equal(one, again)
    assert 0.6 < np.mean(one != other) < 0.9
    # No fold is a run of neighbours, which are of one kind in the release.
    assert 0.6 < np.mean(one[1:] != one[:-1]) < 0.9


def test_scorers_share_their_folds(table):
    """Their errors are compared image by image."""
    one, other = (cross_validate(table, scorer, SETTINGS)["fold"] for scorer in ("median-none", "xgboost-basic_3"))
    assert one.equals(other)


def test_too_few_images_are_refused():
    with pytest.raises(GalforgeError, match=r"3 images with scores for 4 folds; lower"):
        cross_validate(toys.table(3), "median-none", SETTINGS)


def test_absent_features_are_refused(table):
    less = table.drop(columns=[name for name in table if name.startswith("hog")])
    with pytest.raises(GalforgeError, match=r"histogram_hog_lbp: the table has no columns hog_"):
        cross_validate(less, "xgboost-histogram_hog_lbp", SETTINGS)
