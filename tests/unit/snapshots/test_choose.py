"""Scores of snapshots of which it is known how good they are, and the choice among them."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from galforge.atomic import link
from galforge.compare import power_spectrum
from galforge.compare.settings import ComparisonSettings
from galforge.errors import GalforgeError
from galforge.measure.power_spectrum.measure import measure
from galforge.measure.power_spectrum.settings import MeasureSettings
from galforge.models import weights
from galforge.models.normalisation import Normalisation
from galforge.snapshots.choose import choose
from galforge.snapshots.score import score, validation
from galforge.stamps.file import Stamps, StampsWriter
from toys.galaxies import header

COUNT, SIDE, SEED = 150, 32, 7
COMPARE = {"protocol": "corrected", "bootstrap": 20, "halvings": 20, "seed": 0}


def split_of(index):
    return ("validation", "train", "test")[index % 3]


def noise(index, level=1.0):
    return (level * np.random.default_rng(index).standard_normal((1, SIDE, SIDE))).astype(np.float32)


def write(path, level_of, splits=split_of):
    with StampsWriter(path, (1, SIDE, SIDE), header(1), capacity=COUNT) as writer:
        for index in range(COUNT):
            writer.append(noise(index, level_of(index)), name=str(index), split=splits(index), level=level_of(index))
    return path


def measurements(stamps):
    with Stamps(stamps) as opened:
        found = measure(opened, 0, len(opened), MeasureSettings(), 0, 0.0, 0)
    found.attrs = {"origin": "mock", "noise_sigma": 0.0, "side": SIDE, "bands": ["g"], "engine": ""}
    return found


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Stamps of white noise of sd 3 in the validation split, and of sd 1 in the others, and their measurements."""
    stamps = write(tmp_path_factory.mktemp("source") / "source.h5", lambda i: 3.0 if i % 3 == 0 else 1.0)
    measurements(stamps).to_parquet(stamps.with_suffix(".parquet"), index=False)
    return stamps


@pytest.fixture
def scored(source, tmp_path):
    """A function that scores white noise of a level as segment i of a training, and gives the file of the score."""

    def make(index, level, seen, count=60, told=(), **drawing):
        exported = tmp_path / f"weights_{index}.safetensors"
        about = {
            "family": "toys.level",
            "network_settings": {"conditions": list(told)},
            "shape": [1, SIDE, SIDE],
            "normalisation": Normalisation("linear", (1.0,), (0.0,), (1.0,)).spec(),
            "header": header(1).to_json(),
            "images_seen": seen,
            "seed": SEED,
        }
        weights.write(exported, {"level": torch.tensor(float(level))}, about)
        spec = {
            "drawing": {"seed": SEED, "batch": 16, "device": "cpu", "threads": 1, "count": count, **drawing},
            "by": "power_spectrum",
            "measure": {"family": "power_spectrum", "settings": MeasureSettings().spec(), "band": 0},
            "distance": {
                "comparison": "power_spectrum",
                "metric": "wasserstein",
                "property": "average",
                "settings": COMPARE,
            },
        }
        given = dict.fromkeys(("noise", "scale", "weights"))
        found = score(spec, exported, source, source.with_suffix(".parquet"), given, "toy-seed7")
        path = tmp_path / f"score_{index}.json"
        path.write_text(json.dumps(found))
        return path

    return make


def read(path):
    return json.loads(path.read_text())


def cost(tmp_path, index, **more):
    path = tmp_path / f"state_{index}.cost.json"
    path.write_text(json.dumps({"seconds": 1.0, "processes": 1, "threads": 1, "device": "cpu", **more}))
    return path


def test_the_distance_is_that_of_the_tables_from_the_validation_split_alone(source, scored, tmp_path):
    """In a flat spectrum of log amplitudes W1 is the ratio of the levels, log10(3 / 2)."""
    found = read(scored(0, 2.0, 40))
    assert found["value"] == pytest.approx(np.log10(1.5), abs=0.02)
    assert (found["n_source"], found["n_generated"]) == (50, 60)
    whole = measurements(source)
    assert power_spectrum.compare(whole, whole[::2], ComparisonSettings.from_spec(COMPARE))["value"].iloc[-3] < 0.05
    assert found["images_seen"] == 40
    assert found["floor"] == pytest.approx(0.02, abs=0.02)
    assert (found["by"], found["metric"], found["property"]) == ("power_spectrum", "wasserstein", "average")


