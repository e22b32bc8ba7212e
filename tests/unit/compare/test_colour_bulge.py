"""Colours and bulges: types, selection, units, shares and blanks."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from galforge.compare import colour_bulge, morphology
from galforge.compare.settings import CompareSettings
from galforge.errors import GalforgeError

USUAL = CompareSettings(bootstrap=100)
CORRECTED = USUAL.of("colour_bulge", "corrected", True)
DISTANCES = ["g_i_early", "g_i_late", "bulge_statistic", "average"]


def measured(count: int, seed: int, redder: float = 0.0) -> pd.DataFrame:
    draws = np.random.default_rng(seed)
    columns = {name: draws.normal(0, 0.02, count) for name in morphology.PROPERTIES.values()}
    bulge = draws.normal(-0.2, 0.5, count)
    colour = 0.8 + 0.3 * np.tanh(bulge) + draws.normal(redder, 0.1, count)
    magnitude = draws.normal(18, 1, count)
    return pd.DataFrame(
        {
            "segmented": True,
            "flag": 0.0,
            **columns,
            "gini_m20_bulge": bulge,
            "magnitude_g": magnitude + colour,
            "magnitude_r": magnitude + colour / 2,
            "magnitude_i": magnitude,
        }
    )


def rows(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    return table.loc[table["metric"] == metric].set_index("property")


def test_distances_are_of_early_and_late_types_in_mag():
    source, generated = measured(300, 0), measured(250, 1, 0.15)
    generated.loc[0, "gini_m20_bulge"] = 0.0  # early
    found = rows(colour_bulge.compare(source, generated, CORRECTED), "wasserstein")
    assert list(found.index) == DISTANCES
    colours, early = zip(
        *((table["magnitude_g"] - table["magnitude_i"], table["gini_m20_bulge"] >= 0) for table in (source, generated)),
        strict=True,
    )
    distance = scipy.stats.wasserstein_distance
    expected = {
        "g_i_early": distance(colours[0][early[0]], colours[1][early[1]]),
        "g_i_late": distance(colours[0][~early[0]], colours[1][~early[1]]),
        "bulge_statistic": distance(source["gini_m20_bulge"], generated["gini_m20_bulge"]),
    }
    expected["average"] = np.mean(list(expected.values()))
    assert found["value"].to_dict() == pytest.approx(expected)
    assert found["n_generated"]["g_i_early"] == early[1].sum()
    assert found["n_generated"]["g_i_early"] + found["n_generated"]["g_i_late"] == 250
    assert (found[["standard_error", "floor"]] > 0).all(axis=None)


def test_standardised_distances_are_over_the_sd_of_the_source():
    source, generated = measured(300, 0), measured(250, 1, 0.15)
    table = colour_bulge.compare(source, generated, CORRECTED)
    plain, standardised = rows(table, "wasserstein"), rows(table, "wasserstein_standardised")
    early = source["gini_m20_bulge"] >= 0
    sd = (source["magnitude_g"] - source["magnitude_i"])[early].std(ddof=0)
    for column in ("value", "floor", "limit", "conditional"):
        assert standardised[column]["g_i_early"] == pytest.approx(plain[column]["g_i_early"] / sd)
    # Resampled galaxies have another sd.
    error = plain["standard_error"]["g_i_early"] / sd
    assert standardised["standard_error"]["g_i_early"] == pytest.approx(error, rel=0.4)
    assert standardised["value"]["average"] == pytest.approx(standardised["value"].iloc[:3].mean())


def test_shares_of_early_and_of_red_galaxies():
    source, generated = measured(200, 0), measured(100, 1)
    source["gini_m20_bulge"] = np.where(np.arange(200) < 60, 0.3, -0.3)
    generated["gini_m20_bulge"] = np.where(np.arange(100) < 45, 0.3, -0.3)
    source["magnitude_g"] = source["magnitude_i"] + np.where(np.arange(200) < 20, 1.0, 0.8)
    generated["magnitude_g"] = generated["magnitude_i"] + np.where(np.arange(100) < 5, 1.0, 0.8)
    found = rows(colour_bulge.compare(source, generated, CORRECTED), "share_difference")
    assert found["value"].to_dict() == pytest.approx({"early_share": 0.15, "red_share": 0.05})
    error = np.sqrt(0.3 * 0.7 / 200 + 0.45 * 0.55 / 100)
    assert found["standard_error"]["early_share"] == pytest.approx(error, rel=0.2)
    draws = np.random.default_rng(0)
    alike = np.abs(draws.binomial(200, 0.3, 40_000) / 200 - draws.binomial(100, 0.3, 40_000) / 100)
    assert found["floor"]["early_share"] == pytest.approx(alike.mean(), rel=0.15)
    assert found["limit"]["early_share"] == pytest.approx(np.quantile(alike, 0.95), rel=0.25), "in steps of 0.01"
    bluer = CompareSettings(bootstrap=20, red_colour=0.7).of("colour_bulge", "corrected", False)
    assert rows(colour_bulge.compare(source, generated, bluer), "share_difference")["value"]["red_share"] == 0


def test_who_is_kept_and_counted():
    source, generated = measured(60, 0), measured(50, 1)
    generated.loc[0, "flag"] = 2.0
    generated.loc[1, "segmented"] = False
    generated.loc[2, "magnitude_g"] = np.nan
    generated.loc[3, "gini_m20_bulge"] = np.nan
    generated.loc[4, "sersic_n"] = np.nan
    generated.loc[5, "sersic_n"] = 11.0
    generated.loc[6, "magnitude_r"] = np.nan  # not looked at
    kept = {
        name: rows(colour_bulge.compare(source, generated, chosen), "count")["n_generated"]["kept"]
        for name, chosen in {
            "corrected": CORRECTED,
            "published": USUAL.of("colour_bulge", "published", False),
            "with cuts": USUAL.of("colour_bulge", "published", True),
        }.items()
    }
    assert kept == {"corrected": 45, "published": 46, "with cuts": 45}
    table = colour_bulge.compare(source, generated, CORRECTED)
    counts = rows(table, "count")
    assert list(counts.index) == ["entered", "kept", "early", "red"]
    assert counts["n_source"].to_dict()["entered"] == 60
    assert counts["value"]["kept"] == pytest.approx(45 / 50)
    assert counts["n_source"]["early"] == rows(table, "wasserstein")["n_source"]["g_i_early"]
    assert counts["n_source"]["red"] == (source["magnitude_g"] - source["magnitude_i"] > 0.9).sum()


def test_a_type_of_fewer_than_two_galaxies_is_blank():
    source, generated = measured(60, 0), measured(50, 1)
    generated["gini_m20_bulge"] = np.where(np.arange(50) < 1, 0.5, -0.5)
    blank = {"g_i_early": True, "g_i_late": False, "bulge_statistic": False, "average": True}
    published = USUAL.of("colour_bulge", "published", False)
    values = rows(colour_bulge.compare(source, generated, published), "wasserstein")["value"]
    assert values.isna().to_dict() == blank
    found = rows(colour_bulge.compare(source, generated, CORRECTED), "wasserstein")
    assert found["conditional"].isna().to_dict() == blank
    assert found["value"].notna().all()
    # None of them is early: as far from the early ones of the source as one can be.
    generated["gini_m20_bulge"] = -0.5
    found = rows(colour_bulge.compare(source, generated, CORRECTED), "wasserstein")
    colours = (source["magnitude_g"] - source["magnitude_i"])[source["gini_m20_bulge"] >= 0]
    farthest = max(colours.mean() - colours.min(), colours.max() - colours.mean())
    assert found["value"]["g_i_early"] == pytest.approx(farthest)
    generated["flag"] = 2.0
    table = colour_bulge.compare(source, generated, CORRECTED)
    assert rows(table, "share_difference")["conditional"].isna().all()
    assert (rows(table, "share_difference")["value"] > 0.5).all()
    assert rows(table, "count")["value"]["kept"] == 0
    assert colour_bulge.compare(source.iloc[:0], generated.iloc[:0], CORRECTED)["value"].isna().all()


def test_one_band_is_refused():
    source = measured(30, 0)
    with pytest.raises(GalforgeError, match="generated measurements lack the columns magnitude_g"):
        colour_bulge.compare(source, source.drop(columns="magnitude_g"), CORRECTED)
