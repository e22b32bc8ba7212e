"""The table, the figures and the section of the page of the denoising study."""

import re
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from galforge.drawing import style
from galforge.errors import GalforgeError
from galforge.papers import assembly, registry
from galforge.papers.holzschuh2022 import denoising_table
from galforge.papers.holzschuh2022.figures import denoised, robustness, sweep
from galforge.report import formats, page
from galforge.report.layout import blocks
from galforge.report.summary import figures
from galforge.seeds import generator
from galforge.studies.denoising.summary import summarise
from galforge.studies.denoising.sweep import with_brought
from toys import denoising as toy

DENOISING = registry.table("holzschuh2022/denoising")
ROOT = Path(__file__).resolve().parents[3]
FEW = {name: toy.CASES[name] for name in ("in_domain", "noise_shift", "noise_shift_code")}
SKIRT = {"dataset": "skirt", "model": "stylegan-train", "protocol": "corrected"}


@pytest.fixture(autouse=True)
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(style, "DPI", 40)


@cache
def printed() -> pd.DataFrame:
    return assembly.read_published([ROOT / "config/published/holzschuh2022.csv"])


def summary(dataset: str = "skirt", model: str = "stylegan-train", origin: str = "simulated") -> pd.DataFrame:
    return made().assign(dataset=dataset, model=model, origin=origin)


@cache
def made() -> pd.DataFrame:
    runs = toy.sweep((0.0, 0.4, 0.8, 1.0), 2, galaxies=24, cases=FEW)
    return summarise(runs, toy.references(24, FEW), bootstrap=10)


@cache
def table() -> pd.DataFrame:
    return denoising_table.assemble(DENOISING, [summary()], printed())


def cell(block: denoising_table.Block, heading: str, label: str, column: int) -> denoising_table.Cell | None:
    (row,) = [row for row in block.rows if (row.heading, row.label) == (heading, label)]
    return row.cells[column]


def test_printed_values_stand_beside_what_they_may_mean() -> None:
    frame = table()
    shown = frame.dropna(subset="published").set_index(["metric", "property"])["published"]
    assert shown.to_dict() == {
        ("improvement", "noise_shift"): 0.45,
        ("improvement", "noise_shift_code"): 0.45,
        ("relative_error", "alpha_1_vs_mixed"): 0.08,
        ("improvement", "pixel_size_shift"): 0.11,
        ("best_alpha", "unspecified"): 0.8,
    }
    alone = frame[frame["replicates"].isna()]
    assert list(alone["property"]) == ["pixel_size_shift", "unspecified"], "the test was not run; no test is named"
    assert alone["value"].isna().all()
    assert set(alone["model"]) == {"stylegan"}


def test_another_model_or_data_set_gets_no_printed_values() -> None:
    cosmos = denoising_table.assemble(DENOISING, [summary("cosmos", origin="mock")], printed())
    assert cosmos["published"].isna().all()
    vae = denoising_table.assemble(DENOISING, [summary(model="vae")], printed())
    beside = vae[vae["published"].notna()]
    assert set(beside["model"]) == {"stylegan"}
    assert len(beside) == 4
    (best, everything, alone) = denoising_table.blocks(DENOISING, vae)
    assert [column.kind for column in best.columns] == ["corrected"]
    assert everything.folded
    assert [column.kind for column in alone.columns] == ["printed"]
    assert len(alone.rows) == 4


def test_refuses_no_sweep_and_one_twice() -> None:
    with pytest.raises(GalforgeError, match="no sweep was given"):
        denoising_table.assemble(DENOISING, [], printed())
    with pytest.raises(GalforgeError, match="comes twice"):
        denoising_table.assemble(DENOISING, [summary(), summary()], printed())
    with pytest.raises(assembly.TablesError, match="holzschuh2022/denoising is not made of distances"):
        assembly.assemble(DENOISING, [summary()], printed())


