"""Tables: the arithmetic of seeds and errors, printed values at their rows, and files that say everything."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from galforge.compare.kind import readings
from galforge.errors import GalforgeError
from galforge.papers import assembly, registry
from galforge.papers.readings import at_floor
from galforge.papers.table import Table
from galforge.papers.views import views
from galforge.provenance.records import locked_versions
from galforge.report import captions, cost, formats, layout

ROOT = Path(__file__).resolve().parents[3]
PRINTED = ROOT / "config/published/holzschuh2022.csv"


def known(name: str) -> Table:
    return registry.table(f"holzschuh2022/{name}")


def assemble(name: str, distances: list[pd.DataFrame], published: pd.DataFrame) -> pd.DataFrame:
    return assembly.assemble(known(name), distances, published)


def blocks(name: str, frame: pd.DataFrame) -> list[layout.Block]:
    return layout.blocks(known(name), frame)


def said_of(name: str, frame: pd.DataFrame) -> str:
    """Caption and notes."""
    return " ".join([captions.caption(known(name), frame, "demo"), *captions.notes(known(name), frame, "7.8")])


def rows(
    values: dict[str, float],
    *,
    dataset: str = "cosmos",
    origin: str = "mock",
    model: str = "vae",
    seed: int = 0,
    comparison: str = "morphology",
    protocol: str = "corrected",
    engine: str = "",
    error: float = 0.03,
    floor: float = 0.1,
    limit: float = 0.2,
    metric: str = "wasserstein",
    n: tuple[int, int] = (280, 270),
) -> pd.DataFrame:
    made = [
        {
            "dataset": dataset,
            "origin": origin,
            "model": model,
            "seed": seed,
            "comparison": comparison,
            "measure": comparison if protocol == "corrected" else f"{comparison}-published",
            "protocol": protocol,
            "engine": engine,
            "metric": metric,
            "property": name,
            "value": value,
            "standard_error": error,
            "floor": floor,
            "limit": limit,
            "n_source": n[0],
            "n_generated": n[1],
        }
        for name, value in values.items()
    ]
    return pd.DataFrame(made)


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    return assembly.read_published([PRINTED])


def one(table: pd.DataFrame, **where: str) -> pd.Series:
    for column, value in where.items():
        table = table[table[column] == value]
    assert len(table) == 1
    return table.iloc[0]


def test_seeds_are_averaged_and_their_scatter_added_in_quadrature(published: pd.DataFrame) -> None:
    frames = [rows({"gini": 0.4}, seed=0, error=0.03), rows({"gini": 0.6}, seed=1, error=0.05)]
    row = one(assemble("morphology", frames, published), property="gini", model="vae")
    assert row["value"] == pytest.approx(0.5)
    images, seeds = np.sqrt((0.03**2 + 0.05**2) / 2), np.sqrt(0.02 / 2)
    assert (row["error_images"], row["error_seeds"]) == (pytest.approx(images), pytest.approx(seeds))
    assert row["standard_error"] == pytest.approx(np.hypot(images, seeds))
    assert row["seeds"] == 2


def test_the_parts_of_an_error_find_the_scatter_of_images_and_of_trainings(published: pd.DataFrame) -> None:
    """Trainings scatter by 0.2 around 1, and by their images by 0.1."""
    random, seeds, trials = np.random.default_rng(5), 4, 300
    centres = 1 + 0.2 * random.standard_normal((trials, seeds))
    values = centres + 0.1 * random.standard_normal((trials, seeds))
    frames = [
        rows({f"p{trial:03d}": value for trial, value in enumerate(values[:, seed])}, seed=seed, error=0.1)
        for seed in range(seeds)
    ]
    made = assemble("morphology", frames, published).query("model == 'vae' and seeds.notna()")
    assert len(made) == trials
    # A seed's value scatters by its training and its images.
    assert np.sqrt(np.mean(made["error_seeds"] ** 2)) == pytest.approx(np.hypot(0.2, 0.1) / np.sqrt(seeds), rel=0.1)
    assert made["error_images"].to_numpy() == pytest.approx(np.full(trials, 0.1))
    total = made["error_images"] ** 2 + made["error_seeds"] ** 2
    assert made["standard_error"].to_numpy() == pytest.approx(np.sqrt(total).to_numpy(), rel=1e-12)


def test_notes_name_the_models_of_one_seed(published: pd.DataFrame) -> None:
    once, twice = rows({"gini": 0.4}), rows({"gini": 0.4}, seed=1)
    other, real = rows({"gini": 0.4}, model="stylegan"), rows({"gini": 0.1}, model="roundtrip")
    alone = said_of("morphology", assemble("morphology", [once, other], published))
    assert "Every model here has one seed. Such errors are of the images alone" in alone
    mixed = said_of("morphology", assemble("morphology", [once, twice, other, real], published))
    assert "One seed: StyleGAN (cosmos). Such errors" in mixed
    more = [rows({"gini": 0.4}, model=model) for model in ("alae", "cvae")]
    more += [rows({"gini": 0.4}, dataset="sersic", origin="analytic")]
    several = said_of("morphology", assemble("morphology", [once, twice, other, *more], published))
    assert "One seed: StyleGAN, ALAE and CVAE (cosmos), VAE (sersic). Such errors" in several
    assert "one seed" not in said_of("morphology", assemble("morphology", [once, twice, real], published)).lower()


def test_models_that_do_not_beat_the_gaussian_are_named(published: pd.DataFrame) -> None:
    own = {"gini": 0.6, "m20": 0.6, "asymmetry": 0.15}
    line, vae, best = rows(own, model="gaussian"), rows({**own, "gini": 0.9}), rows({**own, "m20": 0.3}, model="alae")
    elsewhere = [rows(own, model=model, dataset="sersic", origin="analytic") for model in ("gaussian", "stylegan")]
    said = said_of("morphology", assemble("morphology", [line, vae, best, *elsewhere], published))
    assert "is the line to beat. Better beyond the error: ALAE in 1 of 2 (cosmos). " in said, "one row is at the floor"
    assert "In no row better: VAE (cosmos), StyleGAN (sersic)." in said
    # A difference within the error is no gain.
    close = rows({**own, "m20": 0.55}, model="alae")
    assert "In no row better: ALAE (cosmos)." in said_of("morphology", assemble("morphology", [line, close], published))
    for others in ([vae, best], [line]):
        assert "line to beat" not in said_of("morphology", assemble("morphology", others, published))


def test_one_seed_keeps_the_error_over_images(published: pd.DataFrame) -> None:
    row = one(assemble("morphology", [rows({"gini": 0.4})], published), property="gini", model="vae")
    assert (row["standard_error"], row["error_images"]) == (0.03, 0.03)
    assert np.isnan(row["error_seeds"]), "no scatter of training is known from one"


def test_order_of_the_files_changes_nothing(published: pd.DataFrame) -> None:
    frames = [rows({"gini": 0.1 + 0.2 * seed}, seed=seed, error=0.01 * (seed + 1)) for seed in range(3)]
    pd.testing.assert_frame_equal(
        assemble("morphology", frames, published),
        assemble("morphology", frames[::-1], published),
    )


@pytest.mark.parametrize(("value", "said"), [(0.2, True), (0.201, False), (0.5, False), (np.nan, False)])
def test_at_floor_is_within_the_limit(published: pd.DataFrame, value: float, said: bool) -> None:
    row = one(assemble("morphology", [rows({"gini": value})], published), property="gini", model="vae")
    assert row["at_floor"] == said


def test_every_printed_value_of_the_data_set_finds_its_row(published: pd.DataFrame) -> None:
    frames = [
        rows({"gini": 0.4, "m20": 0.3}),
        rows({"gini": 0.4}, protocol="published"),
    ]
    table = assemble("morphology", frames, published)
    printed = published[(published["table"] == "morphology") & (published["dataset"] == "cosmos")]
    for want in printed.itertuples():
        found = table[(table["model"] == want.model) & (table["property"] == want.property)]
        assert len(found) == (2 if (want.model, want.property) == ("vae", "gini") else 1)
        assert (found["published"] == want.value).all()
    assert np.isnan(one(table, model="vae", property="m20")["published"])
    assert set(table["dataset"]) == {"cosmos"}


def test_models_that_were_not_run_have_no_value_and_the_papers_origin(published: pd.DataFrame) -> None:
    table = assemble("morphology", [rows({"gini": 0.4})], published)
    row = one(table, model="stylegan", property="gini")
    assert np.isnan(row["value"])
    assert row["origin"] == "observed"
    assert row["protocol"] == "published"
    assert pd.isna(row["n_source"])
    assert one(table, model="vae", property="gini")["origin"] == "mock"


def test_other_models_get_no_printed_value(published: pd.DataFrame) -> None:
    table = assemble("morphology", [rows({"gini": 0.4}, model="vae-wide")], published)
    assert np.isnan(one(table, model="vae-wide")["published"])


def groups(morphology: float, spectrum: float, **more: object) -> list[pd.DataFrame]:
    return [
        rows({"average": morphology}, error=0.03, n=(200, 190), **more),
        rows({"average": spectrum}, comparison="power_spectrum", error=0.04, floor=0.02, **more),
    ]


def test_the_headline_is_the_mean_over_groups(published: pd.DataFrame) -> None:
    table = assemble("headline", groups(0.6, 0.2), published)
    row = one(table, property="overall", model="vae")
    assert row["value"] == pytest.approx(0.4)
    assert row["standard_error"] == pytest.approx(0.05 / 2)
    assert row["floor"] == pytest.approx(0.06)
    assert (row["n_source"], row["n_generated"]) == (200, 190)
    assert one(table, property="morphology", model="vae")["published"] == 0.6397
    assert one(table, property="overall", model="stylegan")["published"] == 0.0598


def test_the_printed_headline_follows_from_the_printed_averages(published: pd.DataFrame) -> None:
    """The abstract's 7.19 and 5.98 x10^-2 are what the rule of the headline makes of the printed averages."""
    for dataset, want in (("sersic", 0.0719), ("cosmos", 0.0598), ("skirt", 0.0508)):
        all_of = published[(published["dataset"] == dataset) & (published["model"] == "stylegan")]
        own = all_of[all_of["property"] == "average"].set_index("table")["value"]
        frames = groups(own["morphology"], own["power_spectrum"], dataset=dataset, model="stylegan")
        if dataset == "skirt":
            colour = all_of.loc[all_of["table"] == "colour_bulge", "value"].mean()
            frames.append(rows({"average": colour}, dataset=dataset, model="stylegan", comparison="colour_bulge"))
        table = assemble("headline", frames, published)
        row = one(table, property="overall", model="stylegan")
        assert row["value"] == pytest.approx(want, abs=1e-4)
        assert row["published"] == want


