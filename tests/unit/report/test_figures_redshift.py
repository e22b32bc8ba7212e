"""Figures against redshift: the same bytes from the same inputs, what they show, and what they refuse."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from galforge.drawing import per_bin, redshift, style
from galforge.drawing.names import model_label
from galforge.drawing.panels import StampsFigureError
from galforge.drawing.redshift import RedshiftFigureError
from galforge.drawing.style import figure
from galforge.errors import GalforgeError
from galforge.papers import assembly, registry
from galforge.papers.li2024.figures import blind, divergences, evolution, losses, properties, redshift_grid, redshifts
from galforge.stamps.file import Stamps, StampsWriter
from toys import galaxies_of_redshift as toy
from toys import li2024

LABEL = "galaxiesml (mock, demo scale)"
KINDS = ["redshift_grid", "properties", "evolution", "redshifts", "divergences", "losses", "blind"]
OF_TABLE = {"dataset": "galaxiesml", "label": LABEL}


@pytest.fixture(autouse=True)
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer pixels: what is tested does not depend on them, and they take most of the time."""
    monkeypatch.setattr(style, "DPI", 30)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Stamps of a source and of a model, 8 px a side."""
    folder = tmp_path_factory.mktemp("stamps")
    source = toy.write_stamps(folder / "source.h5", "source", 140, side=8)
    return {"source": source, "ddpm": toy.write_stamps(folder / "ddpm.h5", "ddpm", 60, wrong=0.5, side=8)}


def table(*models: str) -> pd.DataFrame:
    found = [li2024.distances(model) for model in models or ("real", "cvae", "ddpm")]
    return assembly.assemble(registry.table("li2024/table1"), found, assembly.read_published([]))


def draw(kind: str, folder: Path, files: dict[str, Path]) -> tuple[Path, ...]:
    folder.mkdir(exist_ok=True)
    out = folder / f"{kind}.png", folder / f"{kind}.pdf"
    source, model = (LABEL, toy.measured("source", 200)), ("DDPM", toy.measured("ddpm", 40, 0.3))
    if kind == "redshift_grid":
        samples = (LABEL, files["source"]), [("DDPM", files["ddpm"])]
        redshift_grid.plot(*samples, *out, redshifts=(0.6, 2.6), seed=1)
    elif kind == "blind":
        out = (*out, folder / "key.csv")
        blind.plot(("source", files["source"]), [("ddpm-seed0", files["ddpm"])], *out, title=LABEL, seed=1)
    elif kind == "redshifts":
        samples = (LABEL, toy.predicted("source", 4000)), [("ddpm", "DDPM", toy.predicted("ddpm", 40, 0.3))]
        redshifts.plot(*samples, table("real", "ddpm"), *out, dataset="galaxiesml", high=4.0)
    elif kind in ("divergences", "losses"):
        {"divergences": divergences, "losses": losses}[kind].plot(table(), *out, **OF_TABLE)
    else:
        {"properties": properties, "evolution": evolution}[kind].plot(source, [model], *out, edges=toy.EDGES[::2])
    return out


@pytest.mark.parametrize("kind", KINDS)
def test_same_inputs_give_the_same_bytes(kind: str, tmp_path: Path, files: dict[str, Path]) -> None:
    first, second = draw(kind, tmp_path / "a", files), draw(kind, tmp_path / "b", files)
    assert first[0].read_bytes().startswith(b"\x89PNG")
    assert first[1].read_bytes().startswith(b"%PDF")
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()


def drawn(monkeypatch: pytest.MonkeyPatch, module: ModuleType, *given: object, **more: object) -> Figure:
    """The figure that a module draws, in place of its files."""
    kept = []
    monkeypatch.setattr(style, "save", lambda made, png, pdf: kept.append(made))
    module.plot(*given, "unused.png", "unused.pdf", **more)
    return kept[0]


def said(made: Figure) -> str:
    """All that is written in a figure and its panels."""
    texts = [*made.texts, *(text for axis in made.axes for text in axis.texts)]
    return "\n".join(text.get_text() for text in texts)


def test_means_are_those_of_the_bin_with_the_error_of_the_mean() -> None:
    z = np.array([0.1] * 6 + [0.6] * 4 + [0.5, np.nan])
    values = np.array([1.0, 2, 3, 4, 5, np.nan, 9, 9, 9, 9, 9, 9])
    found = redshift.binned(z, values, [0.0, 0.5, 1.0, 2.0])
    assert found.count.tolist() == [5, 5, 0]
    assert found.mean[:2].tolist() == [3.0, 9.0]
    assert found.error[0] == pytest.approx(np.sqrt(2.5) / np.sqrt(5))
    assert found.deviation[0] == pytest.approx(np.sqrt(2.5))
    assert np.isnan(found.mean[2])
    few = redshift.binned(z[:4], values[:4], [0.0, 0.5])
    assert (few.count.tolist(), np.isnan(few.mean[0])) == ([4], True)
    assert redshift.binned(np.full(5, 2.0), np.ones(5), [0.0, 1.0, 2.0]).count.tolist() == [0, 5], "the last is closed"


def test_lookback_times_are_those_of_the_paper() -> None:
    """Section 4 of Li et al. (2024): 1.32, 5.85, 8.29 and 11.26 Gyr, in a cosmology that it does not name."""
    assert redshift.lookback(np.array([0.1, 0.6, 1.1, 2.6])) == pytest.approx([1.32, 5.85, 8.29, 11.26], abs=0.1)


def test_evolution_draws_the_test_split_and_the_share_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    source, model = toy.measured("source", 700), toy.measured("ddpm", 90, 0.3)
    test = source[source["split"] == "test"]
    made = drawn(monkeypatch, evolution, (LABEL, source), [("DDPM", model)], edges=[0.0, 4.0])
    panels = [axis for axis in made.axes if axis.get_title(loc="left")]
    assert [axis.get_title(loc="left") for axis in panels] == [
        *("Isophotal area [px]", "Ellipticity", "Semi-major axis [px]", "Sérsic index"),
        *("Fitting loss, ln |ERRCXY|", "Share detected"),
    ]
    wanted = [test["isophotal_area"].mean(), np.log(test["errcxy"].abs()).mean(), test["detected"].mean()]
    found = [panels[place].containers[0].lines[0].get_ydata()[0] for place in (0, 4, 5)]
    assert found == pytest.approx(wanted)
    assert panels[0].containers[1].lines[0].get_ydata()[0] == pytest.approx(model["isophotal_area"].mean())


def test_round_objects_without_an_element_are_left_out_of_the_fitting_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    source = toy.measured("source", 70).assign(errcxy=np.e)
    source.loc[source.index % 14 == 5, "errcxy"] = 0.0
    made = drawn(monkeypatch, evolution, (LABEL, source), [], edges=[0.0, 4.0])
    panel = next(axis for axis in made.axes if "ERRCXY" in axis.get_title(loc="left"))
    assert panel.containers[0].lines[0].get_ydata()[0] == pytest.approx(1.0)


def test_panels_without_galaxies_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    source, model = toy.measured("source", 200), toy.measured("ddpm", 20)
    far = {"edges": [5.0, 6.0, 7.0]}
    assert "fewer than 5 galaxies in every bin" in said(
        drawn(monkeypatch, evolution, (LABEL, source), [("DDPM", model)], **far)
    )
    text = said(drawn(monkeypatch, properties, (LABEL, source), [("DDPM", model)], **far))
    assert text.count("fewer than\n5 galaxies") == 6
    found = toy.predicted("source", 100), toy.predicted("ddpm", 30).assign(redshift_cnn=np.nan)
    quoted = table("real", "ddpm")
    quoted.loc[(quoted["model"] == "ddpm") & (quoted["metric"] == "redshift_bias"), "value"] = np.nan
    given = (LABEL, found[0]), [("ddpm", "DDPM", found[1])], quoted
    text = said(drawn(monkeypatch, redshifts, *given, dataset="galaxiesml", high=4.0))
    assert "no galaxy was measured" in text
    assert "bias: too few galaxies" in text


def test_numbers_in_the_panels_of_properties_are_those_of_the_galaxies(monkeypatch: pytest.MonkeyPatch) -> None:
    source, model = toy.measured("source", 300), toy.measured("ddpm", 60)
    made = drawn(monkeypatch, properties, (LABEL, source), [("DDPM", model)], edges=[0.0, 0.5, 4.0])
    test = source[source["split"] == "test"]
    near = [(frame["redshift"] < 0.5) & frame["ellipticity"].notna() for frame in (test, model)]
    panel = made.axes[2]
    assert panel.get_xlabel() == "Ellipticity"
    assert [text.get_text() for text in panel.texts] == [str(each.sum()) for each in near]


@pytest.mark.parametrize("module", [evolution, properties])
def test_measurements_without_a_column_or_a_test_split_are_refused(module: ModuleType) -> None:
    source, model = toy.measured("source", 70), toy.measured("ddpm", 20)
    out = ("unused.png", "unused.pdf")
    with pytest.raises(RedshiftFigureError, match=r"DDPM: no columns sersic_index among .*; measure them again"):
        module.plot((LABEL, source), [("DDPM", model.drop(columns="sersic_index"))], *out, edges=toy.EDGES)
    with pytest.raises(RedshiftFigureError, match=r"galaxiesml \(mock, demo scale\): no columns split"):
        module.plot((LABEL, source.drop(columns="split")), [], *out, edges=toy.EDGES)
    with pytest.raises(RedshiftFigureError, match="none of 70 rows is of the split test"):
        module.plot((LABEL, source.assign(split="train")), [], *out, edges=toy.EDGES)


def test_a_property_that_is_not_measured_has_no_panels(monkeypatch: pytest.MonkeyPatch) -> None:
    def named(made: Figure) -> str:
        return "\n".join(axis.get_title(loc="left") + axis.get_xlabel() for axis in made.axes)

    found = table()
    assert "Sérsic" in named(drawn(monkeypatch, divergences, found, **OF_TABLE))
    assert "Sérsic" not in named(
        drawn(monkeypatch, divergences, found[~found["property"].str.startswith("sersic_index")], **OF_TABLE)
    )
    source, model = toy.measured("source", 200), toy.measured("ddpm", 40, 0.3)
    assert "Sérsic" in named(drawn(monkeypatch, properties, (LABEL, source), [("DDPM", model)], edges=toy.EDGES[::2]))
    source["sersic_index"] = model["sersic_index"] = np.nan
    made = drawn(monkeypatch, properties, (LABEL, source), [("DDPM", model)], edges=toy.EDGES[::2])
    assert "Sérsic" not in named(made)
    assert len(made.axes) == 2 * (len(toy.EDGES[::2]) - 1)


def test_lines_are_the_rows_of_single_bins_by_redshift() -> None:
    frame = table("real", "cvae", "ddpm")
    shuffled = frame.sample(frac=1.0, random_state=1)
    shuffled.loc[(shuffled["property"] == "all@3-4") & (shuffled["model"] == "cvae"), "value"] = np.nan
    found = per_bin.read(shuffled, "galaxiesml", {"redshift_loss": "published"})
    assert (found.low, found.high, found.models[0]) == (0.01, 4.0, "real")
    assert set(found.models) == {"real", "cvae", "ddpm"}
    lines = {each.model: each for each in found.found}
    assert lines["ddpm"].low.tolist() == list(toy.EDGES[:-1])
    assert lines["cvae"].high.tolist() == list(toy.EDGES[1:])
    assert np.isnan(lines["cvae"].value).tolist() == [False] * 7 + [True], "a gap, not a line across it"
    rows = frame.query("metric == 'redshift_loss' and model == 'ddpm' and protocol == 'published'")
    assert lines["ddpm"].value.tolist() == rows[rows["property"] != "all"]["value"].tolist()
    with pytest.raises(RedshiftFigureError, match="table of cosmos: no rows of redshift_loss in single redshift bins"):
        per_bin.read(frame, "cosmos", {"redshift_loss": "published"})


def test_ratios_are_drawn_where_they_mean_something(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = table()
    kl = (frame["metric"] == "galaxy_kl_bin") & (frame["protocol"] == "corrected")
    for model, value in (("cvae", 0.6), ("ddpm", 0.2)):
        frame.loc[kl & (frame["model"] == model), "value"] = value
    own = (frame["model"] == "cvae") & frame["property"].str.endswith("@0.01-0.25")
    frame.loc[own, "property"] = frame.loc[own, "property"].str.replace("@0.01", "@0.02")
    low = kl & frame["property"].isin(["ellipticity@0.01-0.25", "ellipticity@0.02-0.25"])
    frame.loc[low, "at_floor"] = True
    axis = drawn(monkeypatch, divergences, frame, **OF_TABLE).axes
    ratio = next(each for each in axis if "CVAE over" in each.get_title(loc="left"))
    lines = [line for line in ratio.lines if line.get_linestyle() != "None" and len(line.get_xdata()) > 2]
    assert [len(line.get_xdata()) for line in lines] == [8, 7, 8], "both at the floor in one bin of ellipticity"
    assert lines[0].get_ydata() == pytest.approx(np.full(8, 3.0))
    alone = table("real", "ddpm")
    assert "CVAE and DDPM\nwere not both run" in said(drawn(monkeypatch, divergences, alone, **OF_TABLE))


def test_a_grid_shows_galaxies_of_the_redshift_and_says_where_there_are_none(
    monkeypatch: pytest.MonkeyPatch, files: dict[str, Path]
) -> None:
    samples = (LABEL, files["source"]), [("DDPM", files["ddpm"])]
    text = said(drawn(monkeypatch, redshift_grid, *samples, redshifts=(0.6, 30.0), seed=1))
    assert "z = 0.6, 5.9 Gyr ago" in text
    assert text.count("no galaxy near this redshift") == 2
    shown = [
        float(line.removeprefix("z = ")) for line in text.splitlines() if line.startswith("z = 0.") and "," not in line
    ]
    assert len(shown) == 2
    assert all(abs(each - 0.6) < 0.25 for each in shown)
    with Stamps(files["source"]) as stamps:
        test = np.flatnonzero(stamps.catalog("split") == "test")
        apart = np.abs(stamps.catalog("redshift") - 0.6)
        assert set(redshift_grid._near(stamps, 0.6)) <= set(test), "models saw the others"
        assert redshift_grid._near(stamps, 0.6)[0] == test[np.argmin(apart[test])]


def test_labels_of_a_grid_end_before_its_panels(monkeypatch: pytest.MonkeyPatch, files: dict[str, Path]) -> None:
    names = [model_label(name) for name in ("ddpm-unconditional", "cvae-published", "ddpm_continuous")]
    samples = ("galaxiesml (mock, half-hour scale)", files["source"]), [(name, files["ddpm"]) for name in names]
    made = drawn(monkeypatch, redshift_grid, *samples, redshifts=(0.6,), seed=1)
    with figure(1.0, 1.0):
        made.draw_without_rendering()
        panels = min(axis.get_window_extent().x0 for axis in made.axes)
        labels = [text for text in made.texts if "\nz = " in text.get_text()]
        assert len(labels) == 4
        assert panels - max(text.get_window_extent().x1 for text in labels) > 0.05 * made.dpi


@pytest.mark.parametrize(("bands", "panels"), [(("g", "r", "i", "z", "y"), 12), (("i", "r", "g"), 8), (("g", "r"), 4)])
def test_colours_are_found_by_name_and_left_out_where_a_band_lacks(
    bands: tuple[str, ...], panels: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = toy.write_stamps(tmp_path / "source.h5", "source", 70, side=8, bands=bands)
    made = drawn(monkeypatch, redshift_grid, (LABEL, source), [], redshifts=(0.6,), seed=1)
    assert len(made.axes) == panels
    if panels > 4:
        colours = made.axes[panels // 2 - 1].images[0].get_array()
        brightest = colours.reshape(-1, 3)[colours.sum(axis=2).argmax()]
        assert brightest[0] > brightest[1] > brightest[2], "i is red and these galaxies are brightest in it"


def test_colours_are_linear_to_the_top_or_logarithmic_to_the_same() -> None:
    ones = np.ones(3)
    shown = redshift_grid.Levels(0 * ones, 0.01 * ones, 10 * ones)
    galaxy = np.broadcast_to(np.array([0.0, 1.0, 5.0, 10.0, 20.0]), (3, 1, 5))
    linear = redshift_grid.rgb(galaxy, shown, [0, 1, 2], False)[0, :, 0].astype(int)
    assert linear == pytest.approx([0, 25.5, 127.5, 255, 255], abs=1)
    log = redshift_grid.rgb(galaxy, shown, [0, 1, 2], True)[0, :, 0].astype(int)
    assert (log[0], log[3]) == (0, pytest.approx(255, abs=1))
    assert log[1] == pytest.approx(255 * np.arcsinh(1 / 0.02) / np.arcsinh(10 / 0.02), abs=1)


def test_stamps_of_other_bands_or_without_redshifts_are_refused(tmp_path: Path, files: dict[str, Path]) -> None:
    other = toy.write_stamps(tmp_path / "other.h5", "ddpm", 10, side=8, bands=("y", "z", "i", "r", "g"))
    out = ("unused.png", "unused.pdf")
    with pytest.raises(StampsFigureError, match=r"other\.h5 \(DDPM\)"):
        redshift_grid.plot((LABEL, files["source"]), [("DDPM", other)], *out, redshifts=(0.6,), seed=1)
    with pytest.raises(StampsFigureError, match=r"other\.h5 \(DDPM\)"):
        blind.plot(("source", files["source"]), [("DDPM", other)], *out, "unused.csv", title=LABEL, seed=1)
    with (
        Stamps(files["source"]) as stamps,
        StampsWriter(tmp_path / "bare.h5", stamps.shape, stamps.header, 1) as writer,
    ):
        writer.append(stamps.stamp(0), redshift=0.6)
    with pytest.raises(GalforgeError, match="no catalogue column 'split'"):
        redshift_grid.plot((LABEL, tmp_path / "bare.h5"), [], *out, redshifts=(0.6,), seed=1)


def test_the_blind_sheet_tells_nothing_and_its_key_tells_all(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, files: dict[str, Path]
) -> None:
    kept = []
    monkeypatch.setattr(style, "save", lambda made, png, pdf: kept.append(made))
    given = ("source", files["source"]), [("ddpm-seed0", files["ddpm"]), ("cvae-seed0", files["ddpm"])]
    blind.plot(*given, "unused.png", "unused.pdf", tmp_path / "key.csv", title=LABEL, seed=1)
    key = pd.read_csv(tmp_path / "key.csv")
    assert list(key.columns) == ["number", "who", "real", "index", "redshift"]
    assert key["number"].tolist() == list(range(1, len(key) + 1))
    assert key["who"].value_counts().to_dict() == {"source": 20, "ddpm-seed0": 10, "cvae-seed0": 10}
    assert (key["real"] == (key["who"] == "source")).all()
    assert not key["real"].head(20).all(), "mixed"
    text = said(kept[0])
    assert "ddpm" not in text
    assert "Mock or generated?" in text, "a mock is not called real"
    assert text.count("□ mock") == len(key)
    with Stamps(files["source"]) as stamps:
        real = key[key["real"]]
        assert (stamps.catalog("split")[real["index"]] == "test").all()
        assert stamps.catalog("redshift")[real["index"]] == pytest.approx(real["redshift"], rel=1e-5)
        assert len(set(real["index"])) == len(real)
    sheet = kept[0]
    assert sheet.get_size_inches() == pytest.approx([8.27, 11.69])
    corners = np.array([axis.get_position().extents for axis in sheet.axes])
    assert corners.min() > 0.03
    assert corners.max() < 0.97
    other = tmp_path / "other.csv"
    blind.plot(*given, "unused.png", "unused.pdf", other, title=LABEL, seed=2)
    assert not pd.read_csv(other)["real"].equals(key["real"])


def test_a_sheet_needs_a_model_and_two_galaxies(files: dict[str, Path]) -> None:
    with pytest.raises(blind.BlindSheetError, match="needs two galaxies and a model"):
        blind.plot(("source", files["source"]), [], "unused.png", "unused.pdf", "unused.csv", title=LABEL, seed=1)


def test_densities_and_numbers_of_the_redshifts(monkeypatch: pytest.MonkeyPatch) -> None:
    quoted = table("real", "ddpm")
    source, model = toy.predicted("source", 4000), toy.predicted("ddpm", 40)
    given = (LABEL, source), [("ddpm", "DDPM", model)], quoted
    made = drawn(monkeypatch, redshifts, *given, dataset="galaxiesml", high=4.0)
    first, second = made.axes[:2]
    assert np.nansum(10 ** first.images[0].get_array().filled(-np.inf)) == pytest.approx(
        (source["split"] == "test").sum()
    )
    assert not second.images
    row = quoted.query(
        "model == 'ddpm' and metric == 'redshift_bias' and property == 'all' and protocol == 'corrected'"
    )
    assert f"bias {row['value'].iloc[0]:.3f} ± 0.004" in second.texts[0].get_text()
    with pytest.raises(RedshiftFigureError, match="no row redshift_bias, all of ddpm under the corrected protocol"):
        redshifts.plot(*given[:2], table("real"), "unused.png", "unused.pdf", dataset="galaxiesml", high=4.0)
