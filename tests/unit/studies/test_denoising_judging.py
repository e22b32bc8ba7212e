"""From evaluations to the table of tests: which networks are held against which, and what readers are told."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from galforge.config.parse import ConfigError, parse
from galforge.config.problems import merged
from galforge.papers import registry
from galforge.papers.holzschuh2022 import tests_table
from galforge.plan import judged as planned
from galforge.plan.stages import Stages
from galforge.report import formats
from galforge.report.captions import remarks
from galforge.studies.denoising.judging import judged
from toys import denoising as toy

ROOT = Path(__file__).resolve().parents[3]
PAPER = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
EXPERIMENT = yaml.safe_load((ROOT / "config/experiments/denoising64.yaml").read_text(encoding="utf-8"))
CASES = {name: toy.CASES[name] for name in ("in_domain", "noise_shift")}
TABLE = registry.table("holzschuh2022/denoising_tests")
TEST = {
    "origin": "mock",
    "denoiser": "denoiser",
    "protocol": "published",
    "oracle": "oracle",
    "alpha": "0.50",
    "replicates": 3,
    "seeds": {"oracle": [0], "edm": [0, 1, 2], "vae": [0, 1, 2]},
}
TESTS = [{**TEST, "dataset": "few", "longer": ["denoiser-long"]}, {**TEST, "dataset": "many", "longer": []}]
GAINS = {
    ("few", "oracle"): 0.4,
    ("few", "edm"): 0.3,
    ("few", "vae"): -0.4,
    ("many", "oracle"): 0.0,
    ("many", "edm"): 0.0,
    ("many", "vae"): 0.0,
}
"""By data set and model, in domain. In stronger noise only the oracle gains, on few."""
NOISE = ("noise_shift", 0.5)


def tables() -> dict:
    """Evaluations with these gains, and with a little scatter of networks and galaxies."""
    found = {}
    for number, (dataset, denoiser, who, alpha, replicate) in enumerate(planned.networks(TESTS)):
        model = who.partition("-seed")[0]
        known = {("in_domain", 0.0): 0.01 if denoiser == "denoiser-long" else 0.0}
        known[NOISE] = 0.4 if (dataset, model) == ("few", "oracle") else 0.0
        known["in_domain", 0.5] = GAINS.get((dataset, model), 0.0)
        share = float(alpha)
        table = toy.evaluation(share, 10 * number, galaxies=60, cases=CASES, curves=False, gains=known)
        assert (dataset, denoiser, who, alpha, replicate) not in found
        found[dataset, denoiser, who, alpha, replicate] = table
    return found


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return judged(TESTS, tables())


def value(frame: pd.DataFrame, dataset: str, model: str, case: str, column: str):
    (row,) = frame[(frame["dataset"] == dataset) & (frame["model"] == model) & (frame["property"] == case)].index
    return frame.loc[row, column]


def test_gains_are_those_that_the_networks_were_made_with(frame):
    for (dataset, model), known in GAINS.items():
        found, error = (value(frame, dataset, model, "in_domain", name) for name in ("value", "standard_error"))
        assert abs(found - known) < 4 * error
        assert error < 0.05


def test_verdicts_are_beside_the_oracle_of_the_same_data_set_and_case(frame):
    told = {
        (dataset, case): [value(frame, dataset, model, case, "verdict") for model in ("oracle", "edm", "vae")]
        for dataset in ("few", "many")
        for case in CASES
    }
    assert told == {
        ("few", "in_domain"): ["gains", "helps", "harms"],
        ("few", "noise_shift"): ["gains", "not seen to help", "not seen to help"],
        ("many", "in_domain"): ["no gain seen", "no power", "no power"],
        ("many", "noise_shift"): ["no gain seen", "no power", "no power"],
    }


def test_chances_are_corrected_over_all_generators_data_sets_and_cases(frame):
    tested = frame[frame["metric"] == "gain"]
    assert len(tested) == 8
    least = tested.loc[tested["p"].idxmin()]
    assert least["p_adjusted"] == pytest.approx(min(1.0, 8 * least["p"]))
    assert frame.loc[frame["metric"] != "gain", "p_adjusted"].isna().all()


def test_longer_training_is_held_against_the_usual_one(frame):
    rows = frame[frame["metric"] == "longer"]
    assert list(zip(rows["dataset"], rows["model"], rows["property"], strict=True)) == [
        ("few", "denoiser-long", case) for case in CASES
    ]
    first = rows.iloc[0]
    assert abs(first["value"] - 0.01) < 4 * first["standard_error"] < 0.2


def test_all_networks_of_a_generator_count_in_its_gain(frame):
    own = tables()
    of = [own["few", "denoiser", f"edm-seed{seed}", "0.50", k] for seed in range(3) for k in range(3)]
    plain = [own["few", "denoiser", "source", "0.00", k] for _ in range(3) for k in range(3)]
    logs = [
        np.log(mixed.loc[mixed["case"] == "in_domain", "mse"].to_numpy())
        - np.log(without.loc[without["case"] == "in_domain", "mse"].to_numpy())
        for mixed, without in zip(of, plain, strict=True)
    ]
    assert value(frame, "few", "edm", "in_domain", "value") == pytest.approx(1 - np.exp(np.mean(logs)))


def test_readers_see_every_test_beside_the_oracle(frame, tmp_path):
    frame.to_csv(tmp_path / "verdicts.csv", index=False)
    made = tests_table.make(TABLE, {"verdicts": [str(tmp_path / "verdicts.csv")]}, pd.DataFrame(), {})
    blocks = tests_table.blocks(TABLE, made)
    assert [block.title for block in blocks] == [
        "few, α = 0.50",
        "few, longer training than denoiser, α = 0",
        "many, α = 0.50",
    ]
    first = blocks[0]
    assert [column.label for column in first.columns] == ["Oracle", "EDM", "VAE"]
    assert first.columns[1].sizes == "3 seeds, 3 networks, 60 galaxies"
    assert [row.heading for row in first.rows[::3]] == ["In domain", "Noise × 4"]
    assert [cell.note for cell in first.rows[0].cells] == ["gains", "helps", "harms"]
    assert abs(float(first.rows[0].cells[0].value) - 40) < 4 * float(first.rows[0].cells[0].error)
    written = [tmp_path / f"table.{kind}" for kind in ("csv", "md", "tex")]
    formats.write(TABLE, made, "demo", "1.0", written)
    text = written[1].read_text(encoding="utf-8")
    assert "helps" in text
    assert re.search(r"few \(mock, up to 60 test galaxies\); many", text)
    assert "One seed" not in text
    assert any("8 tests; up to 3 seeds and 3 networks" in said for said in remarks(TABLE, made, "1.0"))


def experiment(**over) -> dict:
    return merged(merged(PAPER, EXPERIMENT), over)


def test_the_experiment_tests_two_generators_four_times_with_two_numbers_of_galaxies():
    stages = Stages(parse(experiment()))
    tests = planned.tests(stages.facts)
    assert [test["dataset"] for test in tests] == ["skirt", "skirt60"]
    assert tests[0]["seeds"] == {"oracle": [0], "edm": [0, 1, 2], "stylegan": [0, 1, 2]}
    assert [test["longer"] for test in tests] == [["denoiser-long"]] * 2
    networks = planned.networks(tests)
    # 3 without, 3 of the oracle, 9 of each generator, 3 that are trained for longer.
    assert len(networks) == 2 * 27
    stage = stages.stage("judge_denoising", {})
    assert [tuple(network) for network in json.loads(stage.spec_param)["networks"]] == networks
    named = [job.name for job in stages.tables.planned.jobs.values()]
    assert "holzschuh2022_denoising_tests" in named
    for network in networks:
        known = dict(zip(("dataset", "denoiser", "who", "alpha", "replicate"), map(str, network), strict=True))
        assert stages.stage("train_denoiser", known).spec["settings"]["protocol"] == "published"


def test_there_is_no_such_table_without_an_oracle():
    stages = Stages(parse(experiment(denoising={"oracle": ""})))
    assert planned.tests(stages.facts) == []
    assert "holzschuh2022_denoising_tests" not in [job.name for job in stages.tables.planned.jobs.values()]


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"denoising": {"oracle": "vae"}}, "denoising.oracle: 'vae' and at least one generator"),
        ({"denoising": {"tested": 0.6}}, "denoising.tested: 0.6 has to be among the shares"),
        ({"denoising": {"other_seeds": [0.0, 0.25]}}, "denoising.tested: 0.5 has to be among the shares"),
        ({"run": EXPERIMENT["run"][:1]}, "denoising.oracle: 'oracle' and at least one generator"),
        (
            {"run": [{**EXPERIMENT["run"][0], "denoise": ["denoiser-long"]}, *EXPERIMENT["run"][1:]]},
            "denoising.oracle: oracle on skirt have no denoiser in denoise",
        ),
    ],
)
def test_an_oracle_that_nothing_can_be_held_against_is_refused(over, words):
    with pytest.raises(ConfigError) as error:
        parse(experiment(**over))
    assert words in str(error.value)
