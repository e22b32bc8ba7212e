"""Tables and figures of Gantastic 4 (2020): printed values at their rows, and what figures show and refuse."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.image import imread

from galforge.drawing import mosaic, style
from galforge.drawing.names import MODELS, model_label
from galforge.papers import assembly, registry
from galforge.papers.answers import Filled
from galforge.papers.gantastic2020.figures import score_features, sparse_galaxies, sparse_images
from galforge.papers.gantastic2020.tables import FEATURES
from galforge.papers.printed import printed
from galforge.report import captions, formats, layout, page
from galforge.seeds import generator
from toys import gantastic2020 as toy

ROOT = Path(__file__).resolve().parents[3]
LI = ROOT / "config/published/li2024.csv"
OWN = ROOT / "config/published/gantastic2020.csv"
TABLES = {file: registry.table(f"gantastic2020/{file}") for file in registry.paper("gantastic2020").tables}
LABEL = "sparse (mock, demo scale)"


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    return assembly.read_published([OWN, LI])


@pytest.fixture(scope="module")
def made(published: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {name: assembly.assemble(table, toy.distances(), published) for name, table in TABLES.items()}


@pytest.fixture
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(style, "DPI", 50)


def one(table: pd.DataFrame, **where: str) -> pd.Series:
    for column, value in where.items():
        table = table[table[column] == value]
    assert len(table) == 1
    return table.iloc[0]


def test_printed_values_are_those_of_the_paper(published: pd.DataFrame) -> None:
    own = published[published["paper"] == "gantastic2020"]
    assert len(own) == 26
    values = own.set_index(["table", "model", "metric", "property"])["value"]
    assert values["table1", "xgboost", "mae", "histogram+power_spectrum"] == 0.09396
    assert values["table1", "xgboost", "mae_standardised", "basic_3"] == 0.5436
    assert ("table1", "xgboost", "mae", "basic_3") not in values.index
    assert values["table2", "two_stage_unconditional", "mean_score", toy.SCORER] == 1.85
    assert values["table2", "end_to_end_gan", "train_seconds", "training"] == 40 * 60
    assert values["experiments", "two_stage_conditional", "score_std", "shuffled_patches"] == 0.09


def test_every_printed_value_finds_its_row(made: dict[str, pd.DataFrame], published: pd.DataFrame) -> None:
    found = sum(int(table["published"].notna().sum()) for table in made.values())
    assert found == (published["paper"] == "gantastic2020").sum()
    for name, table in made.items():
        assert tuple(table.columns) == assembly.COLUMNS
        assert table.loc[table["published"].notna(), "seeds"].notna().all(), f"a row of its own in {name}"
        assert set(table["metric"]) == set(TABLES[name].metrics)


def test_tables_of_one_name_keep_to_their_study(published: pd.DataFrame) -> None:
    assert set(printed(registry.table("li2024/table1"), published)["dataset"]) == {"galaxiesml"}
    assert set(printed(TABLES["table1"], published)["dataset"]) == {"sparse"}
    assert len(printed(TABLES["table2"], published)) == 14


def test_features_stand_in_the_order_of_the_printed_table(made: dict[str, pd.DataFrame]) -> None:
    (block,) = layout.blocks(TABLES["table1"], made["table1"])
    assert [(column.label, column.kind) for column in block.columns] == [
        *((MODELS[model], "published") for model in toy.SCORERS),
        *((MODELS[model], "printed") for model in toy.SCORERS if model != "median"),
    ]
    assert [row.label for row in block.rows if row.total] == 2 * list(FEATURES.values())
    assert len(block.rows) == 6 * len(FEATURES)
    row = next(row for row in block.rows if row.label == "Histogram and power spectrum")
    assert (row.heading, row.cells[-4].value) == ("All images that have a score", "0.09396")
    assert {column.sizes for column in block.columns if column.sizes} == {"960"}, "one sample of images"
    xgboost = made["table1"].query("model == 'xgboost' and metric == 'mae'")["property"]
    assert list(xgboost) == [name for name in FEATURES if name in toy.SCORERS["xgboost"]]


def test_generated_images_stand_beside_real_ones(made: dict[str, pd.DataFrame]) -> None:
    table = made["table2"]
    for model, near in (("baseline1", False), ("two_stage_conditional", True), ("real", False)):
        assert one(table, model=model, metric="mean_score")["at_floor"] == near
    (block,) = layout.blocks(TABLES["table2"], table)
    assert [row.label for row in block.rows] == [
        "XGBoost, histogram and power spectrum",
        "Training",
        "Drawing 1000 images",
        "Diversity of power spectra",
        "Images without anything [%]",
        "Clusters of one faint pixel [%]",
        "Galaxies of the size class asked for [%]",
    ]
    assert [column.sizes for column in block.columns[:2]] == ["300", "300 v 100"]
    cell = block.rows[5].cells[0]
    assert (cell.value, cell.error) == ("50.0", "1.0"), "shares in per cent"


def test_seeds_of_a_model_are_averaged(published: pd.DataFrame) -> None:
    frames = [toy.scores("real"), toy.scores("baseline2"), toy.scores("baseline2", 1)]
    frames[2].loc[frames[2]["metric"] == "mean_score", "value"] = 0.99
    row = one(assembly.assemble(TABLES["table2"], frames, published), model="baseline2", metric="mean_score")
    assert (row["value"], row["seeds"], row["published"]) == (pytest.approx(0.94), 2, 0.89)
    assert row["standard_error"] == pytest.approx(np.hypot(0.03, 0.05))


def test_the_printed_baseline_1_stands_at_the_model_whose_score_it_is(made: dict[str, pd.DataFrame]) -> None:
    """The authors' released scorer gives 0.601 to their baseline 2 with the heuristic and 0.22 to their baseline 1."""
    row = one(made["table2"], model="baseline2-heuristic", metric="mean_score")
    assert row["published"] == 0.6
    assert one(made["table2"], model="baseline2-heuristic", metric="execution_seconds")["published"] == 6
    assert made["table2"].query("model == 'baseline1'")["published"].isna().all()
    notes = " ".join(captions.notes(TABLES["table2"], made["table2"], "7.8"))
    assert "prints for “Baseline 1” stands at baseline 2 with the authors' visual heuristic" in notes


