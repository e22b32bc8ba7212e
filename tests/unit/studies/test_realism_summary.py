"""Rows of the tables of the study: against numbers by hand, and that tables are made of them."""

import json

import numpy as np
import pandas as pd
import pytest

from galforge.papers import assembly, registry
from galforge.papers.gantastic2020.tables import FEATURES
from galforge.report import formats
from galforge.studies.realism.diversity import diversity
from galforge.studies.realism.rows import experiment_rows
from galforge.studies.realism.settings import BEST, SCORERS
from galforge.studies.realism.summary import class_agreement, generator_rows, real_rows, scorer_rows
from toys import realism as toys

ABOUT = {"dataset": "sparse", "origin": "mock", "scorer": BEST, "real_score": 2.0, "held_out": "stripes"}
WHO = "xgboost histogram+power_spectrum"
TABLES = {name: registry.table(f"gantastic2020/{name}") for name in ("table1", "table2", "experiments")}


def row_of(rows, metric, name=None, model=None):
    """The only row of a metric (of a property, of a model)."""
    found = rows[rows["metric"] == metric]
    found = found if name is None else found[found["property"] == name]
    found = found if model is None else found[found["model"] == model]
    assert len(found) == 1
    return found.iloc[0]


def predictions(seed=0, count=40):
    random = np.random.default_rng(seed)
    score = random.uniform(0, 5, count)
    return pd.DataFrame({"index": np.arange(count), "score": score, "predicted": score + random.normal(0, 0.5, count)})


def scores_of_all():
    """Three sets; of the query, some with the corruption that no training image has."""
    kinds = ["stripes", "noise", "noise+stripes", "", "stripes2", "stripes"]
    return pd.DataFrame(
        {
            "set": ["scored"] * 2 + ["labeled"] * 3 + ["query"] * 6,
            "label": [np.nan] * 2 + [1.0, 0.0, 1.0] + [np.nan] * 6,
            "kind": ["stripes", "", "", "", "", *kinds],
            "truth": [np.nan] * 5 + [1.0, 2.0, 3.0, 4.0, 5.0, np.nan],
            "predicted": [0.0, 0.0, 1.5, 7.0, 2.5, 1.1, 2.2, 3.3, 4.4, 5.5, 90.0],
        }
    )


@pytest.fixture
def scorers():
    given = {"median-none": predictions(1), BEST: predictions(2), "random_forest-histogram_hog_lbp": predictions(3)}
    return given, scorer_rows(given, scores_of_all(), ABOUT)


def test_errors_are_means_over_images(scorers):
    given, rows = scorers
    names = {"median-none": ("median", "none"), BEST: ("xgboost", "histogram+power_spectrum")}
    names["random_forest-histogram_hog_lbp"] = ("random_forest", "histogram+hog+lbp")
    for scorer, (model, features) in names.items():
        own = given[scorer]
        error, score = np.abs(own.predicted - own.score).to_numpy(), own.score.to_numpy()
        expected = {"mae": error, "mae_standardised": error / np.std(score)}
        expected |= {"mae_fakes": error[score < 2], "mae_reals": error[score >= 2]}
        for metric, values in expected.items():
            row = row_of(rows, metric, features, model)
            assert row.value == pytest.approx(np.sum(values) / len(values), rel=1e-12)
            assert row.standard_error == pytest.approx(np.std(values, ddof=1) / len(values) ** 0.5, rel=1e-12)
            assert row.n_generated == len(values)


def test_a_score_of_the_boundary_is_real():
    table = pd.DataFrame({"score": [1.0, 2.0, 3.0], "predicted": [1.1, 2.2, 3.4]})
    rows = scorer_rows({"median-none": table}, scores_of_all(), ABOUT)
    assert row_of(rows, "mae_reals").value == pytest.approx(0.3)
    assert row_of(rows, "mae_fakes").value == pytest.approx(0.1)


