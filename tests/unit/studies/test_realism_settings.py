"""Settings of the study of realism: what is refused, and that a job reads nothing that its spec lacks."""

import pytest
from pydantic import ValidationError

from galforge.studies.realism.chosen import chosen
from galforge.studies.realism.folds import folds_of
from galforge.studies.realism.settings import (
    BEST,
    COMMON,
    SCORERS,
    CnnSettings,
    RealismSettings,
    ResnetSettings,
    XGBoostSettings,
    section,
)
from galforge.studies.realism.trees import build
from toys import realism as toys


def test_the_scorers_are_the_rows_of_the_table():
    assert len(SCORERS) == len(set(SCORERS)) == 16
    assert BEST in SCORERS
    assert RealismSettings().scorers == list(SCORERS)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"scorers": [BEST, "xgboost-image"]}, "'xgboost-image' is not one of median-none"),
        ({"scorers": [BEST, "median-none", BEST]}, "names one twice"),
        ({"scorers": ["median-none"]}, f"{BEST!r} must be one of scorers"),
        ({"scorer": "median-none"}, "'median-none' must be one of scorers and of xgboost-basic_3"),
        ({"scorer": "random_forest-histogram"}, "must be one of scorers and of"),
        ({"scorer": "xgboost-fourier"}, "must be one of scorers and of"),
        ({"scorer": "xgboost-histogram_hog_lbp"}, "must be one of scorers and of"),
        ({"scorers": []}, "at least 1 item"),
        ({"folds": 1}, "greater than or equal to 2"),
        ({"xgboost": {"trees": 3}}, "trees"),
        ({"device": "tpu"}, "device"),
    ],
)
def test_what_makes_no_sense_is_refused(changed, message):
    with pytest.raises(ValidationError, match=message):
        RealismSettings(**changed)


@pytest.mark.parametrize(
    "scorer", ["xgboost-histogram", "xgboost-power_spectrum", "xgboost-basic_3", "xgboost-individual_interaction"]
)
def test_generated_images_are_scored_by_features_that_they_have(scorer):
    assert RealismSettings(scorer=scorer).scorer == scorer


@pytest.mark.parametrize("field", ["learning_rate", "subsample", "colsample_bytree"])
def test_shares_of_nothing_are_refused(field):
    with pytest.raises(ValidationError, match=field):
        XGBoostSettings(**{field: 0.0})


def test_small_images_are_refused():
    for own in (CnnSettings, ResnetSettings):
        with pytest.raises(ValidationError, match="side"):
            own(side=31)


@pytest.mark.parametrize("scorer", SCORERS)
def test_each_scorer_has_a_section(scorer):
    name = section(scorer)
    assert name == "" if scorer == "median-none" else name in RealismSettings.model_fields
    assert (name == "xgboost_properties") == (
        scorer.partition("-")[2] in ("basic_3", "individual", "individual_interaction")
    )


def test_what_the_spec_lacks_cannot_be_read():
    whole = toys.settings().spec()
    own = chosen({name: whole[name] for name in ("folds", "seed", "xgboost")})
    assert own.folds == 4
    assert own.xgboost == toys.XGBOOST
    for name in ("threads", "random_forest", "scorers"):
        with pytest.raises(AttributeError, match=name):
            getattr(own, name)
    assert len(folds_of(8, own)) == 8
    with pytest.raises(AttributeError, match="threads"):
        build("xgboost-histogram", own)


@pytest.mark.parametrize("scorer", [name for name in SCORERS if not name.endswith("image")])
def test_scorers_read_the_common_settings_and_their_section(scorer):
    whole = toys.settings().spec()
    own = chosen({name: whole[name] for name in (*COMMON, section(scorer)) if name})
    build(scorer, own)
    folds_of(8, own)


def test_a_section_keeps_its_kind():
    read = chosen({"resnet": ResnetSettings(width=8).spec(), "device": "cpu"})
    assert isinstance(read.resnet, ResnetSettings)
    assert (read.resnet.width, read.resnet.side, read.device) == (8, 224, "cpu")