def test_blocks_say_what_a_sweep_comes_to() -> None:
    best, everything = blocks(DENOISING, table())
    assert (best.title, best.origin) == ("skirt, StyleGAN (train split), denoiser: what it comes to", "simulated")
    assert [(column.kind, column.sizes) for column in best.columns] == [
        ("corrected", "24 galaxies, 2 networks"),
        ("printed", ""),
    ]
    heading = denoising_table.BEST["improvement"]
    found = summary().query("metric == 'improvement'").set_index("property")
    measured = cell(best, heading, "Noise × 4", 0)
    assert float(measured.value) == pytest.approx(100 * found["value"]["noise_shift"], abs=0.6)
    assert (measured.note, cell(best, heading, "Noise × 4", 1).value) == ("", "45")
    assert cell(best, heading, "In domain", 0).note == denoising_table.NOT_SUPPORTED
    assert cell(best, heading, "Pixel size × 2", 0) is None
    assert cell(best, "Best α", "Noise × 4", 0).value == "0.80"
    assert cell(best, "Best α", "The paper does not say which test", 1).value == "0.80"
    assert [column.label for column in everything.columns] == [
        *denoising_table.METHODS.values(),
        *("α = 0.00", "α = 0.40", "α = 0.80", "α = 1.00"),
    ]
    assert len(everything.rows) == 3 * len(denoising_table.QUALITY)
    gain = next(row for row in everything.rows if (row.heading, row.label[:4]) == ("Noise × 4", "Gain"))
    assert [each is None for each in gain.cells] == [True] * 5 + [False] * 3


@cache
def with_network() -> pd.DataFrame:
    """The table of the sweep with a network that was trained elsewhere."""
    runs = toy.sweep((0.0, 0.4, 0.8, 1.0), 2, galaxies=24, cases=FEW, model="stylegan-train")
    # Better than every reference.
    other = toy.evaluation(0.0, 9, 24, FEW)
    rows = summarise(runs, with_brought(toy.references(24, FEW), {"released": other}), bootstrap=10)
    return denoising_table.assemble(DENOISING, [rows], printed())


def test_a_brought_network_is_a_column_that_says_so(tmp_path: Path) -> None:
    _, everything = blocks(DENOISING, with_network())
    assert [(column.label, column.kind) for column in everything.columns][3:6] == [
        ("Non-local means", "reference"),
        ("released", "brought"),
        ("α = 0.00", "corrected"),
    ]
    assert everything.columns[4].sizes == "24 galaxies"
    row = with_network().query("metric == 'psnr' and property == 'in_domain' and method == 'brought:released'")
    assert float(cell(everything, "In domain", "PSNR [dB]", 4).value) == pytest.approx(row["value"].item(), abs=0.6)
    files = [tmp_path / f"denoising.{ending}" for ending in ("csv", "md", "tex")]
    formats.write(DENOISING, with_network(), "demo", "7.8", files)
    assert denoising_table.blocks(DENOISING, pd.read_csv(files[0])) == blocks(DENOISING, with_network())
    assert "**Brought from elsewhere**" in files[1].read_text(encoding="utf-8")
    assert "A brought network was trained elsewhere" in files[1].read_text(encoding="utf-8")
    assert "A brought network" not in " ".join(denoising_table.remarks(table()))


def test_a_brought_network_is_a_line_in_figures_and_no_reference_of_the_stamps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = denoising_table.of_sweep(with_network(), **SKIRT)
    assert denoising_table.best_reference(rows, "noise_shift") == "wiener"
    labels: list[str] = []
    legend = Figure.legend

    def told(self: Figure, *args: object, **given: object) -> object:
        made = legend(self, *args, **given)
        labels.extend(text.get_text() for text in made.get_texts())
        return made

    monkeypatch.setattr(Figure, "legend", told)
    for figure in (sweep, robustness):
        figure.plot(with_network(), tmp_path / "a.png", tmp_path / "a.pdf", **SKIRT)
    assert labels.count("released") == 2


def test_rows_without_any_value_and_tiny_numbers() -> None:
    frame = table()
    small = frame.copy()
    mse = small["metric"].isin(["mse", "mse_median"])
    small.loc[mse, ["value", "standard_error"]] *= 1e-6
    small.loc[small["metric"].str.startswith("morphology"), ["value", "standard_error"]] = np.nan
    everything = denoising_table.blocks(DENOISING, small)[1]
    labels = [row.label for row in everything.rows if row.heading == "In domain"]
    assert labels[0] == "MSE [×10⁻⁶]"
    assert not any(label.startswith("W1") for label in labels)
    assert everything.rows[0].cells == denoising_table.blocks(DENOISING, frame)[1].rows[0].cells
    assert r"MSE [$\times$10$^{-}$$^{6}$]" in formats.latex(DENOISING, small, "paper", "7.8")


