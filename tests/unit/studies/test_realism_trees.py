"""Scorers that are trees: planted relations, features without values, and the file of a trained scorer."""

import base64
import json

import numpy as np
import pandas as pd
import pytest

from galforge.errors import GalforgeError
from galforge.studies.realism.features import columns_of, scored
from galforge.studies.realism.settings import BEST
from galforge.studies.realism.trees import Scorer, build, fit_scorer
from toys import realism as toys

SETTINGS = toys.settings()


@pytest.fixture(scope="module")
def table():
    return toys.table(300, others=40)


@pytest.fixture(scope="module")
def fitted(table, tmp_path_factory):
    path = tmp_path_factory.mktemp("scorer") / "scorer.json"
    fit_scorer(table, BEST, SETTINGS, path)
    return path


def pipeline_of(table, scorer=BEST, settings=SETTINGS):
    """A pipeline that is trained as scorers are, and the features that it takes."""
    rows = scored(table)
    names = columns_of(rows, scorer.partition("-")[2])
    matrix = rows[names].to_numpy(np.float32)
    return build(scorer, settings).fit(matrix, rows["score"].to_numpy(np.float32)), names


def test_the_median_ignores_features():
    median = build("median-none", SETTINGS).fit(np.zeros((4, 0)), np.array([1.0, 2.0, 4.0, 9.0]))
    assert np.array_equal(median.predict(np.ones((3, 2))), [3.0, 3.0, 3.0])


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("scorer", [BEST, "random_forest-histogram_power_spectrum", "xgboost-individual_interaction"])
def test_features_without_values_are_taken(scorer):
    table = toys.table(120)
    names = columns_of(table, scorer.partition("-")[2])
    table.loc[::3, names[0]] = np.nan
    table[names[1]] = np.float32(np.nan)
    regressor, _ = pipeline_of(table, scorer)
    found = regressor.predict(table[names].to_numpy(np.float32))
    assert np.isfinite(found).all()
    assert found.std() > 0.1


@pytest.mark.parametrize("scorer", [BEST, "random_forest-histogram"])
def test_the_seed_decides_the_trees(table, scorer):
    names = columns_of(table, scorer.partition("-")[2])
    matrix = table[names].to_numpy(np.float32)
    one, again, other = (pipeline_of(table, scorer, toys.settings(seed=seed))[0].predict(matrix) for seed in (0, 0, 1))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_properties_have_settings_of_their_own():
    few = toys.settings(xgboost_properties=toys.XGBOOST.model_copy(update={"n_estimators": 7}))
    assert build("xgboost-basic_3", few)[1].n_estimators == 7
    assert build("xgboost-histogram", few)[1].n_estimators == toys.XGBOOST.n_estimators


def test_scores_are_those_of_the_trained_pipeline(table, fitted):
    """Trees cut at values that images have: features that differ in their last digit may fall on the other side."""
    pipeline, names = pipeline_of(table)
    found = Scorer.load(fitted).score(table)
    assert found.dtype == np.float64
    assert found == pytest.approx(pipeline.predict(table[names].to_numpy(np.float32)), abs=1e-5)


def test_scores_come_near_the_planted_ones(fitted):
    new = toys.table(200, seed=9)
    error = np.abs(Scorer.load(fitted).score(new) - toys.planted(new)).mean()
    assert error < 0.5 * np.abs(toys.planted(new) - np.median(toys.planted(new))).mean()


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_features_without_values_are_scored_from_a_file(tmp_path):
    table = toys.table(120)
    table.loc[::3, "histogram_001"] = np.nan
    table["histogram_002"] = np.float32(np.nan)
    path = tmp_path / "scorer.json"
    fit_scorer(table, BEST, SETTINGS, path)
    pipeline, names = pipeline_of(table)
    assert Scorer.load(path).score(table) == pytest.approx(
        pipeline.predict(table[names].to_numpy(np.float32)), abs=1e-5
    )