def test_no_headline_from_half_of_its_groups(published: pd.DataFrame) -> None:
    alone = assemble("headline", groups(0.6, 0.2)[:1], published)
    assert alone[(alone["model"] == "vae") & (alone["property"] == "overall")].empty
    skirt = assemble("headline", groups(0.6, 0.2, dataset="skirt"), published)
    assert skirt[(skirt["model"] == "vae") & (skirt["property"] == "overall")].empty
    blank = assemble("headline", groups(0.6, np.nan), published)
    assert np.isnan(one(blank, model="vae", property="overall")["value"])


def engines(corrected: str, published: str) -> list[pd.DataFrame]:
    """Distances of a morphology and a power spectrum in both protocols."""
    return [
        rows(values, comparison=group, protocol=protocol, engine=engine if group == "morphology" else "")
        for group, values in (("morphology", {"gini": 0.4, "average": 0.3}), ("power_spectrum", {"average": 0.2}))
        for protocol, engine in (("corrected", corrected), ("published", published))
    ]


def test_each_row_says_what_measured_it(published: pd.DataFrame) -> None:
    frames = engines("numba", "statmorph")
    table = assemble("morphology", frames, published)
    measured = table[table["value"].notna()]
    assert dict(zip(measured["protocol"], measured["engine"], strict=True)) == {
        "corrected": "numba",
        "published": "statmorph",
    }
    assert set(table.loc[table["value"].isna(), "engine"]) == {""}, "a printed value has no engine of ours"
    assert set(assemble("power_spectrum", frames, published)["engine"]) == {""}
    headline = assemble("headline", frames, published)
    run = headline[(headline["protocol"] == "corrected") & headline["value"].notna()]
    assert dict(zip(run["property"], run["engine"], strict=True)) == {
        "morphology": "numba",
        "power_spectrum": "",
        "overall": "numba",
    }