def test_written_table_reads_back_and_says_what_it_is(tmp_path: Path) -> None:
    files = [tmp_path / f"denoising.{ending}" for ending in ("csv", "md", "tex")]
    formats.write(DENOISING, table(), "demo", "7.8", files)
    assert denoising_table.blocks(DENOISING, pd.read_csv(files[0])) == denoising_table.blocks(DENOISING, table())
    for text in (file.read_text(encoding="utf-8") for file in files[1:]):
        for said in ("scale: demo", "never compared across tests", "claimed only where", "tuned for each test"):
            assert said in text
        assert "Corrected training sets" in text
        assert "Published training sets" not in text
        assert "One network" not in text
    assert "**not supported**" in files[1].read_text(encoding="utf-8")
    assert r"\textit{not supported}" in files[2].read_text(encoding="utf-8")
    assert not set("α×²⁻") & set(files[2].read_text(encoding="utf-8"))


def test_picks_networks_and_references_to_show() -> None:
    rows = denoising_table.of_sweep(table(), **SKIRT)
    assert denoising_table.shown_alphas(rows, "noise_shift") == [0.0, 0.8, 1.0]
    assert denoising_table.best_reference(rows, "noise_shift") == "wiener"
    with pytest.raises(GalforgeError, match="no such sweep"):
        denoising_table.of_sweep(table(), "skirt", "vae", "corrected")
    two = denoising_table.assemble(DENOISING, [summary(), summary().assign(denoiser="wide")], printed())
    with pytest.raises(GalforgeError, match="several kinds of networks, denoiser, wide"):
        denoising_table.of_sweep(two, **SKIRT)
    assert set(denoising_table.of_sweep(two, **SKIRT, denoiser="wide")["denoiser"]) == {"wide"}


def twice(tmp_path: Path, draw: object) -> None:
    for ending in ("a", "b"):
        draw(tmp_path / f"{ending}.png", tmp_path / f"{ending}.pdf")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


def test_sweep_shows_gains_and_the_printed_one_where_comparable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[tuple[np.ndarray, np.ndarray]] = []
    levels: list[float] = []
    plot, line = Axes.plot, Axes.axhline
    monkeypatch.setattr(Axes, "plot", lambda self, *a, **k: (drawn.append(a[:2]), plot(self, *a, **k))[1])
    monkeypatch.setattr(Axes, "axhline", lambda self, y, **k: (levels.append(float(y)), line(self, y, **k))[1])
    twice(tmp_path, lambda *files: sweep.plot(table(), *files, **SKIRT))
    gains = table().query("metric == 'gain' and property == 'noise_shift'")["value"]
    assert any(np.allclose(y, [0, *(100 * gains)]) for _, y in drawn if len(y) == 4)
    assert levels.count(45.0) == 4, "two tests, drawn twice"
    levels.clear()
    sweep.plot(table(), tmp_path / "c.png", tmp_path / "c.pdf", **SKIRT, scale="demo")
    assert 45.0 not in levels


def test_robustness_shows_at_most_five_alphas(tmp_path: Path) -> None:
    twice(tmp_path, lambda *files: robustness.plot(table(), *files, **SKIRT))
    alphas = np.round(np.linspace(0, 1, 11), 2)
    rows = pd.DataFrame({"metric": "mse_to_identity", "alpha": alphas, "value": 0.2})
    best = pd.DataFrame({"metric": "best_alpha", "value": [0.9, 0.9, 0.3]})
    shown = robustness._shown(pd.concat([rows, best]))
    assert len(shown) == 5
    assert {0.0, 0.9, 1.0} < set(shown)
    without = table()[lambda frame: frame["kind"] == "case"]
    with pytest.raises(GalforgeError, match="no curve of robustness"):
        robustness.plot(without, tmp_path / "c.png", tmp_path / "c.pdf", **SKIRT)