def test_training_twice_gives_the_same_file(table, fitted, tmp_path):
    fit_scorer(table, BEST, SETTINGS, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == fitted.read_bytes()


def test_only_images_of_the_scored_set_are_trained_on(table, fitted, tmp_path):
    """Scores of others, such as those that a mock knows, are poisoned here."""
    poisoned = table.assign(score=np.where(table["set"] == "scored", table["score"], 1e6))
    fit_scorer(poisoned, BEST, SETTINGS, tmp_path / "poisoned.json")
    assert (tmp_path / "poisoned.json").read_bytes() == fitted.read_bytes()
    assert json.loads(fitted.read_text())["images"] == 300


def test_columns_may_stand_in_another_order(table, fitted):
    scorer = Scorer.load(fitted)
    assert np.array_equal(scorer.score(table[table.columns[::-1]]), scorer.score(table))
    rows = table[scorer.columns].to_numpy(np.float32)
    assert np.array_equal(scorer.score_rows(rows[:1]), scorer.score(table)[:1])


def test_the_file_is_plain_json(fitted):
    """Nothing that could run: text, numbers, and trees that are JSON again."""
    read = json.loads(fitted.read_text())
    assert set(read) == {"format", "scorer", "columns", "mean", "scale", "images", "trees", "digest"}
    assert "learner" in json.loads(base64.b64decode(read["trees"]))


def damaged(read, what):
    if what in ("columns", "trees", "mean", "scale", "scorer"):
        return {name: value for name, value in read.items() if name != what}
    return {
        "another version": read | {"format": "galforge scorer 0"},
        "a list": [read],
        "a number": 1,
        "no base 64": read | {"trees": "!"},
        "no trees": read | {"trees": base64.b64encode(b"{}").decode()},
        "a short mean": read | {"mean": read["mean"][1:]},
        "a scale of text": read | {"scale": ["a"] * len(read["scale"])},
        "trees of fewer features": read
        | {name: value[:-1] for name, value in read.items() if name in ("columns", "mean", "scale")},
    }[what]


@pytest.mark.parametrize(
    "what",
    [
        *("columns", "trees", "mean", "scale", "scorer", "another version", "a list", "a number", "no base 64"),
        *("no trees", "a short mean", "a scale of text", "trees of fewer features"),
    ],
)
def test_foreign_files_are_refused(fitted, tmp_path, what):
    path = tmp_path / "scorer.json"
    path.write_text(json.dumps(damaged(json.loads(fitted.read_text()), what)))
    with pytest.raises(GalforgeError, match=r"scorer\.json.*remove it and run again"):
        Scorer.load(path)


def test_files_that_are_cut_off_or_absent_are_refused(fitted, tmp_path):
    cut = tmp_path / "cut.json"
    cut.write_bytes(fitted.read_bytes()[:-20])
    binary = tmp_path / "binary.json"
    binary.write_bytes(b"\x80\x04\x95\xff")
    for path in (cut, binary, tmp_path / "absent.json"):
        with pytest.raises(GalforgeError, match=path.name):
            Scorer.load(path)


def test_features_of_smaller_images_are_refused(table, fitted):
    with pytest.raises(GalforgeError, match=r"lack 1 columns, such as spectrum_004.*size"):
        Scorer.load(fitted).score(table.drop(columns="spectrum_004"))


def test_features_of_larger_images_are_refused(table, fitted):
    """They have all columns of smaller ones and mean other frequencies by them."""
    with pytest.raises(GalforgeError, match=r"spectrum_005.*size"):
        Scorer.load(fitted).score(table.assign(spectrum_005=np.float32(1)))


def test_blocks_that_a_scorer_does_not_take_do_not_matter(table, fitted):
    scorer = Scorer.load(fitted)
    assert np.array_equal(scorer.score(table.assign(hog_0000=0.0)), scorer.score(table))


def test_no_scores_are_no_scorer(table, tmp_path):
    with pytest.raises(GalforgeError, match="no images with a score"):
        fit_scorer(table[table["set"] != "scored"], BEST, SETTINGS, tmp_path / "scorer.json")
    assert not (tmp_path / "scorer.json").exists()
    with pytest.raises(GalforgeError, match="spectrum"):
        fit_scorer(
            pd.DataFrame(table.drop(columns=[name for name in table if name.startswith("spectrum")])),
            BEST,
            SETTINGS,
            tmp_path / "scorer.json",
        )