@pytest.mark.parametrize(
    ("corrected", "other", "said"),
    [
        ("numba", "numba", "Morphology was measured by galforge's numba engine (statmorph 0.7.2's definitions)."),
        ("statmorph", "statmorph", "Morphology was measured by statmorph 7.8."),
        (
            "numba",
            "statmorph",
            "Morphology was measured by galforge's numba engine (statmorph 0.7.2's definitions) under the corrected "
            "protocol and by statmorph 7.8 under the published protocol.",
        ),
    ],
)
def test_captions_name_the_engine(published: pd.DataFrame, corrected: str, other: str, said: str) -> None:
    frames = engines(corrected, other)
    for name in ("morphology", "headline"):
        table = assemble(name, frames, published)
        assert captions.notes(known(name), table, "7.8")[-1] == said
        text = formats.markdown(known(name), table, "demo", "7.8")
        assert f"**Corrected protocol** (280 v 270, engine {corrected})" in text
        assert f"**Published protocol** (280 v 270, engine {other})" in text
        lines = formats.latex(known(name), table, "demo", "7.8").splitlines()
        assert rf"\textit{{Corrected protocol}} (280 v 270, engine {corrected})\par\smallskip" in lines
    spectrum = assemble("power_spectrum", frames, published)
    assert "measured by" not in said_of("power_spectrum", spectrum)
    for text in (formats.markdown, formats.latex):
        assert "engine" not in text(known("power_spectrum"), spectrum, "demo", "7.8")


