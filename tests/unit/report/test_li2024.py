"""Tables of galaxies made for a redshift: real ones beside, printed values at their rows, bins for machines only."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from galforge.drawing.names import split_bin
from galforge.papers import assembly, registry
from galforge.papers.readings import at_floor
from galforge.report import captions, formats, layout
from toys import li2024 as toy

ROOT = Path(__file__).resolve().parents[3]
TABLE1, SUCCESSORS = (registry.table(f"li2024/{name}") for name in ("table1", "successors"))
MODELS = ("real", "cvae", "cvae-published", "ddpm", "ddpm-published")
NETWORK = "efficientnet-lite0"


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    return assembly.read_published([ROOT / "config/published/li2024.csv"])


def table1(published: pd.DataFrame, models: tuple[str, ...] = MODELS, **more: object) -> pd.DataFrame:
    return assembly.assemble(TABLE1, [toy.distances(model, **more) for model in models], published)


def one(table: pd.DataFrame, **where: str) -> pd.Series:
    for column, value in where.items():
        table = table[table[column] == value]
    assert len(table) == 1
    return table.iloc[0]


def test_printed_values_are_those_of_the_shared_list(published: pd.DataFrame) -> None:
    assert set(published["paper"]) == {"li2024"}
    assert len(published) == 19
    printed = published.set_index(["model", "metric"])["value"]
    assert printed["real", "fitting_loss"] == 4.92
    assert printed["ddpm", "redshift_loss"] == 0.62
    assert printed["cvae", "fid"] == 123


def test_every_comparison_of_the_study_is_in_the_table_and_bins_are_kept_for_machines(published: pd.DataFrame) -> None:
    table = table1(published)
    assert tuple(table.columns) == assembly.COLUMNS
    found = set(table.loc[table["seeds"].notna(), "metric"])
    assert found == set(TABLE1.metrics) - {"inception_score"}
    bins = table[table["metric"] == "galaxy_kl_bin"]
    assert len(bins) == len(MODELS) * 2 * len(toy.KL) * len(toy.BINS)
    (block,) = layout.blocks(TABLE1, table)
    assert not any("0.25" in row.label for row in block.rows)
    text = formats.markdown(TABLE1, table, "demo", "7.8")
    assert "0.25-0.5" not in text
    first = one(table, model="cvae", protocol="corrected", metric="galaxy_kl", property="isophotal_area")
    given = one(toy.distances("cvae"), protocol="corrected", metric="galaxy_kl", property="isophotal_area")
    assert first["value"] == pytest.approx(given["value"])
    assert (first["floor"], first["n_source"]) == (0.03, 400)


def test_properties_bands_and_bins_stand_in_their_order(published: pd.DataFrame) -> None:
    own = table1(published, ("ddpm",)).query("protocol == 'corrected' and seeds == seeds")
    by_metric = own.groupby("metric", sort=False)["property"].apply(list)
    assert by_metric["galaxy_kl"] == ["isophotal_area", "ellipticity", "sersic_index", "all"]
    assert by_metric["fid"] == [f"{name}@{NETWORK}" for name in (*"grizy", "all")]
    assert by_metric["redshift_bias"] == ["all", *(f"all@{redshifts}" for redshifts in toy.BINS)]
    assert list(by_metric.index) == [name for name in TABLE1.metrics if name in by_metric.index]


def test_real_galaxies_come_first_and_rows_that_average_are_totals(published: pd.DataFrame) -> None:
    (block,) = layout.blocks(TABLE1, table1(published, ("ddpm", "real")))
    assert [(column.label, column.kind) for column in block.columns] == [
        ("Held-out source", "corrected"),
        ("DDPM", "corrected"),
        ("Held-out source", "published"),
        ("DDPM", "published"),
        ("Held-out source", "printed"),
        ("DDPM", "printed"),
        ("CVAE", "printed"),
    ]
    assert {column.sizes for column in block.columns if column.sizes} == {"400 v 400"}, "samples without a size aside"
    assert [(row.heading, row.label) for row in block.rows if row.total] == [
        ("Galaxy KL loss", "Mean"),
        ("Galaxy KL loss", "Mean, over ten bins of redshift"),
        ("Fitting loss", "Mean ln |ERRCXY|"),
        ("Fitting loss", "Difference from the source at equal redshift"),
        ("Fitting loss", "Difference of shares without a value [%]"),
        ("Redshift", "Redshift loss"),
        ("Redshift", "Redshift loss of Δz / (1 + z)"),
        ("Redshift", "Bias"),
        ("Redshift", "Scatter σ_NMAD"),
        ("Redshift", "Outliers [%]"),
        ("Image networks", "Inception score"),
        ("Image networks", "Class entropy score (EfficientNet-Lite0)"),
        ("Image networks", "FID (EfficientNet-Lite0)"),
        ("Image networks", "FID"),
    ]


def test_a_variant_as_published_stands_beside_what_was_printed_of_its_model(published: pd.DataFrame) -> None:
    table = table1(published, ("cvae-published", "ddpm"))
    assert one(table, model="cvae-published", metric="galaxy_kl", property="all", protocol="published")[
        "published"
    ] == pytest.approx(0.23)
    assert not ((table["model"] == "cvae") & (table["metric"] == "galaxy_kl")).any(), "no second row of the same value"
    (block,) = layout.blocks(TABLE1, table)
    printed = [column.kind for column in block.columns].index("printed")
    assert [column.label for column in block.columns[printed:]] == ["Held-out source", "CVAE", "DDPM"]
    row = next(row for row in block.rows if row.label == "Redshift loss")
    assert [cell.value for cell in row.cells[printed:]] == ["0.072", "0.59", "0.62"]


def test_both_variants_share_one_printed_column(published: pd.DataFrame) -> None:
    (block,) = layout.blocks(TABLE1, table1(published))
    labels = [column.label for column in block.columns if column.kind == "printed"]
    assert labels == ["Held-out source", "CVAE", "DDPM"]


def test_printed_scores_stand_beside_their_own_network_only(published: pd.DataFrame) -> None:
    alone = table1(published, ("ddpm",))
    assert alone.loc[alone["property"].str.endswith(NETWORK), "published"].isna().all()
    printed = one(alone, model="ddpm", metric="fid", property="all")
    assert (printed["published"], printed["origin"]) == (98.8, "observed")
    assert np.isnan(printed["value"])
    both = table1(published, ("ddpm",), networks=("inception-v3", NETWORK))
    row = one(both, model="ddpm", metric="fid", property="all", protocol="published")
    assert (row["published"], row["engine"]) == (98.8, "inception-v3")
    assert row["value"] == pytest.approx(40, abs=10)
    assert one(both, model="ddpm", metric="fid", property=f"all@{NETWORK}", protocol="published")["value"] > 0
    assert one(both, model="ddpm", metric="inception_score", property="all", protocol="published")["published"] == 1.87


def test_single_samples_are_judged_by_their_distance_from_the_real_value(published: pd.DataFrame) -> None:
    frames = [toy.distances(model) for model in ("real", "ddpm")]
    for frame, value in zip(frames, (4.9, 5.2), strict=True):
        frame.loc[frame["metric"] == "fitting_loss", ["value", "standard_error"]] = value, 0.11
    near = assembly.assemble(TABLE1, frames, published)
    where = {"metric": "fitting_loss", "property": "all", "protocol": "published"}
    assert one(near, model="ddpm", **where)["at_floor"], "0.3 apart, with errors of 0.11 on both sides"
    assert not one(near, model="real", **where)["at_floor"]
    frames[1].loc[frames[1]["metric"] == "fitting_loss", "value"] = 5.22
    assert not one(assembly.assemble(TABLE1, frames, published), model="ddpm", **where)["at_floor"]
    alone = assembly.assemble(TABLE1, frames[1:], published)
    assert not one(alone, model="ddpm", **where)["at_floor"], "nothing to compare with"
    text = formats.markdown(TABLE1, near, "demo", "7.8")
    assert "5.20 ± 0.11 (**at the source's**" in text


@pytest.mark.parametrize(
    ("metric", "value", "error", "floor", "said"),
    [
        ("galaxy_kl", 0.05, 0.01, 0.03, True),
        ("galaxy_kl", 0.061, 0.01, 0.03, False),
        ("fitting_loss_difference", -0.19, 0.1, np.nan, True),
        ("fitting_loss_difference", -0.21, 0.1, np.nan, False),
        ("generated_over_real", 0.91, 0.05, np.nan, True),
        ("generated_over_real", 0.89, 0.05, np.nan, False),
        ("redshift_loss", 0.3, 0.1, np.nan, False),
        ("redshift_loss", 0.3, 0.1, 0.12, True),
    ],
)
def test_each_kind_has_a_value_of_its_own_to_come_close_to(
    metric: str, value: float, error: float, floor: float, said: bool
) -> None:
    of = SUCCESSORS if metric == "generated_over_real" else TABLE1
    assert at_floor(of.reading_of(metric), value, error, floor, 2 * floor) == said
    assert not at_floor(of.reading_of(metric), np.nan, error, floor, 2 * floor)


def test_successors_stand_beside_the_other_model(published: pd.DataFrame, tmp_path: Path) -> None:
    table = assembly.assemble(SUCCESSORS, [toy.distances("real"), toy.distances("ddpm")], published)
    (block,) = layout.blocks(SUCCESSORS, table)
    assert [row.label for row in block.rows] == [
        *("Isophotal area", "Ellipticity", "Semi-major axis", "Sérsic index"),
        *(f"Sky rms, {band}" for band in "grizy"),
        "FID",
    ]
    printed = block.columns[-1]
    assert (printed.label, printed.kind) == ("DDPM of arXiv:2411.18440", "printed")
    assert [row.cells[-1] and row.cells[-1].value for row in block.rows][:4] == ["0.9", "0.98", "0.96", "0.93"]
    assert block.rows[-1].cells[-1].value == "14.2"
    assert "**at one**" in formats.markdown(SUCCESSORS, table, "demo", "7.8")
    assert (table["property"] == "isophotal_area@0.01-0.25").sum() == 4, "two models under two protocols"


def test_files_say_the_same_read_back(published: pd.DataFrame, tmp_path: Path) -> None:
    for of in (TABLE1, SUCCESSORS):
        table = assembly.assemble(of, [toy.distances(model, seed) for model in MODELS for seed in (0, 1)], published)
        paths = [tmp_path / f"{of.file}.{kind}" for kind in ("csv", "md", "tex")]
        formats.write(of, table, "demo", "7.8", paths)
        assert layout.blocks(of, pd.read_csv(paths[0])) == layout.blocks(of, table)
        latex = paths[2].read_text(encoding="utf-8")
        assert latex.count("{") - latex.count(r"\{") == latex.count("}") - latex.count(r"\}")
        for sign in "Δσ±×⁻":
            assert sign not in latex
        for said in ("mock", "scale: demo", "printed"):
            assert said in paths[1].read_text(encoding="utf-8")
    said = " ".join(captions.notes(TABLE1, table1(published), "7.8"))
    assert "rises with signal-to-noise" in said
    assert "they are no targets" in said


def test_the_same_comparison_twice_is_refused(published: pd.DataFrame) -> None:
    with pytest.raises(assembly.TablesError, match=r"galaxiesml, real, seed 0, galaxy_kl \(corrected\)"):
        table1(published, ("real", "real"))


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("all@0.01-0.25", ("all", 0.01, 0.25)),
        ("isophotal_area@3-4", ("isophotal_area", 3.0, 4.0)),
        ("all", None),
        (f"all@{NETWORK}", None),
        ("g@inception-v3", None),
    ],
)
def test_bins_are_told_from_networks(name: str, found: tuple[str, float, float] | None) -> None:
    assert split_bin(name) == found