def test_experiments_say_what_changes(made: dict[str, pd.DataFrame]) -> None:
    (block,) = layout.blocks(TABLES["experiments"], made["experiments"])
    assert [(row.heading, row.label) for row in block.rows] == [
        ("Mean score", "Positions that the model learned"),
        ("Mean score", "Random positions"),
        ("Mean score", "Random less learned positions"),
        ("Standard deviation of the score", "Same positions and galaxies, shuffled"),
        ("Standard deviation of the score", "Same positions, new galaxies"),
        ("Standard deviation of the score", "Between images"),
    ]
    assert block.rows[2].cells[0].at_floor
    assert block.rows[2].floor == "zero"
    assert block.rows[3].cells[-1].value == "0.09"


@pytest.mark.parametrize("name", TABLES)
def test_files_say_the_same_read_back(made: dict[str, pd.DataFrame], name: str, tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.{kind}" for kind in ("csv", "md", "tex")]
    formats.write(TABLES[name], made[name], "demo", "7.8", paths)
    assert layout.blocks(TABLES[name], pd.read_csv(paths[0])) == layout.blocks(TABLES[name], made[name])
    markdown, latex = (path.read_text(encoding="utf-8") for path in paths[1:])
    for said in ("sparse (mock, up to", " images)", "scale: demo", "printed", "Sizes are numbers of images"):
        assert said in markdown
    assert "nan" not in markdown
    assert "<NA>" not in markdown
    assert latex.isascii()
    assert latex.count("{") - latex.count(r"\{") == latex.count("}") - latex.count(r"\}")
    assert formats.latex(TABLES[name], made[name], "demo", "7.8") == latex


def test_captions_say_what_to_beware_of(made: dict[str, pd.DataFrame]) -> None:
    first, second, third = (
        " ".join([captions.caption(table, made[name], "demo"), *captions.notes(table, made[name], "7.8")])
        for name, table in TABLES.items()
    )
    for said in ("the line to beat", "standardised scores and stand at those rows", "was not trained on it"):
        assert said in first
    for said in ("Tesla K80", "it may be fooled", "At the source's"):
        assert said in second
    assert "At zero" in third
    assert "corrected" not in " ".join((first, second, third)).lower()


def test_names_of_scorers_that_are_not_known_are_shown_as_they_are() -> None:
    assert TABLES["table2"].label("mean_score", "forest pixels") == "forest, pixels"
    assert registry.table("all").label("mean_score", "median") == "Median of the scores"
    assert TABLES["table1"].label("mae", "wavelets") == "wavelets"
    assert model_label("two_stage_conditional") == "Two-stage GAN, conditional"


def test_the_section_has_its_tables_and_figures() -> None:
    empty = pd.DataFrame(columns=["dataset", "metric", "seeds", "value"])
    shown = {table.name: {"name": table.name, "filled": Filled(table, empty)} for table in TABLES.values()}
    figure = page.Figure(Path("a.png"), "gantastic2020", "sparse_galaxies", "sparse", "Title", "Caption", "Text")
    drawn = {("gantastic2020", "sparse_galaxies"): [SimpleNamespace(figure=figure)]}
    found = page.sections(shown, drawn)
    assert [section["name"] for section in found] == ["gantastic2020", "scorers", "experiments"]
    assert [(len(section["tables"]), len(section["galleries"])) for section in found] == [(1, 1), (1, 0), (1, 0)]


def image(side: int, index: int, galaxies: int = 12) -> np.ndarray:
    """A black image with some single bright pixels."""
    rng = generator(2, side, index)
    out = np.zeros((side, side), dtype=np.uint8)
    out[tuple(rng.integers(0, side, (2, galaxies)))] = rng.integers(40, 256, galaxies)
    return out


def images(side: int, count: int = 5) -> np.ndarray:
    return np.stack([image(side, index) for index in range(count)])


@pytest.mark.usefixtures("coarse")
def test_sparse_images_are_a_row_of_four_per_sample(tmp_path: Path) -> None:
    out = tmp_path / "a.png", tmp_path / "a.pdf"
    sparse_images.plot([(LABEL, images(500)), ("Baseline 1", images(64, 2))], *out)
    height, width, _ = imread(out[0]).shape
    assert width == 9 * 50
    assert height == pytest.approx(50 * (2 * (8.75 / 4 + 0.35) + 0.35), abs=2)
    assert 1000 < out[0].stat().st_size < 200_000
    assert 1000 < out[1].stat().st_size < 200_000
    again = tmp_path / "b.png", tmp_path / "b.pdf"
    sparse_images.plot([(LABEL, images(500)), ("Baseline 1", images(64, 2))], *again)
    assert [path.read_bytes() for path in out] == [path.read_bytes() for path in again]


@pytest.mark.parametrize("side", [64, 200, 201, 500, 1000])
def test_no_galaxy_of_one_pixel_is_lost(side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[mosaic.Row] = []
    monkeypatch.setattr(mosaic, "draw_rows", lambda rows, *_: shown.extend(rows))
    single = np.zeros((1, side, side), dtype=np.uint8)
    single[0, side - 1, side // 2] = 27
    sparse_images.plot([(LABEL, single)], "unused.png", "unused.pdf")
    (square,) = shown[0].squares
    assert max(square.shape) <= 200
    block = int(np.ceil(side / 200))
    assert np.argwhere(square).tolist() == [[(side - 1) // block, side // 2 // block]]
    assert square.max() ** 3 == pytest.approx(27 / 255)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "no samples were given"),
        ([("VAE", np.zeros((2, 8, 9), np.uint8))], r"VAE: images of shape \(2, 8, 9\)"),
        ([("VAE", np.zeros((2, 8, 8)))], "type float64"),
        ([("VAE", np.zeros((0, 8, 8), np.uint8))], r"VAE: images of shape \(0, 8, 8\)"),
    ],
)
def test_sparse_images_refuses_what_it_cannot_show(rows: list, message: str, tmp_path: Path) -> None:
    with pytest.raises(sparse_images.SparseImagesError, match=message):
        sparse_images.plot(rows, tmp_path / "a.png", tmp_path / "a.pdf")


@pytest.mark.usefixtures("coarse")
def test_sparse_galaxies_share_one_stretch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    patches = np.stack([np.full((32, 32), level, np.uint8) for level in (0, 51, 255)])
    rows = [(LABEL, patches), ("Two-stage GAN", patches[1:]), ("Two-stage GAN, conditional: large", patches[:0])]
    out = tmp_path / "a.png", tmp_path / "a.pdf"
    sparse_galaxies.plot(rows, *out, count=3)
    drawn = imread(out[0])[..., 0]
    assert drawn.shape[1] == 9 * 50
    # The middle of each panel of the first row: 0.05 inches of gap, 0.3 of heading.
    panel = (9 - 4 * 0.05) / 3
    centres = [int(50 * (0.05 + panel / 2 + index * (panel + 0.05))) for index in range(3)]
    assert drawn[int(50 * (0.3 + panel / 2)), centres] == pytest.approx([0.0, 0.2, 1.0], abs=0.01)
    shown: list[mosaic.Row] = []
    monkeypatch.setattr(mosaic, "draw_rows", lambda found, *_: shown.extend(found))
    sparse_galaxies.plot(rows, *out, count=2)
    assert [len(row.squares) for row in shown] == [2, 2, 0]
    assert shown[2].heading == "Two-stage GAN, conditional: large: none"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("real", np.zeros((0, 32, 32), np.uint8))], "no patches were given"),
        ([("real", np.zeros((2, 16, 16), np.uint8))], r"real: patches of shape \(2, 16, 16\)"),
        ([("real", np.zeros((2, 32, 32), np.float32))], "type float32"),
    ],
)
def test_sparse_galaxies_refuses_what_it_cannot_show(rows: list, message: str, tmp_path: Path) -> None:
    with pytest.raises(sparse_galaxies.SparseGalaxiesError, match=message):
        sparse_galaxies.plot(rows, tmp_path / "a.png", tmp_path / "a.pdf", count=4)