def test_counts_stay_with_source_and_model(published: pd.DataFrame, tmp_path: Path) -> None:
    counts = [
        rows({stage: n[1] / 300}, metric="count", n=n, floor=np.nan)
        for stage, n in (
            ("kept", (250, 240)),
            ("entered", (300, 300)),
            ("flag_ok", (260, 255)),
            ("segmented", (299, 298)),
        )
    ]
    table = assemble("morphology", [pd.concat([rows({"gini": 0.4}), *counts])], published)
    (block,) = blocks("morphology", table)
    assert [(c.sample, *c.stages.values()) for c in block.counts] == [
        ("source", "300", "299", "260", "250"),
        ("VAE", "300", "298", "255", "240"),
    ]
    assert not table[table["metric"] == "count"]["at_floor"].any()


def test_files_say_the_same_however_often_they_are_written(published: pd.DataFrame, tmp_path: Path) -> None:
    frames = [rows({"gini": 1 / 3, "average": 0.15}, engine="numba")]
    frames += groups(0.1, 0.2, dataset="sersic", origin="analytic")
    for folder in ("a", "b"):
        table = assemble("morphology", frames, published)
        names = [tmp_path / folder / f"table.{kind}" for kind in ("csv", "md", "tex")]
        formats.write(known("morphology"), table, "demo", "7.8", names)
    for kind in ("csv", "md", "tex"):
        first = (tmp_path / "a" / f"table.{kind}").read_bytes()
        assert first == (tmp_path / "b" / f"table.{kind}").read_bytes()
    read = pd.read_csv(tmp_path / "a" / "table.csv")
    assert tuple(read.columns) == assembly.COLUMNS
    assert read["value"].iloc[0] == pytest.approx(1 / 3, abs=1e-12)
    # The page is made from the files, where counts come back as floats: nothing shown may change.
    assert blocks("morphology", read) == blocks("morphology", table)
    for kind in ("md", "tex"):
        text = (tmp_path / "a" / f"table.{kind}").read_text(encoding="utf-8")
        for said in ("mock", "analytic", "scale: demo", "Corrected protocol", "printed", "at floor", "63.97"):
            assert said in text, f"{said} is missing in the {kind} table"


def test_latex_is_balanced_and_escaped(published: pd.DataFrame, tmp_path: Path) -> None:
    table = assemble("morphology", [rows({"gini": 0.4, "a_b%&$#{}~^\\": 0.15}, model="my_model")], published)
    text = formats.latex(known("morphology"), table, "demo", "7.8")
    begun, ended = re.findall(r"\\begin\{(\w+)\}", text), re.findall(r"\\end\{(\w+)\}", text)
    assert sorted(begun) == sorted(ended)
    plain = text.replace(r"\{", "").replace(r"\}", "")
    assert plain.count("{") == plain.count("}")
    assert len(re.findall(r"(?<!\\)\$", text)) % 2 == 0
    assert r"my\_model" in text
    assert r"a\_b\%\&\$\#\{\}\textasciitilde{}\textasciicircum{}\textbackslash{}" in text
    for tabular in re.findall(r"\\begin\{tabular\}\{(l r*|lr*)\}(.*?)\\end\{tabular\}", text, re.DOTALL):
        lines = [line for line in tabular[1].splitlines() if line.endswith(r"\\")]
        assert {len(re.findall(r"(?<!\\)&", line)) for line in lines} == {len(tabular[0]) - 1}
    assert not re.search("[×⁻²≤±“”–]", text)


@pytest.mark.parametrize(
    ("value", "error", "floor", "shown"),
    [
        (0.12345, 0.0456, 0.1, ("12", "5", "10")),
        (0.12345, 0.0156, 0.1, ("12.3", "1.6", "10.0")),
        (0.12345, 0.000299, np.nan, ("12.345", "0.030", "")),
        (0.12345, np.nan, np.nan, ("12.3", "", "")),
        (12.0, 3.0, 1.0, ("1200", "300", "100")),
        (0.0, np.nan, np.nan, ("0.00", "", "")),
        (np.nan, 0.1, 0.1, ("", "", "")),
    ],
)
def test_numbers_are_rounded_to_their_error(
    value: float, error: float, floor: float, shown: tuple[str, str, str]
) -> None:
    assert layout.number(value, error, floor, 100.0) == shown


