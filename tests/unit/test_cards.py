"""Cards: headline numbers in one file, and cards of several runs side by side."""

import copy
import json

import pandas as pd
import pytest

from galforge.cards import __main__ as command
from galforge.cards import card
from galforge.cards.beside import CardsError, beside, read
from galforge.papers.assembly import COLUMNS


def row(**given):
    known = {
        "dataset": "sersic",
        "origin": "analytic",
        "model": "vae",
        "metric": "wasserstein",
        "property": "average",
        "value": 0.25,
        "standard_error": 0.02,
        "floor": 0.05,
        "at_floor": False,
        "n_source": 500,
        "n_generated": 400,
        "seeds": 3,
        "protocol": "corrected",
    }
    return {**dict.fromkeys(COLUMNS), **known, **given}


@pytest.fixture
def tables(tmp_path):
    folder = tmp_path / "holzschuh2022"
    folder.mkdir()
    rows = [
        row(),
        row(property="gini", value=0.5),
        row(protocol="published", value=9.0),
        row(model="roundtrip"),
        row(model="alae", seeds=None, value=None, published=0.1),
        row(metric="count", property="entered"),
    ]
    pd.DataFrame(rows).to_csv(folder / "morphology.csv", index=False)
    pd.DataFrame([row(metric="fid", property="efficientnet-lite0", value=3.0, at_floor=True)]).to_csv(
        folder / "fid.csv", index=False
    )
    pd.DataFrame([row(value=0.125)]).to_csv(folder / "power_spectrum.csv", index=False)
    pd.DataFrame([row(metric="classifier", property="all", value=0.75)]).to_csv(folder / "joint.csv", index=False)
    return [folder / f"{name}.csv" for name in ("morphology", "power_spectrum", "fid", "joint")]


def test_headline_numbers_are_the_averages_of_models_under_the_corrected_protocol(tables):
    found = card.numbers(tables)
    assert [(each["metric"], each["property"], each["value"], each["at_floor"]) for each in found] == [
        ("wasserstein", "average", 0.25, False),
        ("wasserstein", "average", 0.125, False),
        ("fid", "efficientnet-lite0", 3.0, True),
        ("classifier", "all", 0.75, False),
    ]
    assert found[0]["standard_error"] == 0.02
    assert found[0]["floor"] == 0.05
    assert (found[0]["n_source"], found[0]["n_generated"], found[0]["seeds"]) == (500, 400, 3)


def a_card(tables, model="vae"):
    return {
        "format": card.FORMAT,
        "galforge": "0.2.0",
        "track": None,
        "given": {},
        "judged": {"sersic": {"measure morphology": "aa", "comparison morphology corrected": "bb"}},
        "datasets": {"sersic": {"digest": "d" * 64, "stamps": 500, "splits": {"train": 400}, "origin": "analytic"}},
        "numbers": [{**each, "model": model} for each in card.numbers(tables)],
    }


def test_cards_of_two_models_stand_side_by_side(tables):
    both = beside({"a.json": a_card(tables), "b.json": a_card(tables, "alae")})
    assert both[0].startswith("| data set | quantity | VAE | ALAE |")
    assert sum("0.25 ± 0.02 (0.05)" in line for line in both) == 1
    assert sum(line.count("at floor") == 2 for line in both) == 1


def test_one_model_on_two_cards_is_told_apart_by_the_card(tables):
    head = beside({"a.json": a_card(tables), "b.json": a_card(tables)})[0]
    assert "VAE (a.json)" in head
    assert "VAE (b.json)" in head


CHANGES = {
    "other stamps": lambda each: each["datasets"]["sersic"].update(digest="e" * 64),
    "another number of stamps": lambda each: each["datasets"]["sersic"].update(stamps=499),
    "other splits": lambda each: each["datasets"]["sersic"].update(splits={"train": 300}),
    "another track": lambda each: each.update(track={"name": "t-1", "digest": "f" * 64}),
    "measure morphology with other settings": lambda each: each["judged"]["sersic"].update({"measure morphology": "x"}),
    "floors and errors depend on their number": lambda each: [n.update(n_generated=100) for n in each["numbers"]],
}


@pytest.mark.parametrize("reason", CHANGES)
def test_cards_that_were_not_measured_alike_are_refused_with_the_difference(tables, reason):
    other = copy.deepcopy(a_card(tables, "alae"))
    CHANGES[reason](other)
    with pytest.raises(CardsError, match=reason):
        beside({"a.json": a_card(tables), "b.json": other})


def test_cards_without_a_data_set_in_common_are_refused(tables):
    other = a_card(tables)
    other["datasets"] = {"cosmos": other["datasets"]["sersic"]}
    with pytest.raises(CardsError, match="share no data set"):
        beside({"a.json": a_card(tables), "b.json": other})


@pytest.mark.parametrize(
    ("content", "reason"), [("{", "cannot be read"), ("[]", "is no card"), ('{"format": 1}', "is no")]
)
def test_a_file_that_is_no_card_is_named(tmp_path, content, reason):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(CardsError, match=f"a.json: .*{reason}"):
        read(tmp_path / "a.json")


def test_a_card_of_another_layout_is_refused(tmp_path, tables):
    (tmp_path / "a.json").write_text(json.dumps({**a_card(tables), "format": card.FORMAT + 1}))
    with pytest.raises(CardsError, match="use the newer one"):
        read(tmp_path / "a.json")


def test_the_command_prints_the_table_and_refuses_one_card(tmp_path, tables, capsys):
    for name, model in (("a.json", "vae"), ("b.json", "alae")):
        (tmp_path / name).write_text(json.dumps(a_card(tables, model)))
    command.main([str(tmp_path / "a.json"), str(tmp_path / "b.json")])
    assert "| VAE | ALAE |" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="at least two"):
        command.main([str(tmp_path / "a.json")])


def test_the_card_to_paste_says_data_set_protocol_and_numbers(tables):
    lines = card.lines(a_card(tables))
    assert "| sersic | VAE |" in "\n".join(lines)
    assert (
        lines[-1] == "galforge 0.2.0, corrected protocol, no track. sersic: 500 stamps (analytic), digest dddddddddddd."
    )