def write_examples(folder: Path) -> tuple[list[tuple[str, Path]], Path]:
    networks = [(label, folder / f"{index}.npz") for index, label in enumerate(("α = 0.00", "α = 1.00"))]
    images = {}
    for case in ("in_domain", "noise_shift"):
        for k, side in enumerate((12, 20)):
            for what in ("input", "truth", "wiener", "output"):
                images[f"{case}/{k}/{what}"] = generator(0, what, k).normal(0, 4, (2, side, side)).astype(np.float32)
    for _, path in networks:
        np.savez(path, **{name: image for name, image in images.items() if name.endswith("output")})
    np.savez(folder / "references.npz", **{name: image for name, image in images.items() if "output" not in name})
    return networks, folder / "references.npz"


def test_denoised_shows_residuals_over_the_noise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    networks, references = write_examples(tmp_path)
    shown: list[np.ndarray] = []
    imshow = Axes.imshow
    monkeypatch.setattr(Axes, "imshow", lambda self, image, **k: (shown.append(image), imshow(self, image, **k))[1])
    cases = [denoised.Case("in_domain", 1, 1, "wiener"), denoised.Case("noise_shift", 1, 4, "wiener")]
    given = {"cases": cases, "noise_sigma": 2.0, "band": 1}
    twice(tmp_path, lambda *files: denoised.plot(networks, references, *files, **given))
    # Five images and four residuals for each of four galaxies; the figure is drawn twice.
    assert len(shown) == 2 * 4 * 9
    filed, first = np.load(references), np.load(networks[0][1])
    apart = (first["noise_shift/0/output"][1].astype(float) - filed["noise_shift/0/truth"][1]) / 8.0
    assert sum(image.shape == apart.shape and np.allclose(image, apart) for image in shown) == 4, "networks are alike"
    for case, message in (
        (denoised.Case("in_domain", 1, 1, "tv"), "lacks the example in_domain/0/tv"),
        (denoised.Case("absent", 1, 1, "wiener"), "holds no examples of absent"),
    ):
        with pytest.raises(GalforgeError, match=message):
            denoised.plot(networks, references, tmp_path / "c.png", tmp_path / "c.pdf", cases=[case], noise_sigma=2.0)


def test_page_has_a_section(tmp_path: Path) -> None:
    made: page.Summary = {
        "name": "demo",
        "scale": "demo",
        "version": "0.1.0",
        "commit": "0123abc",
        "datasets": [{"name": "skirt", "origin": "mock", "stamps": 300, "details": ""}],
        "runs": [],
        "command": "make demo",
        "full_command": "snakemake",
        "statmorph": "7.8",
    }
    with style.figure(2.0, 1.0) as drawn:
        for kind in ("sweep", "robustness", "denoised"):
            name = tmp_path / "holzschuh2022" / f"{kind}-skirt-stylegan-train-seed0-denoiser.png"
            style.save(drawn, name, tmp_path / "f.pdf")
    said = {"title": "Title", "caption": "Caption", "alternative": "What {dataset} shows", "engine_of": ""}
    about = {f"holzschuh2022/{kind}": said for kind in ("sweep", "robustness", "denoised")}
    shown = figures(sorted(map(str, tmp_path.glob("*/*.png"))), about, {DENOISING.name: table()}, "7.8")
    assert {figure.subject for figure in shown} == {"skirt-stylegan-train-seed0-denoiser"}
    formats.write(DENOISING, table(), "demo", "7.8", [tmp_path / f"t.{ending}" for ending in ("csv", "md", "tex")])
    page.build(made, {"holzschuh2022/denoising": pd.read_csv(tmp_path / "t.csv")}, shown, tmp_path / "index.html")
    text = tmp_path.joinpath("index.html").read_text(encoding="utf-8")
    section = text[text.index('<section id="denoising"') :].partition("</section>")[0]
    assert "Does training on generated galaxies help to denoise real ones?" in section
    assert '<b class="at">not supported</b>' in section
    assert "<summary>StyleGAN (train split), denoiser: every α and test</summary>" in section
    assert section.count("<img ") == 3
    assert "The MSE is never compared across tests" in section
    assert re.search(r'class="answer">(A share of|In none of)', section)
    assert "are not the survey&#39;s" in text, "the warning stays"
