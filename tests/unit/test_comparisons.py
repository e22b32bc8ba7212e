"""Which comparisons a configuration asks for, and whose measurements stand on either side."""

import pytest
import yaml

from galforge.config import files
from galforge.config.parse import ConfigError, parse
from galforge.config.problems import merged
from galforge.plan.comparisons import GROUPS, KINDS, comparison_specs, comparisons, sides, tables_needed
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
        ("morphology", "corrected", ("morphology",)),
        ("morphology", "published", ("morphology-published",)),
        ("power_spectrum", "corrected", ("power_spectrum",)),
        ("power_spectrum", "published", ("power_spectrum-published",)),
        ("photometry", "corrected", ("photometry",)),
        ("colour_bulge", "corrected", ("morphology", "photometry")),
        ("colour_bulge", "published", ("morphology-published", "photometry")),
        ("joint", "corrected", ("morphology", "photometry")),
    ]
    assert [each.measures[0] for each in comparisons(paper, "skirt", "features")] == [
        "features",
        "features-published",
        "features-inception",
        "features-inception-published",
    ]


def test_colours_need_both_bands(paper):
    for dataset in ("sersic", "cosmos"):
        assert "colour_bulge" not in {each.name for each in comparisons(paper, dataset, "properties")}


def test_what_is_not_measured_is_not_compared():
    few = config(measures={"photometry": None, "features": None, "features-inception": None})
    made = {each.name for group in GROUPS for each in comparisons(few, "skirt", group)}
    assert made == {"morphology", "power_spectrum", "features"}
    assert {each.protocol for each in comparisons(few, "skirt", "features")} == {"published"}


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
                cuts = each["settings"]["published_cuts"]
                published = each["settings"]["protocol"] == "published"
                assert cuts == (
                    dataset == "skirt" and published and each["comparison"] in ("morphology", "colour_bulge")
                )


def test_a_group_is_one_job_with_the_modules_and_libraries_of_its_comparisons(paper):
    stages = Stages(paper)
    names = {"dataset": "skirt", "model": "vae", "seed": "0", "group": "properties"}
    properties = stages.stage("distances", names)
    assert set(properties.modules) == {f"galforge.compare.{name}" for name in GROUPS["properties"]}
    assert "scikit-learn" in properties.libraries
    assert set(KINDS) == {name for group in GROUPS.values() for name in group}


def test_measures_differ_per_data_set_as_the_overrides_say(paper):
    assert paper.measured["skirt", "morphology-published"].settings.gain == 750
    assert paper.measured["cosmos", "morphology-published"].settings.gain == 1
    stages, names = Stages(paper), {"dataset": "skirt", "who": "source"}
    made = [stages.stage("measure", {**names, "measure": name}) for name in ("morphology", "power_spectrum")]
    assert [stage.spec["band"] for stage in made] == [2, 1]


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
