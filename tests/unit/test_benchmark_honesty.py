"""benchmarks/honesty.py: every comparison has a population, and a few pairs give a table."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

from galforge.compare.kind import kinds
from galforge.errors import GalforgeError

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def honesty():
    sys.path.insert(0, str(BENCHMARKS))
    yield importlib.import_module("honesty")
    sys.path.remove(str(BENCHMARKS))


def test_a_comparison_without_a_population_is_refused(honesty):
    assert set(honesty.populations(kinds())) == set(kinds())
    with pytest.raises(GalforgeError, match="no population for brightness; add to POPULATIONS"):
        honesty.populations(kinds() | {"brightness": kinds()["photometry"]})


@pytest.mark.parametrize("name", sorted(kinds()))
def test_three_pairs_tell_of_every_metric(honesty, name, monkeypatch):
    """With the cheapest settings, so the numbers mean little."""
    monkeypatch.setattr(honesty, "AMPLITUDES", np.array([0.4, 0.8]))
    comparer = honesty.Comparer(name, kinds()[name].protocols[0], 60, 1, honesty.QUICK | honesty.CHEAP)
    found = list(honesty.told(comparer, 3))
    assert found
    assert {each.metric.split()[0] for each in found} <= set(kinds()[name].readings)
    for each in found:
        assert each.line().count("|") == 10
        shares = np.array([each.alarms, each.found])
        assert np.isnan(shares).all() or ((shares >= 0) & (shares <= 1)).all()


def test_all_metrics_are_told_of(honesty):
    """Under one protocol or the other; the slow ones when they are asked for, and numbers are no distances."""
    told = set()
    for name, kind in kinds().items():
        for protocol in kind.protocols:
            for slow in ("", *(metric for of, metric in honesty.SLOW if of == name)):
                comparer = honesty.Comparer(name, protocol, 60, 1, honesty.QUICK | honesty.CHEAP, slow)
                told |= {(name, metric) for metric, _ in comparer.shown(comparer.rows(0.0))}
    expected = {
        (name, metric) for name, kind in kinds().items() for metric, how in kind.readings.items() if how != "number"
    }
    assert expected - told <= {("band_scores", "inception_score"), ("galaxy_kl", "galaxy_kl_bin")}


def test_alarms_and_findings_are_counted_against_what_is_wanted(honesty):
    good = honesty.Told("features", "corrected", "fid", 100, 400, 0.05, 5.1, 0.97, 1.1)
    assert good.good
    assert good.line().endswith("|  |")
    for field, value in (("alarms", 0.12), ("found", 0.7), ("variance", 2.4)):
        other = honesty.Told(**(vars(good) | {field: value}))
        assert not other.good
        assert other.line().endswith("| **no** |")
    blank = honesty.Told("galaxy_kl", "corrected", "galaxy_kl", 100, 0)
    assert blank.good
    assert "blank" in blank.line()


def test_a_share_far_beyond_five_percent_is_seen(honesty, monkeypatch):
    """A comparison whose limit is too low is caught."""
    comparer = honesty.Comparer("photometry", "published", 60, 1, honesty.QUICK)
    compare = comparer.module.compare
    monkeypatch.setattr(
        comparer.module, "compare", lambda *tables: (found := compare(*tables)).assign(limit=found["limit"] / 3)
    )
    assert any(each.alarms > 0.5 and not each.good for each in honesty.told(comparer, 8))