@pytest.mark.parametrize(
    ("metric", "value", "error", "floor", "limit", "said"),
    [
        ("fid", 12.0, 1.0, 10.0, 12.0, True),
        ("fid", 12.1, 1.0, 10.0, 12.0, False),
        ("fid", 12.0, 1.0, 10.0, np.nan, False),
        ("share_difference", 0.0, 0.1, np.nan, np.nan, True),
        ("kid", 0.019, 0.01, 0.0, 0.02, True),
        ("kid", -0.1, 0.01, 0.0, 0.02, True),
        ("kid", 0.021, 0.01, 0.0, 0.02, False),
        ("recall", 0.71, 0.05, 0.80, np.nan, True),
        ("recall", 0.91, 0.05, 0.80, np.nan, False),
        ("recall", 0.69, 0.05, 0.80, np.nan, False),
        ("memorisation", 0.019, 0.5, 0.01, 0.02, True),
        ("memorisation", -0.021, 0.5, 0.01, 0.02, False),
        ("memorisation", 0.3, 0.5, np.nan, np.nan, False),
        ("count", 0.0, 0.0, 0.0, 1.0, False),
        ("cost", 0.0, 0.0, 0.0, 1.0, False),
    ],
)
def test_each_kind_of_metric_has_a_floor_of_its_own(
    metric: str, value: float, error: float, floor: float, limit: float, said: bool
) -> None:
    assert at_floor(readings().get(metric, "number"), value, error, floor, limit) == said
    assert not at_floor(readings().get(metric, "number"), np.nan, error, floor, limit)


@pytest.mark.parametrize(
    ("conditional", "apart", "said"),
    [(0.3, 0.05, True), (0.31, 0.05, False), (0.3, 0.051, False), (0.01, 1.0, False), (np.nan, 0.051, False)],
)
def test_at_floor_needs_the_galaxies_alone_and_the_shares_of_the_measured_at_their_floors(
    conditional: float, apart: float, said: bool
) -> None:
    assert at_floor("distance", 0.1, 0.01, 0.1, 0.2, conditional, 0.3, apart, 0.05) == said


def features(model: str = "vae", network: str = "efficientnet-lite0", **more: object) -> pd.DataFrame:
    values = {"fid": 50.0, "fid_infinity": 44.0, "kid": 0.012, "recall": 0.4, "memorisation": -0.02}
    more = {"comparison": "features", "engine": network, "model": model, **more}
    return pd.concat([rows({network: value}, metric=metric, **more) for metric, value in values.items()])


def test_a_printed_fid_stands_beside_its_own_network_only(published: pd.DataFrame) -> None:
    alone = assemble("fid", [features(protocol="published")], published)
    own = one(alone, model="vae", metric="fid", property="efficientnet-lite0")
    assert np.isnan(own["published"])
    printed = one(alone, model="vae", property="inception-v3")
    assert np.isnan(printed["value"])
    assert printed["published"] == 184.25
    (block,) = blocks("fid", alone)
    assert [(row.label, row.heading[:12]) for row in block.rows] == [
        ("FID", "EfficientNet"),
        ("FID∞", "EfficientNet"),
        ("FID", "Inception-v3"),
    ]
    assert [cell and cell.value for cell in block.rows[-1].cells] == [None, "184.25", "1.45", "14.65"]
    assert "Inception-v3 was not run: its cells are empty" in said_of("fid", alone)
    both = [features(protocol="published"), features(protocol="published", network="inception-v3")]
    table = assemble("fid", both, published)
    assert one(table, model="vae", metric="fid", property="inception-v3")["published"] == 184.25
    assert one(table, model="vae", metric="fid", property="inception-v3")["value"] == 50.0
    assert "was not run" not in said_of("fid", table)


def test_features_are_shared_out_among_their_tables(published: pd.DataFrame) -> None:
    for name, found in (
        ("fid", {"fid", "fid_infinity"}),
        ("kid", {"kid"}),
        ("coverage", {"recall", "memorisation"}),
    ):
        table = assemble(name, [features(), rows({"gini": 0.4})], published)
        assert set(table.loc[table["value"].notna(), "metric"]) == found
    (block,) = blocks("coverage", table)
    assert [(row.label, row.heading, row.floor) for row in block.rows] == [
        ("Recall", "EfficientNet-Lite0", "ideal"),
        ("Copying", "EfficientNet-Lite0", "floor"),
    ]
    assert "(ideal 0.10)" in formats.markdown(known("coverage"), table, "demo", "7.8")
    kid = assemble("kid", [features()], published)
    assert one(kid, model="vae", property="efficientnet-lite0")["at_floor"], "0.012 with a limit of 0.2"


