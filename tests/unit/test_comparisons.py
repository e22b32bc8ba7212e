"""Which comparisons a configuration asks for, and whose measurements stand on either side."""

import importlib
from dataclasses import replace

import pytest
import yaml

from galforge.config import files
from galforge.config.parse import ConfigError, parse
from galforge.config.problems import merged
from galforge.errors import GalforgeError
from galforge.measure.family import Family, declared
from galforge.plan.comparisons import GROUPS, KINDS, comparison_specs, comparisons, groups, sides, tables_needed
from galforge.plan.stages import Stages


def config(**overlay):
    return parse(merged(yaml.safe_load(files.CONFIG.read_text(encoding="utf-8")), overlay))


@pytest.fixture(scope="module")
def paper():
    return config()


def names(found):
    return [(each.name, each.protocol, each.measures) for each in found]


def test_each_measure_of_one_family_is_compared_and_joined_ones_by_protocol(paper):
    assert names(comparisons(paper, "skirt", "properties")) == [
        ("colour_bulge", "corrected", ("morphology", "photometry")),
        ("colour_bulge", "published", ("morphology-published", "photometry")),
        ("features", "corrected", ("features",)),
        ("features", "published", ("features-published",)),
        ("features", "corrected", ("features-inception",)),
        ("features", "published", ("features-inception-published",)),
        ("joint", "corrected", ("morphology", "photometry")),
        ("morphology", "corrected", ("morphology",)),
        ("morphology", "published", ("morphology-published",)),
        ("photometry", "corrected", ("photometry",)),
        ("power_spectrum", "corrected", ("power_spectrum",)),
        ("power_spectrum", "published", ("power_spectrum-published",)),
    ]


def test_colours_need_both_bands(paper):
    for dataset in ("sersic", "cosmos"):
        assert "colour_bulge" not in {each.name for each in comparisons(paper, dataset, "properties")}


def test_grain_of_colours_is_taken_where_there_are_several_bands(paper):
    taken = {name for name in paper.datasets if "colour_grain" in paper.taken(name)}
    assert taken == {"skirt", "galaxiesml"}
    assert names(comparisons(paper, "galaxiesml", "colour_grain")) == [("colour_grain", "corrected", ("colour_grain",))]
    assert comparisons(paper, "cosmos", "colour_grain") == []
    single = config(
        datasets={"galaxiesml": {"bands": ["i"], "measuring": {"psf_fwhm": [0.61]}}},
        measures={"band_features": {"bands": ["i"]}},
    )
    assert "colour_grain" not in single.taken("galaxiesml")
    assert "photometry" in single.taken("galaxiesml")


def test_what_is_not_measured_is_not_compared():
    few = config(measures={"photometry": None, "features": None, "features-inception": None})
    made = [each for group in GROUPS for each in comparisons(few, "skirt", group)]
    assert {each.name for each in made} == {"morphology", "power_spectrum", "features", "colour_grain"}
    assert {each.protocol for each in made if each.name == "features"} == {"published"}


def test_the_published_protocol_looks_at_native_galaxies_and_the_corrected_one_does_not(paper):
    assert sides(paper, "skirt", "vae", "1", "corrected") == ("source", "vae-seed1")
    assert sides(paper, "skirt", "vae", "1", "published") == ("native", "vae-seed1")
    assert sides(paper, "skirt", "roundtrip", "0", "corrected") == ("native", "source")
    assert sides(paper, "cosmos", "vae", "1", "published") == ("source", "vae-seed1")


def test_every_table_that_a_comparison_joins_is_an_input_once(paper):
    for dataset, model in (("skirt", "vae"), ("skirt", "roundtrip"), ("sersic", "alae")):
        for group in GROUPS:
            needed = tables_needed(paper, dataset, model, "0", group)
            assert len(set(needed)) == len(needed)
            for each in comparison_specs(paper, dataset, model, "0", group).values():
                assert {(who, measure) for who in each["sides"] for measure in each["measures"]} <= set(needed)


def test_a_comparison_reads_nothing_that_only_others_use(paper):
    for dataset in ("skirt", "sersic"):
        for group in GROUPS:
            for each in comparison_specs(paper, dataset, "vae", "0", group).values():
                published = each["settings"]["protocol"] == "published"
                cut = published and each["comparison"] in ("morphology", "colour_bulge")
                assert each["settings"].get("published_cuts") == ((dataset == "skirt") if cut else None)


