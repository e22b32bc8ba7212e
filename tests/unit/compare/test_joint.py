"""The joint distribution: against POT and scikit-learn, and where only the joint distribution is wrong."""

import numpy as np
import ot
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from galforge.compare import joint, morphology, photometry
from galforge.compare.settings import CompareSettings, ComparisonSettings
from galforge.errors import GalforgeError
from galforge.seeds import generator


def settings(name: str = "joint", **given: int) -> ComparisonSettings:
    return CompareSettings(**({"bootstrap": 20, "permutations": 2, "directions": 32} | given)).of(
        name, "corrected", False
    )


def measured(count: int, seed: int, correlation: float = 0.0) -> pd.DataFrame:
    """All properties but the orientation normal, and correlated with one that stands for the mass."""
    draws = np.random.default_rng(seed)
    names = [*morphology.PROPERTIES.values(), *photometry.PROPERTIES]
    table = pd.DataFrame({name: draws.normal(size=count) for name in names})
    mass = draws.normal(size=count)
    for name in names:
        table[name] = np.sqrt(correlation) * mass + np.sqrt(1 - correlation) * table[name]
    table["orientation_centroid"] = draws.uniform(-np.pi / 2, np.pi / 2, count)
    magnitude = draws.normal(20, 1, count)
    for band, colour in (("g", 0.9), ("r", 0.4), ("i", 0.0)):
        table[f"magnitude_{band}"] = magnitude + colour + draws.normal(0, 0.1, count)
    return table.assign(segmented=True, flag=0.0)


def rows(table: pd.DataFrame) -> pd.DataFrame:
    assert list(table["property"]) == ["all", "all"]
    return table.set_index("metric")


def test_sliced_distance_agrees_with_pot():
    source, generated = measured(150, 0), measured(130, 1, 0.5)
    twice = [2 * side["orientation_centroid"] for side in (source, generated)]
    names = [name for name in morphology.PROPERTIES.values() if name != "orientation_centroid"]
    sides = [
        np.column_stack(
            [
                side[names],
                np.cos(angle),
                np.sin(angle),
                side[["log_flux", "surface_brightness", "sky_rms"]],
                side["magnitude_g"] - side["magnitude_r"],
                side["magnitude_r"] - side["magnitude_i"],
            ]
        )
        for side, angle in zip((source, generated), twice, strict=True)
    ]
    scales = sides[0].std(axis=0)
    chosen = settings()
    across = joint.directions(15, chosen)
    np.testing.assert_allclose((across**2).sum(axis=0), 1)
    expected = ot.sliced_wasserstein_distance(sides[0] / scales, sides[1] / scales, projections=across, p=1)
    found = rows(joint.compare(source, generated, chosen))
    assert found["value"]["sliced_wasserstein"] == pytest.approx(expected)
    assert found["standard_error"]["sliced_wasserstein"] > 0


def test_wrong_galaxies_behind_good_marginals_are_found():
    source = measured(400, 0, 0.95)
    draws = np.random.default_rng(1)
    generated = source.copy()
    for name in [*morphology.PROPERTIES.values(), *photometry.PROPERTIES]:
        generated[name] = draws.permutation(source[name])  # the same values, of other galaxies
    for comparison, name in ((morphology, "morphology"), (photometry, "photometry")):
        table = comparison.compare(source, generated, settings(name)).query("metric == 'wasserstein'")
        assert (table["value"] < 2 * table["floor"]).all()
    found = rows(joint.compare(source, generated, settings()))
    assert (found["value"] > 2 * found["floor"]).all()
    assert (found["value"] - found["floor"] > 3 * found["standard_error"]).all()
    alike = rows(joint.compare(source, measured(400, 2, 0.95), settings()))
    assert (alike["value"] < 2 * alike["floor"]).all()


def test_classifier_scores_the_area_under_its_curve():
    draws = np.random.default_rng(0)
    source, generated = draws.normal(size=(90, 3)), draws.normal(0.8, 1, (140, 3))
    both, label = np.concatenate([source, generated]), np.repeat([0, 1], [90, 140])
    area = joint._area(both, label, generator(0, "classifier"))
    score = joint.told_apart(source, generated, settings())
    assert score.value == pytest.approx(2 * area - 1)
    assert 0.3 < score.value < 0.9
    assert (score.n_source, score.n_generated) == (90, 140)
    assert joint.told_apart(source, source + 100, settings()).value == pytest.approx(1)
    assert score == joint.told_apart(source, generated, settings())


def test_variance_of_an_area_is_its_scatter():
    draws = np.random.default_rng(1)
    label = np.repeat([0, 1], [60, 90])
    # Exponential scores, for which the formula of Hanley & McNeil is exact.
    areas = [
        roc_auc_score(label, np.concatenate([draws.exponential(1, 60), draws.exponential(2, 90)])) for _ in range(600)
    ]
    assert joint._variance(np.mean(areas), 60, 90) == pytest.approx(np.var(areas), rel=0.2)


def test_floor_of_the_classifier_is_what_a_perfect_model_scores():
    draws = np.random.default_rng(2)
    found = [
        joint.told_apart(draws.normal(size=(60, 4)), draws.normal(size=(60, 4)), settings(permutations=3))
        for _ in range(5)
    ]
    scored, floors = np.mean([abs(score.value) for score in found]), np.mean([score.floor for score in found])
    assert 0.4 < scored / floors < 2.5


def test_properties_without_spread_are_left_out_and_galaxies_with_holes_are_missing():
    source, generated = measured(80, 0).assign(sky_rms=0.0), measured(70, 1)
    generated.loc[0, "log_flux"] = np.nan
    generated.loc[1, "flag"] = 2.0
    generated.loc[2, "magnitude_i"] = np.nan
    generated.loc[3, "sky_autocorrelation"] = np.nan  # not looked at
    found = rows(joint.compare(source, generated, settings()))
    assert found["n_generated"].to_dict() == {"sliced_wasserstein": 67, "classifier": 70}
    pd.testing.assert_frame_equal(found, rows(joint.compare(source, generated.assign(sky_rms=5.0), settings())))


def test_a_property_that_few_source_galaxies_have_does_not_outweigh_the_others():
    source, generated = measured(80, 0).assign(sky_rms=0.0), measured(70, 1).assign(sky_rms=5.0)
    source.loc[:2, "sky_rms"] = 1e-3
    found = rows(joint.compare(source, generated, settings()))
    without = rows(joint.compare(source.assign(sky_rms=0.0), generated, settings()))
    pd.testing.assert_frame_equal(found, without)


def test_one_band_has_no_colours_and_few_galaxies_are_blank():
    bands = [f"magnitude_{band}" for band in "gri"]
    source, generated = (measured(60, seed).drop(columns=bands) for seed in (0, 1))
    assert rows(joint.compare(source, generated, settings()))["value"].notna().all()
    few = rows(joint.compare(source.iloc[:9], generated, settings()))
    assert few["value"].isna().to_dict() == {"sliced_wasserstein": False, "classifier": True}
    assert rows(joint.compare(source.iloc[:0], generated.iloc[:0], settings()))["value"].isna().all()
    with pytest.raises(GalforgeError, match="generated measurements lack the columns magnitude_r"):
        joint.compare(measured(60, 0), measured(60, 1).drop(columns="magnitude_r"), settings())
