"""Which measurements one job takes."""

import re

import pytest
import yaml

from galforge.config import files
from galforge.config.parse import parse
from galforge.config.problems import merged
from galforge.plan.facts import Facts
from galforge.plan.measuring import GENERATED
from galforge.plan.stages import Stages


def facts(**overlay):
    return Facts(parse(merged(yaml.safe_load(files.CONFIG.read_text(encoding="utf-8")), overlay)))


@pytest.fixture(scope="module")
def paper():
    return facts()


def test_every_measure_of_every_stamps_file_is_taken_by_one_rule(paper):
    kinds = paper.measuring.values()
    for dataset in paper.config.datasets:
        for who in ("source", "native", "scored", "two_stage-published-seed12"):
            for measure in paper.config.measures:
                there = [
                    kind.rule
                    for kind in kinds
                    if measure in kind.measures and dataset in kind.datasets and re.fullmatch(kind.who, who)
                ]
                assert len(there) == 1, (dataset, who, measure)
                assert paper.measuring[there[0]].generated == who.startswith("two_stage")


def test_a_job_takes_variants_of_one_measure_and_nothing_else(paper):
    for kind in paper.measuring.values():
        assert len({paper.config.measures[name].family for name in kind.measures}) == 1
    assert paper.together("sersic", "source", "morphology") == ("morphology", "morphology-published")
    assert len(paper.together("sersic", "vae-seed0", "features")) == 4


def test_galaxies_at_one_size_and_at_their_own_are_measured_together_where_they_are_compared(paper):
    kind = paper.measuring["measure_morphology_source_and_native"]
    assert (kind.datasets, kind.whose, kind.generated) == (("skirt",), ("source", "native"), False)
    assert kind.variants == {
        f"{who} {name}": (who, name) for who in kind.whose for name in ("morphology", "morphology-published")
    }
    assert paper.measuring["measure_morphology_source"].variants["morphology"] == ("{who}", "morphology")
    together = {kind.measures[0] for kind in paper.measuring.values() if kind.whose}
    expected = {"morphology", "power_spectrum", "photometry", "colour_grain", "features"}
    assert together == expected, "redshifts are not compared so"
    stages = Stages(paper.config)
    spec = stages.stage(kind.rule, {"dataset": "skirt"}).spec
    assert {name: variant.pop("who") for name, variant in spec["variants"].items()} == {
        name: who for name, (who, _) in kind.variants.items()
    }
    generated = stages.stage("measure_morphology", {"dataset": "skirt", "who": "vae-seed0"}).spec["variants"]
    assert all(spec["variants"][f"{who} {name}"] == generated[name] for who in kind.whose for name in generated)


def test_variants_that_a_data_set_does_not_take_are_measured_apart_where_they_are_asked_for(paper):
    assert paper.together("galaxiesml", "source", "power_spectrum") == ("power_spectrum",)
    assert paper.together("galaxiesml", "source", "power_spectrum-published") == ("power_spectrum-published",)


def test_textures_are_taken_with_the_other_features_where_a_scorer_reads_them(paper):
    assert paper.together("sparse", "scored", "realism") == ("realism", "realism-texture")
    for who in ("source", "baseline1-seed0"):
        assert paper.together("sparse", who, "realism") == ("realism",)


def test_rules_are_named_after_their_measures(paper):
    assert {"measure_morphology", "measure_morphology_source", "measure_features", "measure_photometry"} <= set(
        paper.measuring
    )
    assert paper.measuring["measure_power_spectrum_alone"].measures == ("power_spectrum",)
    assert paper.measuring["measure_morphology"].who == GENERATED


def test_the_smallest_chunk_of_variants_counts():
    cut = facts(measures={"morphology": {"chunk": 10_000}, "morphology-published": {"chunk": 5_000}})
    names = ("morphology", "morphology-published")
    assert cut.measure_parts("sersic", "vae-seed0", names) == 10
    assert cut.measure_parts("sersic", "vae-seed0", names[:1]) == 5