def test_a_group_is_one_job_with_the_modules_and_libraries_of_its_comparisons(paper):
    stages = Stages(paper)
    names = {"dataset": "skirt", "model": "vae", "seed": "0", "group": "properties"}
    properties = stages.stage("distances", names)
    assert set(properties.modules) == {f"galforge.compare.{name}" for name in GROUPS["properties"]}
    assert "scikit-learn" in properties.libraries
    assert sorted(KINDS) == sorted(name for group in GROUPS.values() for name in group)


def test_measures_differ_per_data_set_as_the_overrides_say(paper):
    assert paper.measured["skirt", "morphology-published"].settings.gain == 750
    assert paper.measured["cosmos", "morphology-published"].settings.gain == 1
    stages, names = Stages(paper), {"dataset": "skirt", "who": "vae-seed0"}
    made = [stages.stage(f"measure_{name}", names).spec for name in ("morphology", "power_spectrum")]
    assert [[each["band"] for each in spec["variants"].values()] for spec in made] == [[2, 2], [1, 1]]


@pytest.mark.parametrize(
    ("overlay", "said"),
    [
        ({"datasets": {"skirt": {"measuring": {"overrides": {"moments": {}}}}}}, "no such measure"),
        ({"datasets": {"skirt": {"measuring": {"overrides": {"photometry": {"aprture": 1}}}}}}, "unknown key"),
        ({"datasets": {"skirt": {"measuring": {"overrides": {"power_spectrum": {"band": 4}}}}}}, "there are 4 bands"),
        ({"datasets": {"skirt": {"measuring": {"overrides": {"morphology": {"protocol": "published"}}}}}}, "the same"),
        ({"models": {"roundtrip": {"family": "vae"}}}, "are taken"),
        ({"measures": {"inception": {"family": "features"}}}, "is called features"),
        ({"measures": {"features-x": {"family": "features", "protocol": "published"}}}, "is called"),
    ],
)
def test_wrong_measures_and_overrides_are_refused_with_the_key(overlay, said):
    with pytest.raises(ConfigError, match=said):
        config(**overlay)


@pytest.mark.parametrize("name", KINDS)
def test_what_planning_reads_is_what_the_module_has(name):
    assert KINDS[name] == importlib.import_module(f"galforge.compare.{name}").KIND


def test_no_table_waits_for_the_training_of_a_network_that_it_does_not_show(paper):
    for dataset in paper.datasets:
        for group in GROUPS:
            needed = {measure for _, measure in tables_needed(paper, dataset, "ddpm", "0", group)}
            trained = {measure for measure in needed if hasattr(paper.measures[measure].settings, "model")}
            assert trained == (needed if group == "redshift_loss" else set())
    assert tables_needed(paper, "galaxiesml", "ddpm", "0", "redshift_loss")


def test_a_group_is_of_one_kind_of_data_sets_and_waits_for_no_training_of_some(paper):
    for others in ({"group": "properties"}, {"group": "conditional"}):
        with pytest.raises(GalforgeError, match="they are one group, but only some of them"):
            groups({**KINDS, "more": replace(KINDS["redshift_loss"], **others)})
    assert groups({**KINDS, "more": replace(KINDS["redshift_loss"], group="redshift_loss")})


def test_a_comparison_of_one_protocol_leaves_measures_of_the_other_out(paper, monkeypatch):
    monkeypatch.setitem(KINDS, "features", replace(KINDS["features"], protocols=("corrected",)))
    found = comparisons(paper, "skirt", "properties")
    assert [each.measures for each in found if each.name == "features"] == [("features",), ("features-inception",)]


def test_a_comparison_cannot_look_at_a_setting_that_it_does_not_declare(paper):
    settings = paper.compare.of("photometry", "corrected", False)
    assert settings.bootstrap == paper.compare.bootstrap
    with pytest.raises(GalforgeError, match="looks at the setting directions, which its KIND does not name"):
        _ = settings.directions
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        _ = settings.nothing_of_the_kind


def test_who_asks_what_is_taken_cannot_change_it_for_others(paper):
    before = paper.taken("skirt")
    paper.taken("skirt").clear()
    assert paper.taken("skirt") == before != []


def test_families_of_measures_say_what_planning_asks():
    by_network = {"features": "corrected", "band_features": "corrected", "redshift": "", "realism": "unscored"}
    for family in ("morphology", "photometry", "power_spectrum", "sources", *by_network):
        said = declared(family)
        assert isinstance(said, Family)
        assert (said.by_network, said.stretched) == (family in by_network, by_network.get(family, ""))
        assert "numpy" in said.libraries