def test_held_out_images_have_the_corruption(scorers):
    """stripes and noise+stripes of the query; stripes2 is another, and no truth is no error."""
    rows = scorers[1]
    held, known = row_of(rows, "mae_held_out"), row_of(rows, "mae_known")
    assert (held.model, held.property) == (known.model, known.property) == ("xgboost", "histogram+power_spectrum")
    assert held.value == pytest.approx((0.1 + 0.3) / 2)
    assert known.value == pytest.approx((0.2 + 0.4 + 0.5) / 3)
    assert held.standard_error == pytest.approx(0.1)
    assert (held.n_generated, known.n_generated) == (2, 3)


def test_without_held_out_images_there_are_no_such_rows():
    rows = scorer_rows({"median-none": predictions()}, scores_of_all(), ABOUT | {"held_out": ""})
    assert list(rows["metric"]) == ["mae", "mae_standardised", "mae_fakes", "mae_reals"]


def test_every_scorer_is_named_as_in_the_printed_table():
    rows = scorer_rows({name: predictions() for name in SCORERS}, scores_of_all(), ABOUT | {"held_out": ""})
    assert set(rows["property"]) == set(FEATURES)
    assert not rows.duplicated(["model", "metric", "property"]).any()


@pytest.fixture
def generated(tmp_path):
    """Everything that a model's rows are made of."""
    features, real = toys.table(30, seed=4), toys.table(10, seed=5, others=24)
    features.loc[2, "faint_share"] = np.nan
    features.loc[[2, 7, 25], "lit_share"] = 0
    scores = pd.DataFrame({"index": np.arange(30), "predicted": np.random.default_rng(6).uniform(0, 4, 30)})
    segments = [tmp_path / f"segment{number}.json" for number in range(3)]
    for number, path in enumerate(segments):
        path.write_text(json.dumps({"seconds": 10.5 + number, "device": "cpu"}))
    drawing = tmp_path / "drawing.json"
    drawing.write_text(json.dumps({"seconds": 4.25, "images": 20, "device": "cpu", "threads": 1}))
    return {"scores": scores, "features": features, "real": real, "segments": segments, "drawing": drawing}


ABOUT_MODEL = {"dataset": "sparse", "origin": "mock", "scorer": BEST, "images": 20, "thresholds": [9, 25]}
ABOUT_MODEL |= {"threshold": 10, "seed": 3}
RUN = {"model": "two_stage_conditional", "seed": "2"}


def galaxies_file(path):
    """A patch of each kind: right, wrong, two clusters of which the brighter counts, and none."""
    patches = np.zeros((8, 32, 32), dtype=np.uint8)
    patches[0, 10:13, 10:13] = 50  # 9 px: small
    patches[1, 10:13, 10:13] = 50
    patches[1, 13, 13] = 11  # 10 px, a corner touches: medium
    patches[2, 10:15, 10:15] = 200  # 25 px: medium
    patches[3, 10:16, 10:15] = 200  # 30 px: large
    patches[4, 2:4, 2:4] = 90  # 4 px, and a larger cluster that is fainter
    patches[4, 10:20, 10:20] = 60
    patches[5, 10:20, 10:20] = 10  # not above the threshold: none
    patches[6, 10:12, 10:12] = 30  # small, surrounded by what is at the threshold
    patches[6, 12:25, 10:25] = 10
    patches[7, 10:12, 10:12] = 30  # small
    asked = np.array([1, 2, 2, 3, 1, 1, 1, 3])
    return toys.write_stamps(path, patches, asked=asked), [1, 1, 1, 1, 1, 0, 1, 0]


def test_size_classes_are_those_asked_for(tmp_path):
    path, expected = galaxies_file(tmp_path / "galaxies.h5")
    found = class_agreement(path, [9, 25], 10)
    assert found.dtype == np.float64
    assert found.tolist() == expected
    assert class_agreement(path, [8, 25], 10).tolist()[0] == 0


