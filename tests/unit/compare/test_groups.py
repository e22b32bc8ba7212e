"""The comparisons of each group of metrics: cuts, counts, averages and blanks."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from galforge.compare import morphology, photometry, power_spectrum
from galforge.compare.rows import COLUMNS
from galforge.compare.settings import CompareSettings, ComparisonSettings

CORRECTED = CompareSettings(bootstrap=20).of("morphology", "corrected", True)
PUBLISHED = CompareSettings(bootstrap=20).of("morphology", "published", False)
WITH_CUTS = CompareSettings(bootstrap=20).of("morphology", "published", True)


def measured(count: int, seed: int, shift: float = 0.0) -> pd.DataFrame:
    draws = np.random.default_rng(seed)
    columns = {name: draws.normal(shift, 2, count) for name in morphology.PROPERTIES.values()}
    columns["asymmetry"] /= 20
    columns["smoothness"] /= 100
    columns["orientation_centroid"] = draws.uniform(-np.pi / 2, np.pi / 2, count)
    return pd.DataFrame({"segmented": True, "flag": 0.0, **columns})


def rows(table: pd.DataFrame, metric: str = "wasserstein") -> pd.DataFrame:
    return table.loc[table["metric"] == metric].set_index("property")


def test_morphology_rows_are_the_nine_and_their_average():
    source, generated = measured(80, 0), measured(90, 1, 0.5)
    table = morphology.compare(source, generated, CORRECTED)
    assert list(table.columns) == [*COLUMNS, "replicates"]
    found = rows(table)
    assert list(found.index) == [*morphology.PROPERTIES, "average"]
    assert len(found) == 10
    gini = scipy.stats.wasserstein_distance(source["gini"], generated["gini"]) / source["gini"].std(ddof=0)
    assert found["value"]["gini"] == pytest.approx(gini)
    assert found["value"]["average"] == pytest.approx(found["value"].iloc[:9].mean())
    assert (found["standard_error"] > 0).all()
    assert (found["floor"] > 0).all()
    assert (found["limit"] > found["floor"]).all()
    assert found["conditional"].to_numpy() == pytest.approx(found["value"].to_numpy()), "nothing is missing"
    published = rows(morphology.compare(source, generated, PUBLISHED))
    assert published["conditional"].isna().all()
    assert (published["limit"] > published["floor"]).all()


def test_orientation_is_circular_when_corrected_and_linear_when_published():
    source, generated = measured(200, 0), measured(200, 1)
    # Both about the same direction, cut by the end of the range on different sides.
    source["orientation_centroid"] = np.pi / 2 - np.linspace(0.01, 0.1, 200)
    generated["orientation_centroid"] = -np.pi / 2 + np.linspace(0.01, 0.1, 200)
    corrected = rows(morphology.compare(source, generated, CORRECTED))["value"]["orientation"]
    published = rows(morphology.compare(source, generated, PUBLISHED))["value"]["orientation"]
    sd = source["orientation_centroid"].std(ddof=0)
    assert corrected == pytest.approx(0.11 / sd, rel=1e-2)
    assert published == pytest.approx((np.pi - 0.11) / sd, rel=1e-2)


def test_who_is_kept_and_counted():
    source, generated = measured(50, 0), measured(40, 1)
    source.loc[:4, "segmented"] = False
    source.loc[:4, list(morphology.PROPERTIES.values())] = np.nan
    source.loc[:4, "flag"] = np.nan
    source.loc[5:10, "flag"] = 2.0
    generated.loc[0:1, "flag"] = 1.0
    generated.loc[2:3, "sersic_n"] = np.nan
    counts = rows(morphology.compare(source, generated, CORRECTED), "count")
    assert counts["n_source"].to_dict() == {"entered": 50, "segmented": 45, "flag_ok": 39, "kept": 39}
    assert counts["n_generated"].to_dict() == {"entered": 40, "segmented": 40, "flag_ok": 40, "kept": 38}
    assert counts["value"]["kept"] == pytest.approx(38 / 40)
    assert rows(morphology.compare(source, generated, CORRECTED))["n_source"]["average"] == 39
    published = rows(morphology.compare(source, generated, PUBLISHED), "count")
    assert published["n_source"]["kept"] == 45


def test_published_cuts_apply_only_where_they_belong():
    source, generated = measured(50, 0), measured(40, 1)
    generated.loc[0, "sersic_n"] = 10.5
    generated.loc[1, "asymmetry"] = -1.1
    generated.loc[2, "smoothness"] = 0.3
    generated.loc[3, "rhalf_circ"] = 61.0
    generated.loc[4, "rhalf_circ"] = 60.0
    kept = [
        rows(morphology.compare(source, generated, chosen), "count")["n_generated"]["kept"]
        for chosen in (CORRECTED, PUBLISHED, WITH_CUTS)
    ]
    assert kept == [40, 40, 36]


def test_the_standardising_sd_is_the_kept_sources():
    source, generated = measured(100, 0), measured(100, 1, 1.0)
    wide = source.copy()
    wide.loc[len(wide)] = {**wide.iloc[0], "gini": 1e6, "flag": 2.0}
    without, beside = (rows(morphology.compare(each, generated, CORRECTED)) for each in (source, wide))
    pd.testing.assert_series_equal(without["conditional"], beside["conditional"])
    assert beside["share_source"].to_numpy() == pytest.approx(100 / 101)


def test_nothing_measurable_gives_blanks_with_counts():
    source, generated = measured(30, 0), measured(30, 1)
    generated["flag"] = 2.0
    table = morphology.compare(source, generated, CORRECTED)
    found = rows(table)
    assert found[["conditional", "conditional_error", "conditional_limit"]].isna().all(axis=None)
    assert (found["value"] > found["limit"]).all(), "none of them is like the source"
    assert (found["n_generated"] == 0).all()
    assert rows(table, "count")["value"]["kept"] == 0
    empty = morphology.compare(source.iloc[:0], generated.iloc[:0], CORRECTED)
    assert rows(empty)["value"].isna().all()
    constant = source.assign(gini=0.5)
    values = rows(morphology.compare(constant, source, CORRECTED))["value"]
    assert np.isnan(values["gini"])
    assert np.isnan(values["average"])
    assert values["m20"] >= 0


def spectra(count: int, seed: int, shift: np.ndarray | float = 0.0) -> pd.DataFrame:
    values = np.random.default_rng(seed).normal(-1.5, 0.3, (count, 15)) + shift
    return pd.DataFrame(values, columns=power_spectrum.MODES)


def test_power_spectrum_is_in_dex_per_mode():
    source = spectra(200, 0)
    shift = np.arange(15) / 10
    generated = source + shift
    chosen = CompareSettings(bootstrap=20).of("power_spectrum", "corrected", False)
    found = rows(power_spectrum.compare(source, generated, chosen))
    np.testing.assert_allclose(found["value"].loc[power_spectrum.MODES], shift, atol=1e-12)
    assert found["value"]["average"] == pytest.approx(0.7)
    assert found["value"]["large_scales"] == pytest.approx(0.2)
    assert found["value"]["small_scales"] == pytest.approx(1.2)


def test_published_power_spectrum_is_between_histograms():
    source, generated = spectra(300, 0), spectra(250, 1, 0.1)
    generated.loc[0, "mode_03"] = -9.0
    chosen = CompareSettings(bootstrap=20).of("power_spectrum", "published", False)
    found = rows(power_spectrum.compare(source, generated, chosen))
    edges = np.linspace(-5, 4, 1000)
    centres = (edges[1:] + edges[:-1]) / 2
    weights = [np.histogram(table["mode_03"], edges)[0] for table in (source, generated)]
    expected = scipy.stats.wasserstein_distance(centres, centres, *weights)
    assert found["value"]["mode_03"] == pytest.approx(expected)
    assert found["n_generated"]["mode_03"] == 249
    assert found["n_generated"]["average"] == 249
    assert found["n_generated"]["mode_04"] == 250


def test_photometry_has_no_average_and_tolerates_missing_sky():
    draws = np.random.default_rng(0)
    source = pd.DataFrame(draws.normal(size=(50, 4)), columns=photometry.PROPERTIES)
    source["sky_autocorrelation"] = np.nan
    generated = source + 0.25
    chosen = CompareSettings(bootstrap=20).of("photometry", "corrected", False)
    found = rows(photometry.compare(source, generated, chosen))
    assert list(found.index) == photometry.PROPERTIES
    assert found["value"].iloc[:3].to_numpy() == pytest.approx(0.25)
    assert np.isnan(found["value"]["sky_autocorrelation"])
    assert found["n_source"]["sky_autocorrelation"] == 0


@pytest.mark.parametrize(
    ("group", "field", "value"),
    [
        ("power_spectrum", "histogram_bins", 500),
        ("features", "fid_bootstrap", 5),
        ("features", "neighbour_images", 500),
        ("colour_bulge", "red_colour", 0.5),
        ("joint", "directions", 5),
    ],
)
def test_settings_of_one_group_do_not_touch_another(group, field, value):
    usual, other = CompareSettings(), CompareSettings(**{field: value})
    for name in ("morphology", "power_spectrum", "photometry", "colour_bulge", "joint", "features"):
        specs = [chosen.of(name, "published", True).spec() for chosen in (usual, other)]
        assert (specs[0] != specs[1]) == (name == group)
        assert specs[0].get("published_cuts", False) == (name in ("morphology", "colour_bulge"))
        assert ComparisonSettings.from_spec(specs[1]).spec() == specs[1]


def test_settings_of_the_published_protocol_do_not_touch_the_corrected_one():
    usual, other = CompareSettings(), CompareSettings(histogram_bins=500, kid_subsets=10)
    for name in ("power_spectrum", "features"):
        for protocol, same in (("corrected", True), ("published", False)):
            assert (usual.of(name, protocol, True) == other.of(name, protocol, True)) == same
    assert "published_cuts" not in usual.of("morphology", "corrected", True).spec()
    with pytest.raises(ValueError, match="must lie below"):
        CompareSettings(histogram_low=4.0)
