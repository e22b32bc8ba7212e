"""What jobs ask a scheduler for: lines that were measured, over what the configuration counts."""

import csv
import re
from collections.abc import Iterator

import pytest
import yaml
from tree import ROOT

from galforge.config import files
from galforge.config.parse import parse
from galforge.config.problems import merged
from galforge.config.tree import is_scored
from galforge.errors import GalforgeError
from galforge.measure.features import efficientnet_lite0, inception_v3
from galforge.measure.features.encoders import dinov2, zoobot
from galforge.measure.features.settings import CLASSES, FEATURES
from galforge.plan import comparisons
from galforge.plan.facts import Facts
from galforge.plan.requests import LONGEST, MEMORY_FACTOR, SHORTEST, TABLE, TIME_FACTOR, Part, Requests, read_lines

NODE_MB = 64_000
"""Memory of a small node of a cluster."""
MEASURED = ROOT / "config" / "scale.csv"


def requests_of(over: dict | None = None) -> Requests:
    read = yaml.safe_load(files.CONFIG.read_text(encoding="utf-8"))
    return Requests(Facts(parse(merged(read, over or {}))))


@pytest.fixture(scope="module")
def paper() -> Requests:
    return requests_of()


def jobs(requests: Requests) -> Iterator[tuple[str, dict[str, str]]]:
    """Jobs that measure and compare, by rule and wildcards: parts by the first one."""
    config, facts = requests.config, requests.facts
    for dataset in config.used_datasets:
        seeds = [(run.model, seed) for run in config.run if run.dataset == dataset for seed in run.seeds]
        for rule, kind in facts.measuring.items():
            scored = is_scored(config.datasets[dataset].family)
            # What no comparison needs is measured if somebody asks for it by name, or for the study of realism.
            if dataset not in kind.datasets or not (scored or facts.is_compared(dataset, kind)):
                continue
            known = ["source", *(["scored"] if scored else [])]
            known += [f"{model}-seed{seed}" for model, seed in seeds]
            for who in [""] if kind.whose else [who for who in known if re.fullmatch(kind.who, who)]:
                told = {"dataset": dataset} | ({"who": who} if who else {})
                parts = facts.measure_parts(dataset, who or kind.whose[0], kind.measures)
                yield rule, told
                if parts > 1:
                    yield f"{rule}_chunk", told | {"part": "0", "parts": str(parts)}
        for group in comparisons.GROUPS:
            if comparisons.comparisons(config, dataset, group):
                for model, seed in comparisons.compared(config, dataset, group):
                    yield "distances", {"dataset": dataset, "model": model, "seed": str(seed), "group": group}


def test_features_are_counted_as_the_networks_have_them():
    assert FEATURES["efficientnet-lite0"] == efficientnet_lite0.FEATURES
    assert FEATURES["inception-v3"] == inception_v3.FEATURES
    assert FEATURES["zoobot"] == FEATURES["zoobot-greyscale"] == zoobot.FEATURES
    for size in ("small", "large"):
        assert FEATURES[f"dinov2-{size}"] == dinov2.SIZES[f"dinov2-{size}"][0]
    assert CLASSES == {"efficientnet-lite0": efficientnet_lite0.CLASSES, "inception-v3": inception_v3.CLASSES}


def test_no_job_of_the_papers_asks_for_less_than_its_line(paper):
    seen = set()
    for rule, told in jobs(paper):
        asked, time = paper.megabytes(rule, told), paper.minutes(rule, told)
        for part in paper.parts(rule, told):
            line = paper.line(part.stage)
            assert asked >= MEMORY_FACTOR * line.megabytes(part.items, part.numbers), (rule, told, part)
            seconds = TIME_FACTOR * line.seconds(part.items, part.numbers)
            assert 60 * time >= min(seconds, 60 * LONGEST), (rule, told, part)
            seen.add(part.stage.split()[0])
        assert 500 <= asked <= NODE_MB, (rule, told)
        assert SHORTEST <= time <= LONGEST, (rule, told)
    assert seen == {"measure", "join", "distances", "compare"}


def test_tables_of_vectors_fit_into_the_jobs_that_hold_them(paper):
    """Every job that measures features keeps those of its part; the one that joins parts holds none of them whole."""
    for rule, told in jobs(paper):
        parts = paper.parts(rule, told)
        if told.get("part") and any("features" in part.stage for part in parts):
            held = max(4 * part.items * part.numbers / 1e6 for part in parts)
            assert paper.megabytes(rule, told) > 2 * held
    joins = [part for rule, told in jobs(paper) for part in paper.parts(rule, told) if part.stage == "join"]
    largest = max(joins, key=lambda part: part.items * part.numbers)
    assert 4 * largest.items * largest.numbers > 5e9  # what would be in memory otherwise
    assert paper.line("join").megabytes(largest.items, largest.numbers) < 1000


def test_what_was_measured_is_below_what_is_asked_for():
    lines = read_lines()
    rows = list(csv.DictReader(MEASURED.read_text(encoding="utf-8").splitlines()))
    assert {row["stage"] for row in rows} <= set(lines)
    for row in rows:
        line, items, numbers = lines[row["stage"]], float(row["items"]), float(row["numbers"])
        assert float(row["peak_mb"]) <= MEMORY_FACTOR * line.megabytes(items, numbers), row
        assert float(row["cpu_s"]) <= TIME_FACTOR * line.seconds(items, numbers), row


def test_requests_follow_the_configuration(paper):
    measures = paper.config.measures
    whole = {name: {"chunk": 10**6} for name, entry in measures.items() if entry.family == "features"}
    more = requests_of({"sampling": {"count": 10**6, "chunk": 10**6}, "measures": whole})
    measuring = next(
        rule for rule, kind in paper.facts.measuring.items() if kind.generated and "features" in kind.measures
    )
    model = {"dataset": "cosmos", "model": "stylegan", "seed": "0"}
    for rule, told in (
        ("distances", model | {"group": "properties"}),
        ("merge_samples", model),
        (f"{measuring}_chunk", {"dataset": "cosmos", "who": "stylegan-seed0", "part": "0"}),
    ):
        asked = []
        for requests in (paper, more):
            own = dict(told)
            if "part" in told:
                measures = requests.facts.measuring[measuring].measures
                own["parts"] = str(requests.facts.measure_parts("cosmos", "stylegan-seed0", measures))
            asked.append((requests.megabytes(rule, own), requests.minutes(rule, own)))
        assert asked[1][0] > asked[0][0], rule
        assert asked[1][1] > asked[0][1], rule


def test_the_longest_name_counts_and_a_stage_without_a_line_is_said(paper):
    assert paper.line("measure morphology numba") == paper.lines["measure morphology numba"]
    assert paper.line("measure features some-network") == paper.lines["measure features"]
    assert paper.parts("page", {}) == [Part("page")]
    with pytest.raises(GalforgeError, match="no line for the stage clumps on sersic"):
        paper.line("clumps on sersic")


def test_wrong_tables_are_refused(tmp_path):
    text = TABLE.read_text(encoding="utf-8").splitlines()
    for name, rows, message in (
        ("twice", [*text, text[1]], "is the second one of stamps"),
        ("letters", [text[0], text[1].replace("2600", "much")], "row 2 needs numbers"),
    ):
        (tmp_path / name).write_text("\n".join(rows))
        with pytest.raises(GalforgeError, match=message):
            read_lines(tmp_path / name)