def test_rows_of_a_model_are_of_its_first_images(generated, tmp_path):
    path, agreed = galaxies_file(tmp_path / "galaxies.h5")
    rows = generator_rows(**generated, galaxies=path, about=ABOUT_MODEL, run=RUN)
    first = generated["scores"]["predicted"][:20].to_numpy()
    score = row_of(rows, "mean_score", WHO)
    assert score.value == pytest.approx(first.mean(), rel=1e-12)
    assert score.standard_error == pytest.approx(first.std(ddof=1) / np.sqrt(20), rel=1e-12)
    assert (score.n_source, score.n_generated) == (12, 20)
    faint = row_of(rows, "faint_share", "clusters")
    assert faint.value == pytest.approx(np.nanmean(generated["features"]["faint_share"][:20]), rel=1e-6)
    assert faint.n_generated == 19
    assert row_of(rows, "empty_share", "images").value == 2 / 20
    assert row_of(rows, "train_seconds", "training").value == 10.5 + 11.5 + 12.5
    assert row_of(rows, "execution_seconds", "1000 images").value == 4.25
    agreement = row_of(rows, "class_agreement", "size_class")
    assert agreement.value == pytest.approx(np.mean(agreed))
    assert agreement.n_generated == 8
    assert set(rows["model"]) == {"two_stage_conditional"}
    assert set(rows["seed"]) == {2}
    for metric in ("train_seconds", "execution_seconds"):
        assert np.isnan(row_of(rows, metric).standard_error)


def test_diversity_is_beside_images_that_people_call_real(generated):
    """Not those that they call fakes, and not those of the other sets."""
    rows = generator_rows(**generated, galaxies=None, about=ABOUT_MODEL, run=RUN)
    row, real = row_of(rows, "diversity", "spectra"), generated["real"]
    value, error = diversity(generated["features"][:20], real[(real["label"] == 1) & (real["set"] == "labeled")], 3)
    assert (row.value, row.standard_error) == (value, error)
    poisoned = real.copy()
    others = poisoned["label"] != 1
    poisoned.loc[others, [name for name in real if name.startswith("spectrum")]] = 1e9
    again = generator_rows(**generated | {"real": poisoned}, galaxies=None, about=ABOUT_MODEL, run=RUN)
    assert again.equals(rows)


@pytest.mark.parametrize(("galaxies", "thresholds"), [(False, [9, 25]), (True, [])])
def test_without_size_classes_there_is_no_agreement(generated, tmp_path, galaxies, thresholds):
    path = galaxies_file(tmp_path / "galaxies.h5")[0] if galaxies else None
    rows = generator_rows(**generated, galaxies=path, about=ABOUT_MODEL | {"thresholds": thresholds}, run=RUN)
    assert "class_agreement" not in set(rows["metric"])


def test_rows_of_real_images(generated):
    """Those of the labelled set that people call real."""
    given, features = scores_of_all(), generated["real"]
    rows = real_rows(given, features, {name: ABOUT_MODEL[name] for name in ("dataset", "origin", "scorer", "images")})
    score = row_of(rows, "mean_score", WHO, "real")
    assert score.value == pytest.approx((1.5 + 2.5) / 2)
    assert score.n_generated == 2
    chosen = features[(features["set"] == "labeled") & (features["label"] == 1)]
    assert row_of(rows, "faint_share", "clusters", "real").value == pytest.approx(chosen["faint_share"].mean())
    # What the diversity of models is measured in.
    assert row_of(rows, "diversity", "spectra", "real").value == 1


def experiments(seed=0):
    random = np.random.default_rng(seed)
    swapped = pd.DataFrame(random.uniform(0, 3, (15, 2)), columns=["learned", "random"])
    spread = [pd.DataFrame(random.uniform(0, 1, (15, 2)), columns=["mean", "deviation"]) for _ in range(2)]
    return {"random_positions": swapped, "new_galaxies": spread[0], "shuffled_patches": spread[1]}


def test_rows_of_experiments_are_means_over_images():
    given = experiments()
    rows = experiment_rows(given, ABOUT, RUN)
    learned, random = (given["random_positions"][name].to_numpy() for name in ("learned", "random"))
    expected = {
        ("mean_score", "learned_positions"): learned,
        ("mean_score", "random_positions"): random,
        # Image by image: the error is that of the differences.
        ("score_difference", "random_positions"): random - learned,
        ("score_std", "new_galaxies"): given["new_galaxies"]["deviation"].to_numpy(),
        ("score_std", "shuffled_patches"): given["shuffled_patches"]["deviation"].to_numpy(),
    }
    assert len(rows) == 6
    for (metric, name), values in expected.items():
        row = row_of(rows, metric, name)
        assert row.value == pytest.approx(values.mean(), rel=1e-12)
        assert row.standard_error == pytest.approx(values.std(ddof=1) / np.sqrt(15), rel=1e-12)
        assert row.n_generated == 15