def test_galaxies_compared_with_themselves_have_no_floor_and_come_last(published: pd.DataFrame) -> None:
    frames = [rows({"gini": 0.01}, model="roundtrip"), rows({"gini": 0.01}), rows({"gini": 0.3}, model="alae")]
    table = assemble("morphology", frames, published)
    paired = one(table, model="roundtrip", property="gini")
    assert (np.isnan(paired["floor"]), paired["at_floor"], paired["standard_error"]) == (True, False, 0.03)
    assert one(table, model="vae", property="gini")["at_floor"]
    (block,) = blocks("morphology", table)
    assert [column.label for column in block.columns if column.kind == "corrected"] == [
        "VAE",
        "ALAE",
        "Store and decode",
    ]
    assert "is no model" in said_of("morphology", table)
    assert "is no model" not in said_of("morphology", assemble("morphology", frames[1:], published))


def test_metrics_of_independent_samples_are_left_out_where_both_are_the_same_galaxies(published: pd.DataFrame) -> None:
    frames = [features(model="roundtrip"), features()]
    fid, kid, coverage = (assemble(name, frames, published) for name in ("fid", "kid", "coverage"))
    assert one(fid, model="roundtrip")["metric"] == "fid"
    assert "roundtrip" not in {*kid["model"], *coverage["model"]}


def test_counts_of_the_way_there_and_back_are_told_apart(published: pd.DataFrame) -> None:
    frames = [
        pd.concat([rows({"gini": 0.4}, **run), rows({"kept": 0.9}, metric="count", **run)])
        for run in ({"model": "roundtrip", "n": (290, 270)}, {"model": "vae", "n": (270, 200)})
    ]
    (block,) = blocks("morphology", assemble("morphology", frames, published))
    assert [(count.sample, count.stages["kept"]) for count in block.counts] == [
        ("source", "270"),
        ("VAE", "200"),
        ("Galaxies at their own size", "290"),
        ("Store and decode", "270"),
    ]


def test_metrics_of_one_table_are_grouped_under_headings(published: pd.DataFrame) -> None:
    common = {"comparison": "colour_bulge", "dataset": "skirt", "origin": "simulated"}
    colours = {"average": 0.2, "bulge_statistic": 0.3, "g_i_early": 0.1, "g_i_late": 0.12}
    frame = pd.concat(
        [
            rows({"red_share": 0.04, "early_share": 0.02}, metric="share_difference", **common),
            rows(colours, metric="wasserstein_standardised", **common),
            rows(colours, **common),
        ]
    )
    table = assemble("colour_bulge", [frame], published)
    (block,) = blocks("colour_bulge", table)
    labels = ["g - i, early types", "g - i, late types", "Bulge statistic F(G, M20)", "Average"]
    assert [row.label for row in block.rows] == [*labels, *labels, "Early galaxies", "Red galaxies"]
    assert [row.heading for row in block.rows[::4]] == [
        "Distance",
        "Distance over the source's standard deviation",
        "Difference of shares",
    ]
    assert [row.total for row in block.rows[:4]] == [False, False, False, True]
    printed = [column.kind for column in block.columns].index("printed")
    assert block.rows[0].cells[printed].value == "12.60"
    assert block.rows[4].cells[printed] is None, "printed values stand beside the plain distances"
    text = formats.latex(known("colour_bulge"), table, "demo", "7.8")
    assert text.count(r"\textit{Difference of shares}") == 1, "there are no printed shares"
    assert "| Distance: g - i, early types" in formats.markdown(known("colour_bulge"), table, "demo", "7.8")


def test_columns_are_those_of_a_protocol_together_and_fit_a_page(published: pd.DataFrame) -> None:
    frames = [
        rows({"gini": 0.4}, dataset="skirt", model=model, protocol=protocol)
        for model in ("roundtrip", "vae", "stylegan", "alae")
        for protocol in ("corrected", "published")
    ]
    (block,) = blocks("morphology", assemble("morphology", frames, published))
    found = views(block)
    assert [(view.kind, len(view.columns)) for view in found] == [("corrected", 4), ("published", 4)]
    (gini,) = (row for row in found[1].rows if row.label == "Gini")
    own = published.query("table == 'morphology' and dataset == 'skirt' and model == 'alae' and property == 'gini'")
    printed = own["value"].item()
    assert [cell.printed for cell in gini.cells][-2:] == [f"{100 * printed:.2f}", ""], "models come before the detour"
    wide = replace(found[0], columns=7 * found[0].columns[:1])
    assert formats.pieces(wide) == [[0, 1, 2, 3], [4, 5, 6]]