def test_images_that_choose_are_none_of_those_that_are_shown_and_alike_in_all_snapshots(scored, tmp_path, monkeypatch):
    from galforge.sampling.sample import sample
    from galforge.snapshots import score as module

    drawn = []

    def keep(exported, out, *arguments):
        account = sample(exported, out, *arguments)
        with Stamps(out) as stamps:
            drawn.append(stamps.images[:4] / (2.0 + len(drawn)))
        return account

    monkeypatch.setattr(module, "sample", keep)
    for index in range(2):
        scored(index, 2.0 + index, 40 + index)
    sample(tmp_path / "weights_0.safetensors", tmp_path / "shown.h5", 0, 60, SEED, 16, "cpu")
    with Stamps(tmp_path / "shown.h5") as stamps:
        shown = stamps.images[:60] / 2.0
    np.testing.assert_allclose(drawn[0], drawn[1], rtol=1e-6)
    assert not any(np.allclose(one, other) for one in drawn[0] for other in shown)


def test_conditions_are_those_of_the_validation_split(scored):
    """Told the levels of the validation split, which the test split does not have, the toy is right."""
    asked = {"columns": ["level"], "told": True, "source": "test", "seed": 0}
    found = read(scored(0, 1.0, 40, told=["level"], conditions=asked))
    assert found["value"] < 0.05


def test_the_nearest_is_chosen_and_a_state_that_was_passed_on_counts_once(scored, tmp_path):
    files = [scored(0, 1.0, 40), scored(1, 2.8, 80), scored(2, 6.0, 120), scored(3, 6.0, 120)]
    choice = choose(files, cost(tmp_path, 3))
    assert (choice["segment"], choice["images_seen"], choice["of"], choice["images_total"]) == (1, 80, 3, 120)
    assert choice["value"] == read(files[1])["value"]
    assert [each["images_seen"] for each in choice["scores"]] == [40, 80, 120]
    assert choice["diverged"] is None


def test_of_equal_ones_the_first_is_chosen_and_blank_ones_are_not(scored, tmp_path):
    files = [scored(0, 2.0, 40), scored(1, 2.0, 80)]
    blank = tmp_path / "score_2.json"
    blank.write_text(json.dumps(read(files[0]) | {"value": None, "images_seen": 120}))
    assert choose([*files, blank], cost(tmp_path, 2))["segment"] == 0
    assert choose([blank, *files], cost(tmp_path, 2))["segment"] == 1
    with pytest.raises(GalforgeError, match="choose by: power_spectrum, which can always be measured"):
        choose([blank], cost(tmp_path, 2))


def test_a_divergence_is_part_of_the_choice(scored, tmp_path):
    said = {"images_seen": 90, "why": "the loss is nan"}
    choice = choose([scored(0, 2.0, 40)], cost(tmp_path, 0, diverged=said))
    assert choice["diverged"] == said
    assert choice["images_total"] == 90


def test_scores_of_different_measures_are_no_choice(scored, tmp_path):
    files = [scored(0, 2.0, 40), tmp_path / "other.json"]
    files[1].write_text(json.dumps(read(files[0]) | {"by": "morphology", "images_seen": 80}))
    with pytest.raises(GalforgeError, match="different distances"):
        choose(files, cost(tmp_path, 1))


def test_weights_are_handed_on_under_a_second_name(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
        link(tmp_path / name, tmp_path / "snapshot")
        assert (tmp_path / "snapshot").samefile(tmp_path / name)
    assert (tmp_path / "one").read_text() == "one"


def test_a_source_without_a_validation_split_or_with_other_measurements_is_refused(source, tmp_path):
    stamps = write(tmp_path / "none.h5", lambda i: 1.0, lambda i: "train")
    with pytest.raises(GalforgeError, match="no stamps in its validation split"):
        validation(stamps, source.with_suffix(".parquet"))
    pd.read_parquet(source.with_suffix(".parquet")).iloc[1:].to_parquet(tmp_path / "short.parquet")
    with pytest.raises(GalforgeError, match="has 149 rows for the 150 stamps"):
        validation(source, tmp_path / "short.parquet")