def measured(count: int = 30) -> pd.DataFrame:
    """Images of 128 px whose histogram and power grow with their score, every tenth without a score."""
    score = np.linspace(0.3, 5.0, count)
    level, radius = np.arange(256), np.arange(2, 62)
    histogram = np.where(level, 100 * score[:, None] / (1 + level), 16000.0)
    spectrum = 1e6 * score[:, None] * np.exp(-radius / 20)
    columns = {f"histogram_{index:03d}": histogram[:, index] for index in level}
    columns |= {f"spectrum_{index:03d}": spectrum[:, index] for index in range(len(radius))}
    return pd.DataFrame({"score": np.where(np.arange(count) % 10 == 9, np.nan, score), **columns})


def predicted() -> pd.DataFrame:
    return pd.DataFrame({"score": [0.5, 1.0, 3.0], "predicted": [0.7, 0.9, 2.4]})


@pytest.mark.usefixtures("coarse")
def test_score_features_are_means_of_thirds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines, titles = [], []
    plot, title = Axes.plot, Axes.set_title
    monkeypatch.setattr(Axes, "plot", lambda axis, *a, **k: (lines.append((a, k)), plot(axis, *a, **k))[1])
    monkeypatch.setattr(Axes, "set_title", lambda axis, text, **k: (titles.append(text), title(axis, text, **k))[1])
    out = tmp_path / "a.png", tmp_path / "a.pdf"
    frame = measured()
    # A black image without a score: it has no part in anything.
    frame.loc[9, [name for name in frame if name.startswith("spectrum_")]] = 0.0
    score_features.plot((LABEL, frame), ("XGBoost", predicted()), *out, side=128)
    assert imread(out[0]).shape[:2] == (220, 575)
    assert 3000 < out[0].stat().st_size < 200_000
    assert 3000 < out[1].stat().st_size < 200_000
    labels = [known["label"] for _, known in lines if "label" in known]
    assert labels[:3] == labels[3:]
    assert labels[0].startswith("low score, 0.30–")
    assert labels[0].endswith("(9 images)")
    known = np.sort(measured()["score"].dropna().to_numpy())
    for index in range(3):
        own = known[9 * index : 9 * index + 9]
        levels, mean = lines[index][0]
        assert levels[:16] == pytest.approx(np.arange(16))
        assert (mean[0], mean[3]) == (pytest.approx(16000), pytest.approx(25 * own.mean()))
        radius, power = lines[3 + index][0]
        assert (radius[0], radius[-1]) == (2, 61)
        assert power[5] == pytest.approx(1e6 * np.exp(np.log(own).mean() - 7 / 20))
    assert titles[-1] == "Predicted scores, MAE 0.300"


@pytest.mark.parametrize(
    ("frame", "found", "message"),
    [
        (measured().drop(columns="score"), predicted(), "sparse.*no column score"),
        (measured().iloc[:2], predicted(), "2 of 2 images have a score"),
        (measured()[["score", "histogram_000"]], predicted(), "no columns spectrum_000"),
        (measured(), predicted()[["score"]], "XGBoost: no columns predicted"),
    ],
)
def test_score_features_refuses_what_it_cannot_show(
    frame: pd.DataFrame, found: pd.DataFrame, message: str, tmp_path: Path
) -> None:
    with pytest.raises(score_features.ScoreFeaturesError, match=message):
        score_features.plot((LABEL, frame), ("XGBoost", found), tmp_path / "a.png", tmp_path / "a.pdf", side=128)