def test_costs_are_averaged_over_seeds_and_shown_as_they_are_spoken_of(tmp_path: Path) -> None:
    costs = {"parameters": 2.345e6, "generator_parameters": 98_765.0, "images_seen": 2.5e7, "gpu_hours": 123.4}
    made = [
        {"dataset": "cosmos", "origin": "mock", "model": "vae", "seed": seed, "property": name, "value": value + seed}
        for seed in (0, 2)
        for name, value in {**costs, "cpu_hours": 0.0432}.items()
    ]
    table = cost.assemble(known("cost"), pd.DataFrame(made))
    assert tuple(table.columns) == assembly.COLUMNS
    row = one(table, property="gpu_hours")
    assert (row["value"], row["metric"], row["seeds"], row["at_floor"]) == (pytest.approx(124.4), "cost", 2, False)
    names = [tmp_path / f"cost.{kind}" for kind in ("csv", "md", "tex")]
    formats.write(known("cost"), table, "demo", "7.8", names)
    read = pd.read_csv(names[0])
    (block,) = blocks("cost", read)
    assert [(row.label, row.cells[0].value) for row in block.rows] == [
        ("Parameters", "2.35 M"),
        ("of these to generate", "98,766"),
        ("Images seen", "25 M"),
        ("GPU-hours", "124"),
        ("CPU-hours", "1"),
    ]
    assert "$98,766$" in names[2].read_text(encoding="utf-8")
    with pytest.raises(assembly.TablesError, match="no trainings"):
        cost.assemble(known("cost"), pd.DataFrame(made[:0]))


def test_errors_name_the_cause(published: pd.DataFrame, tmp_path: Path) -> None:
    frame = rows({"gini": 0.4})
    with pytest.raises(
        GalforgeError, match="'holzschuh2022/shapes' is not one of holzschuh2022/headline, holzschuh2022/morphology"
    ):
        assemble("shapes", [frame], published)
    with pytest.raises(assembly.TablesError, match=r"cosmos, vae, seed 0, morphology \(corrected\), wasserstein gini"):
        assemble("morphology", [frame, frame], published)
    with pytest.raises(
        assembly.TablesError, match=r"cosmos, mock, vae, .* its seeds were measured by numba and statmorph"
    ):
        assemble(
            "morphology",
            [rows({"gini": 0.4}, engine="numba"), rows({"gini": 0.4}, engine="statmorph", seed=1)],
            published,
        )
    with pytest.raises(assembly.TablesError, match="hold nothing for it, only morphology"):
        assemble("photometry", [frame], published)
    with pytest.raises(assembly.TablesError, match="no distances"):
        assemble("morphology", [], published)
    frame.drop(columns="floor").to_csv(tmp_path / "wasserstein.csv")
    with pytest.raises(assembly.TablesError, match=r"wasserstein\.csv: lacks the column floor"):
        assembly.read_distances([tmp_path / "wasserstein.csv"])
    with pytest.raises(assembly.TablesError, match="asymmetry is given twice"):
        assembly.read_published([PRINTED, PRINTED])


def test_the_printed_values_are_those_of_one_study(published: pd.DataFrame) -> None:
    assert set(published["paper"]) == {"holzschuh2022"}
    assert published["value"].notna().all()
    assert not published["source"].str.contains("/").any()


def test_definitions_are_those_of_the_locked_statmorph():
    # A newer statmorph in the lock is one that the engine numba was not compared with.
    assert locked_versions()["statmorph"] == captions.DEFINITIONS


def test_captions_have_three_sentences_and_notes_the_rest(published: pd.DataFrame) -> None:
    frame = assemble("morphology", [rows({"gini": 0.4}, engine="numba")], published)
    caption = captions.caption(known("morphology"), frame, "demo")
    assert caption == (
        "Morphology. Wasserstein-1 distance between source and generated stamps, in ×10⁻² of the source's standard "
        "deviation (12.3 means 0.123 standard deviations); smaller is better. Sources: cosmos (mock, up to 280 source "
        "stamps); scale: demo."
    )
    text = formats.markdown(known("morphology"), frame, "demo", "7.8")
    last = text.rstrip().splitlines()[-1]
    assert last.startswith("Morphology was measured by"), "notes stand below the table"
    assert text.index("Each cell: value") > text.index("| Gini")


def test_a_metric_that_nobody_reads_is_refused(published: pd.DataFrame) -> None:
    new = replace(known("photometry"), metrics=("energy",))
    frame = [rows({"log_flux": 0.4}, comparison="photometry", metric="energy")]
    with pytest.raises(GalforgeError, match="how energy is read is said nowhere; say it in `metrics` of the KIND"):
        assembly.assemble(new, frame, published)
    found = assembly.assemble(replace(new, readings={"energy": "distance"}), frame, published)
    assert not one(found, property="log_flux", model="vae")["at_floor"]
    assert one(found, property="log_flux", model="vae")["value"] == 0.4


