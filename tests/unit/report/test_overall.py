"""The table of every generator: what it takes from other tables, ratios to floors, and the order of its rows."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from galforge.papers import assembly, registry
from galforge.papers.overall import taken_of
from galforge.report import captions, formats, layout, overall
from toys import gantastic2020 as sparse
from toys import li2024 as of_redshift

ROOT = Path(__file__).resolve().parents[3]
TAKEN = taken_of(registry.tables())
ALL = registry.table("all")
NETWORKS = ("efficientnet-lite0", "inception-v3")


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    return assembly.read_published(
        [ROOT / f"config/published/{name}.csv" for name in ("holzschuh2022", "gantastic2020")]
    )


def run(dataset: str, model: str, value: float, seed: int = 0, networks: tuple[str, ...] = NETWORKS) -> pd.DataFrame:
    """The rows of one run: averages of morphology and spectrum (W1 of value), FID 100 times and KID as large."""
    found = []
    for protocol, factor in (("corrected", 1.0), ("published", 3.0)):
        common = {"dataset": dataset, "origin": "mock", "model": model, "seed": seed, "protocol": protocol}
        common |= {"n_source": 400, "n_generated": 300, "standard_error": 0.01 * factor}
        for comparison in ("morphology", "power_spectrum"):
            own = {"comparison": comparison, "metric": "wasserstein", "floor": 0.05}
            own["engine"] = "numba" if comparison == "morphology" else ""
            found += [{**common, **own, "property": name, "value": value * factor} for name in ("gini", "average")]
        for network in networks:
            own = {"comparison": "features", "engine": network, "property": network}
            for metric, size, floor in (("fid", 100.0, 4.0), ("fid_infinity", 90.0, 4.0), ("kid", 1.0, 0.0)):
                found.append({**common, **own, "metric": metric, "value": size * value * factor, "floor": floor})
    return pd.DataFrame(found).assign(limit=lambda frame: 2 * frame["floor"])


def distances() -> list[pd.DataFrame]:
    return [
        run("cosmos", "vae", 0.4),
        run("cosmos", "vae", 0.6, seed=1),
        run("cosmos", "stylegan", 0.09),
        run("cosmos", "roundtrip", 0.01),
        run("galaxiesml", "ddpm", 0.2, networks=NETWORKS[:1]),
        *sparse.distances(),
    ]


@pytest.fixture(scope="module")
def made(published: pd.DataFrame) -> pd.DataFrame:
    return overall.assemble(TAKEN, distances(), published)


def one(table: pd.DataFrame, **where: str) -> pd.Series:
    for column, value in where.items():
        table = table[table[column] == value]
    assert len(table) == 1
    return table.iloc[0]


def test_one_number_per_model_and_metric(made: pd.DataFrame) -> None:
    assert tuple(made.columns) == assembly.COLUMNS
    assert not made.duplicated(["dataset", "model", "metric", "property"]).any()
    assert not (made["model"] == "roundtrip").any()
    assert made["seeds"].notna().all(), "models that were not run are left out"
    protocols = made.groupby("metric")["protocol"].unique().map(list).to_dict()
    assert protocols.pop("mean_score") == ["published"], "it has no other"
    assert all(found == ["corrected"] for found in protocols.values())
    vae = made[(made["dataset"] == "cosmos") & (made["model"] == "vae")]
    assert list(zip(vae["metric"], vae["property"], strict=True)) == [
        ("wasserstein", "morphology"),
        ("wasserstein", "power_spectrum"),
        *(("fid", name) for name in NETWORKS),
        *(("kid", name) for name in NETWORKS),
        ("in_floors", "morphology"),
        ("in_floors", "power_spectrum"),
        *(("in_floors", f"fid@{name}") for name in NETWORKS),
    ], "no ratio to a floor of 0"


def test_numbers_are_those_of_the_other_tables(made: pd.DataFrame, published: pd.DataFrame) -> None:
    table = assembly.assemble(registry.table("holzschuh2022/morphology"), distances(), published)
    average = one(table, dataset="cosmos", model="vae", property="average", protocol="corrected")
    row = one(made, dataset="cosmos", model="vae", metric="wasserstein", property="morphology")
    for column in (
        "value",
        "standard_error",
        "error_images",
        "error_seeds",
        "floor",
        "at_floor",
        "n_source",
        "n_generated",
        "seeds",
        "published",
    ):
        assert row[column] == average[column], column
    assert row["value"] == pytest.approx(0.5)
    assert row["published"] == pytest.approx(0.6397, abs=1e-4)
    assert row["engine"] == "numba"


def test_ratios_to_the_floor_keep_what_was_said_of_them(made: pd.DataFrame) -> None:
    row = one(made, model="stylegan", metric="in_floors", property="morphology")
    assert (row["value"], row["standard_error"]) == (pytest.approx(0.09 / 0.05), pytest.approx(0.01 / 0.05))
    assert row["at_floor"]
    assert np.isnan(row["floor"])
    assert np.isnan(row["published"])
    fid = one(made, model="stylegan", metric="in_floors", property="fid@inception-v3")
    assert (fid["value"], bool(fid["at_floor"])) == (pytest.approx(9 / 4), False)


def test_ratios_to_the_floor_keep_both_parts_of_their_error(made: pd.DataFrame) -> None:
    row = one(made, dataset="cosmos", model="vae", metric="in_floors", property="morphology")
    # Two seeds, 0.4 and 0.6, each with an error of 0.01 over images, above a floor of 0.05.
    assert row["error_images"] == pytest.approx(0.01 / 0.05)
    assert row["error_seeds"] == pytest.approx(0.1 / 0.05)
    assert row["standard_error"] == pytest.approx(np.hypot(0.01, 0.1) / 0.05)
    assert np.isnan(one(made, model="stylegan", metric="in_floors", property="morphology")["error_seeds"])


def test_data_sets_and_models_keep_their_order(made: pd.DataFrame) -> None:
    blocks = layout.blocks(ALL, made)
    assert [block.dataset for block in blocks] == ["cosmos", "galaxiesml", "sparse"]
    assert [[column.label for column in block.columns if column.kind != "printed"] for block in blocks] == [
        ["VAE", "StyleGAN"],
        ["DDPM"],
        [
            "Images labelled real",
            "Baseline 1",
            "Baseline 2",
            "Baseline 2 (heuristic)",
            "End-to-end GAN",
            "Two-stage GAN",
            "Two-stage GAN, conditional",
        ],
    ]
    assert [(row.heading, row.label) for row in blocks[0].rows] == [
        ("Average distance", "Morphology"),
        ("Average distance", "Power spectrum"),
        ("Image networks", "FID (EfficientNet-Lite0)"),
        ("Image networks", "FID (Inception-v3)"),
        ("Image networks", "KID (EfficientNet-Lite0)"),
        ("Image networks", "KID (Inception-v3)"),
        ("In units of the floor", "Morphology"),
        ("In units of the floor", "Power spectrum"),
        ("In units of the floor", "FID (EfficientNet-Lite0)"),
        ("In units of the floor", "FID (Inception-v3)"),
    ]
    assert [row.cells[0].value for row in blocks[0].rows[:2]] == ["50", "50"], "in hundredths"
    assert {column.sizes for column in blocks[0].columns if column.sizes} == {"400 v 300, 2 seeds", "400 v 300"}
    (scores,) = blocks[2].rows
    assert (scores.heading, scores.label) == ("Mean score", "XGBoost, histogram and power spectrum")
    assert [bool(cell.at_floor) for cell in scores.cells[:7]] == [False, False, False, False, False, True, True]


def test_files_say_the_same_read_back(made: pd.DataFrame, tmp_path: Path) -> None:
    paths = [tmp_path / f"all.{kind}" for kind in ("csv", "md", "tex")]
    formats.write(ALL, made, "demo", "7.8", paths)
    assert layout.blocks(ALL, pd.read_csv(paths[0])) == layout.blocks(ALL, made)
    markdown, latex = (path.read_text(encoding="utf-8") for path in paths[1:])
    for said in ("Every generator on the data sets they share", "scale: demo", "numba engine", "**at floor**", "mock"):
        assert said in markdown
    assert "nan" not in markdown
    assert latex.isascii()
    assert formats.latex(ALL, made, "demo", "7.8") == latex
    assert "morphology in ×10⁻² of the source's standard deviation; power spectrum in" in " ".join(
        captions.notes(ALL, made, "7.8")
    )


def test_what_was_not_measured_is_left_out(published: pd.DataFrame) -> None:
    alone = [frame[frame["comparison"] == "power_spectrum"] for frame in distances() if "comparison" in frame]
    made = overall.assemble(TAKEN, alone, published)
    assert set(made["property"]) == {"power_spectrum"}
    scored = overall.assemble(TAKEN, [sparse.scores("baseline1")], published)
    assert list(scored["metric"]) == ["mean_score"]


def test_says_what_to_run_where_there_is_nothing(published: pd.DataFrame) -> None:
    for nothing in ([], [of_redshift.distances("ddpm")], [run("cosmos", "vae", 0.4).query("protocol == 'published'")]):
        with pytest.raises(assembly.TablesError, match="table all: the distances hold nothing of what it shows"):
            overall.assemble(TAKEN, nothing, published)
    with pytest.raises(assembly.TablesError, match="comes twice"):
        overall.assemble(TAKEN, [run("cosmos", "vae", 0.4)] * 2, published)
    with pytest.raises(assembly.TablesError, match="table all is not made of distances"):
        assembly.assemble(ALL, distances(), published)