def test_scatter_between_images_has_the_error_of_a_normal_sample():
    given = experiments()
    row = row_of(experiment_rows(given, ABOUT, RUN), "score_std", "images")
    assert row.value == pytest.approx(given["random_positions"]["learned"].std(ddof=1), rel=1e-12)
    random = np.random.default_rng(1)
    scatter = random.normal(0, row.value, (4000, 15)).std(axis=1, ddof=1).std()
    assert row.standard_error == pytest.approx(scatter, rel=0.1)


@pytest.fixture
def distances(scorers, generated):
    about = {name: ABOUT_MODEL[name] for name in ("dataset", "origin", "scorer", "images")}
    return {
        "table1": [scorers[1]],
        "table2": [
            real_rows(scores_of_all(), generated["real"], about),
            *(
                generator_rows(**generated, galaxies=None, about=ABOUT_MODEL, run={"model": model, "seed": seed})
                for model, seed in (("baseline1", "0"), ("baseline1", "1"), ("end_to_end_gan", "0"))
            ),
        ],
        "experiments": [experiment_rows(experiments(), ABOUT, RUN)],
    }


@pytest.mark.parametrize("table", ["table1", "table2", "experiments"])
def test_tables_are_made_of_the_rows(distances, table, tmp_path):
    """As they come back from the files that jobs write."""
    paths = []
    for number, frame in enumerate(distances[table]):
        assert list(frame.columns) == list(assembly._DISTANCES)
        paths.append(tmp_path / f"{number}.csv")
        frame.to_csv(paths[-1], index=False, lineterminator="\n")
    read = assembly.read_distances(paths)
    of = TABLES[table]
    found = assembly.assemble(of, read, assembly.read_published([]))
    assert list(found.columns) == list(assembly.COLUMNS)
    whole = pd.concat(distances[table])
    assert len(found) == len(whole.drop_duplicates(["model", "metric", "property"]))
    for _, row in whole[whole["model"] != "baseline1"].iterrows():
        assert row_of(found, row["metric"], row["property"], row["model"])["value"] == pytest.approx(row["value"])
    # Every row has a name of its own, not that of the column.
    assert all(of.label(row.metric, row.property) != row.property for row in found.itertuples())
    assert set(found["metric"]) <= set(of.readings)
    formats.write(of, found, "demo", "0.5.7", [tmp_path / f"table.{kind}" for kind in ("csv", "md", "tex")])


def test_what_is_put_beside_real_images_has_a_row_of_them(distances):
    """Without one no value could be marked as that of real images."""
    found = pd.concat(distances["table2"])
    beside = found[found["metric"].map(TABLES["table2"].readings) == "beside"]
    keys = {who: set(map(tuple, rows[["metric", "property"]].to_numpy())) for who, rows in beside.groupby("model")}
    assert keys["baseline1"] == keys["real"]


def test_values_of_real_images_are_marked(distances, generated):
    real = distances["table2"][0]
    same = generated["scores"].assign(predicted=2.0 + 0.1 * np.sin(np.arange(30)))
    rows = generator_rows(**generated | {"scores": same}, galaxies=None, about=ABOUT_MODEL, run=RUN)
    found = assembly.assemble(TABLES["table2"], [real, rows], assembly.read_published([]))
    assert row_of(found, "mean_score", WHO, RUN["model"]).at_floor
    spectra = row_of(found, "diversity", "spectra", RUN["model"])
    assert spectra.at_floor == (abs(spectra["value"] - 1) <= 2 * spectra.standard_error)
    far = generated["scores"].assign(predicted=9.0 + 0.1 * np.sin(np.arange(30)))
    rows = generator_rows(**generated | {"scores": far}, galaxies=None, about=ABOUT_MODEL, run=RUN)
    found = assembly.assemble(TABLES["table2"], [real, rows], assembly.read_published([]))
    assert not row_of(found, "mean_score", WHO, RUN["model"]).at_floor