def test_a_cell_says_where_the_measured_shares_differ_and_its_rank(published: pd.DataFrame) -> None:
    shares = {"conditional": 0.3, "conditional_error": 0.04, "conditional_limit": 0.1}
    shares |= {"share_source": 0.8, "share_generated": 0.35, "share_error": 0.05, "share_limit": 0.11}
    frames = [rows({"average": 0.5, "gini": 0.5}).assign(**shares), rows({"average": 0.2, "gini": 0.2}, model="alae")]
    table = assemble("morphology", frames, published)
    assert [one(table, model=model, property="gini")["rank"] for model in ("vae", "alae")] == [2, 1]
    (block,) = blocks("morphology", table)
    cells = {row.label: row.cells for row in block.rows}
    said = "35 ± 5 % measured, source 80 %; 30 for these alone"  # in hundredths, as the table shows numbers
    assert [cell.missing for cell in cells["Average"] if cell and cell.error] == [said, ""]
    assert [cell.rank for cell in cells["Average"] if cell and cell.error] == ["2", "1"]
    assert {cell.rank for cell in cells["Gini"] if cell} == {""}, "ranks stand where rows are few"
    text = formats.markdown(known("morphology"), table, "demo", "7.8")
    assert f"{said}, rank 2" in text
    assert "rank 1" in formats.latex(known("morphology"), table, "demo", "7.8")


def test_replicates_are_read_from_the_files_beside(tmp_path: Path) -> None:
    frame = rows({"gini": 0.5, "m20": 0.3})
    frame.to_csv(tmp_path / "properties.csv", index=False)
    key = frame.loc[frame["property"] == "gini", ["comparison", "measure", "protocol", "metric", "property"]]
    key.assign(replicates=[[0.4, 0.6]]).to_parquet(tmp_path / "properties.parquet")
    (read,) = assembly.read_distances([tmp_path / "properties.csv"], [tmp_path / "properties.parquet"])
    assert list(read["replicates"].iloc[0]) == [0.4, 0.6]
    assert np.isnan(read["replicates"].iloc[1])


def test_the_mean_of_groups_has_their_mean_in_each_resampling(published: pd.DataFrame) -> None:
    frames, drawn = [], {"vae": (0.4, 0.02), "alae": (0.3, 0.02)}
    for model, (value, scatter) in drawn.items():
        for number, comparison in enumerate(("morphology", "power_spectrum")):
            frame = rows({"average": value}, comparison=comparison, model=model, error=0.2)
            # The same galaxies of the source move both models alike.
            moved = 0.2 * np.sin(np.arange(50) + number) + scatter * np.cos(7 * np.arange(50))
            frames.append(frame.assign(replicates=[value + moved]))
    table = assemble("headline", frames, published)
    found = {name: one(table, model=name, property="overall") for name in drawn}
    assert [found[name]["rank"] for name in drawn] == [2, 1], "errors of 0.2, but nearly none of the difference"
    scatter = np.std(
        0.2 * (np.sin(np.arange(50)) + np.sin(np.arange(50) + 1)) / 2 + 0.02 * np.cos(7 * np.arange(50)), ddof=1
    )
    assert found["vae"]["standard_error"] == pytest.approx(scatter), "groups are of the same galaxies"
    alone = assemble("headline", [frame.drop(columns="replicates") for frame in frames], published)
    assert set(alone.loc[alone["property"] == "overall", "rank"].dropna()) == {1}


@pytest.mark.parametrize(
    ("n", "said"),
    [
        ((0, 270), "no value: 0 of the source galaxies could be measured"),
        ((280, 1), "no value: 1 of the generated galaxies could be measured"),
        ((280, 270), "no value: too few galaxies, or all are equal"),
    ],
)
def test_a_row_without_a_value_says_why(published: pd.DataFrame, n: tuple[int, int], said: str) -> None:
    frames = [
        rows({"gini": np.nan, "average": np.nan}, n=n, error=np.nan),
        rows({"gini": 0.2, "average": 0.2}, model="alae"),
    ]
    table = assemble("morphology", frames, published)
    (block,) = blocks("morphology", table)
    (blank,) = (
        {cell.note for cell in row.cells if cell and not cell.value} for row in block.rows if row.label == "Gini"
    )
    assert blank == {said}
    assert f"| **{said}** |" in re.sub(" +", " ", formats.markdown(known("morphology"), table, "demo", "7.8"))
    assert "$$" not in formats.latex(known("morphology"), table, "demo", "7.8")
