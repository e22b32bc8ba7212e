"""Figures: they render, the same inputs give the same bytes, they show what they say, and refuse what they cannot."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from galforge.drawing import density, names, panels, samples, stretch, style
from galforge.drawing.measured import measured
from galforge.drawing.stamped import stamped
from galforge.measure.power_spectrum.measure import mode_edges
from galforge.papers.holzschuh2022.figures import (
    colours,
    contours,
    distributions,
    history,
    interpolations,
    planes,
    spectra,
    stamps,
)
from galforge.seeds import generator
from galforge.stamps import sizes
from galforge.stamps.file import Header, Stamps, StampsWriter

SIDE = 16
SIDES = (2.0, 2516.0)
HEADER = Header(("g",), 0.5, "kpc", "count", (), 1.0, "mock")
KINDS = ["stamps", "interpolations", "distributions", "contours", "planes", "spectra", "colours", "history"]


@pytest.fixture(autouse=True)
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer pixels: what is tested does not depend on them, and they take most of the time."""
    monkeypatch.setattr(style, "DPI", 40)


def write(path: Path, origin: str, count: int, side: int = SIDE) -> Path:
    header = Header(("g",), 0.5, "kpc", "count", (), 1.0, origin)
    with StampsWriter(path, (1, side, side), header, count) as writer:
        for index in range(count):
            image = generator(0, origin, index).normal(0, 1, (1, side, side))
            image[0, side // 2, side // 2] += 50
            writer.append(image.astype(np.float32), name=str(index), split="test")
    return path


def write_coded(path: Path, origin: str, sides: list[int]) -> Path:
    """Galaxies in g, r, i of several sides, stored at 16 px."""
    header = Header(("g", "r", "i"), 0.394, "kpc", "electron/s", (), 750.0, origin, SIDES)
    with StampsWriter(path, (4, SIDE, SIDE), header, len(sides)) as writer:
        for index, side in enumerate(sides):
            y, x = np.mgrid[:side, :side] - (side - 1) / 2
            profile = np.exp(-(x**2 + y**2) / (side / 5) ** 2)
            image = np.stack([profile, 2 * profile, 3 * profile])
            writer.append(sizes.store(image, 2 * side, SIDE, SIDES), name=str(index), split="test")
    return path


def write_latents(path: Path, truth: int, walks: int, steps: int = 3) -> Path:
    kinds = ["walk"] * walks * steps + ["truth"] * truth + ["reconstruction"] * truth
    header = Header(("g",), 0.5, "kpc", "count", (), 1.0, "generated")
    with StampsWriter(path, (1, SIDE, SIDE), header, max(len(kinds), 1)) as writer:
        for index, kind in enumerate(kinds):
            row, step = divmod(index, steps) if kind == "walk" else (0, (index - walks * steps) % max(truth, 1))
            image = generator(0, "latents", index).normal(0, 1, (1, SIDE, SIDE))
            writer.append(image, name=str(step), kind=kind, row=row, step=step)
    return path


def measurements(side: str, count: int = 40) -> pd.DataFrame:
    rng = generator(0, side)
    frame = pd.DataFrame({entry.column: rng.normal(size=count) for entry in names.MORPHOLOGY.values()})
    frame["flag"], frame["segmented"] = np.where(np.arange(count) < 4, 2.0, 0.0), np.arange(count) != 10
    frame["log_flux"], frame["gini_m20_bulge"] = rng.normal(2, 0.3, count), rng.normal(size=count)
    frame["magnitude_g"], frame["magnitude_i"] = rng.normal(20, 1, count), rng.normal(19, 1, count)
    for ring in range(SIDE // 2 + 1):
        frame[f"bin_{ring:03d}"] = rng.normal(-0.2 * ring, 0.1, count)
    return frame


def draw(kind: str, folder: Path) -> tuple[Path, Path]:
    folder.mkdir(exist_ok=True)
    files = folder / f"{kind}.png", folder / f"{kind}.pdf"
    source, model = ("cosmos (mock)", measurements("source")), ("VAE", measurements("vae"))
    if kind == "stamps":
        rows = write_coded(folder / "source.h5", "mock", [16, 20, 40]), write_coded(folder / "b.h5", "generated", [30])
        stamps.plot(("skirt (mock)", rows[0]), [("VAE", rows[1])], *files, count=4, seed=1)
    elif kind == "interpolations":
        latents = write_latents(folder / "latents.h5", 2, 1)
        source = ("cosmos (mock)", write(folder / "source.h5", "mock", 9))
        interpolations.plot(source, [("VAE", latents)], *files, count=3, seed=1)
    elif kind == "spectra":
        spectra.plot(source, [model], *files, side=SIDE, protocol="corrected")
    elif kind == "planes":
        planes.plot(source, [model], *files, protocol="corrected", header=HEADER, band=0)
    elif kind == "colours":
        colours.plot(source, [model], *files, protocol="corrected", calibrated=True)
    elif kind == "history":
        losses = pd.DataFrame({"images_seen": [100, 200, 300], "loss": [900.0, 30.0, 1.0], "kl": [-1.0, 0.0, np.nan]})
        history.plot([("VAE", losses), ("other", losses[["images_seen", "loss"]])], *files)
    else:
        {"distributions": distributions, "contours": contours}[kind].plot(source, [model], *files, protocol="corrected")
    return files


@pytest.mark.parametrize("kind", KINDS)
def test_same_inputs_give_the_same_bytes(kind: str, tmp_path: Path) -> None:
    first, second = draw(kind, tmp_path / "a"), draw(kind, tmp_path / "b")
    assert first[0].read_bytes().startswith(b"\x89PNG")
    assert first[1].read_bytes().startswith(b"%PDF")
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()
    assert b"CreationDate" not in first[1].read_bytes()


def test_stretch_is_the_sources_and_survives_noiseless_stamps() -> None:
    noisy = generator(0, "sky").normal(3.0, 0.5, (20, 32, 32))
    sky, softening, top = stretch.levels(noisy)
    assert sky == pytest.approx(3.0, abs=0.05)
    assert softening == pytest.approx(1.5, rel=0.1)
    assert top > sky
    empty = np.zeros((2, 8, 8))
    empty[:, 3:5, 3:5] = 10.0
    assert stretch.levels(empty) == pytest.approx((0.0, 0.05, 10.0))
    assert all(np.isfinite(stretch.levels(np.zeros((2, 8, 8)))))


def test_grey_is_the_asinh_of_what_is_above_the_sky() -> None:
    images = np.full((3, 1, 16, 16), 2.0)
    images[:, 0, 6:10, 6:10] = 12.0
    found = stretch.stretch_of(images, (0,))
    assert (found.sky, found.weights, found.softening, found.top) == ((2.0,), (1.0,), 0.05, 10.0)
    shown = found.apply(np.array([[[2.0, 12.0, 7.0]]]))
    assert shown == pytest.approx(np.array([[0.0, 1.0, np.arcsinh(100) / np.arcsinh(200)]]))
    assert "asinh stretch of g, linear up to 0.05, black at 10 count" in found.words(HEADER)


def test_colours_are_kept_where_a_galaxy_is_too_bright() -> None:
    profile = np.zeros((16, 16))
    profile[6:10, 6:10] = 1.0
    flux = np.array([3.0, 2.0, 1.0])
    found = stretch.stretch_of((flux[:, None, None] * profile)[None], (2, 1, 0))
    white = found.apply(flux[:, None, None] * profile)
    assert white[8, 8] == pytest.approx([1, 1, 1]), "the source's mean colour is white"
    assert white[0, 0] == pytest.approx([0, 0, 0])
    bluer = np.array([1.0, 2.0, 3.0])
    faint, bright = (found.apply(factor * bluer[:, None, None] * np.ones((1, 1)))[0, 0] for factor in (1e-3, 10.0))
    assert faint / faint.max() == pytest.approx(bluer / flux / 3)
    assert bright == pytest.approx(bluer / flux / 3), "the brightest band is full, and the others keep their ratio"


@pytest.mark.parametrize(
    ("bands", "shown"),
    [
        (("g", "r", "i", "z"), (2, 1, 0)),
        (("u", "v", "w"), (2, 1, 0)),
        (("z", "i", "r", "g"), (1, 2, 3)),
        (("red", "green", "blue"), (0, 1, 2)),
        (("g", "r"), (1,)),
    ],
)
def test_bands_are_shown_in_the_order_of_their_wavelengths(bands: tuple[str, ...], shown: tuple[int, ...]) -> None:
    header = Header(bands, 1.0, "kpc", "count", (), 1.0, "mock")
    assert stretch.bands_shown(header, 1) == shown


def test_galaxies_are_shown_at_their_own_size(tmp_path: Path) -> None:
    with Stamps(write_coded(tmp_path / "coded.h5", "mock", [16, 20, 40])) as file:
        shown = panels.read(file, [0, 1, 2], (2, 1, 0))
        assert [image.shape for image in shown] == [(3, 16, 16), (3, 20, 20), (3, 40, 40)]
        assert shown[2][0].sum() == pytest.approx(3 * shown[2][2].sum(), rel=1e-5), "i before g"
        assert panels.read(file, [1], (1,))[0].shape == (1, 20, 20)


def test_stamps_of_other_kinds_are_refused(tmp_path: Path) -> None:
    source, other = write(tmp_path / "a.h5", "mock", 3), write(tmp_path / "b.h5", "generated", 3, side=8)
    files = tmp_path / "f.png", tmp_path / "f.pdf"
    with pytest.raises(panels.StampsFigureError, match=r"b\.h5 \(VAE\)"):
        stamps.plot(("a", source), [("VAE", other)], *files, count=2, seed=0)
    with pytest.raises(panels.StampsFigureError, match="in g, r, i beside"):
        stamps.plot(("a", source), [("VAE", write_coded(tmp_path / "c.h5", "mock", [16]))], *files, count=2, seed=0)
    with pytest.raises(panels.StampsFigureError, match="0 stamps"):
        stamps.plot(("a", write(tmp_path / "d.h5", "mock", 0)), [], *files, count=2, seed=0)
    assert not files[0].exists()


def test_models_that_reconstruct_the_same_stamps_share_their_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[panels.Row] = []
    monkeypatch.setattr(panels, "draw_rows", lambda rows, *_: drawn.extend(rows))
    source = ("cosmos (mock)", write(tmp_path / "source.h5", "mock", 9))
    latents = [
        ("VAE", write_latents(tmp_path / "vae.h5", 2, 2)),
        ("StyleGAN", write_latents(tmp_path / "stylegan.h5", 0, 1)),
        ("ALAE", write_latents(tmp_path / "alae.h5", 2, 1)),
        ("none", write_latents(tmp_path / "none.h5", 0, 0)),
    ]
    interpolations.plot(source, latents, tmp_path / "f.png", tmp_path / "f.pdf", count=3, seed=0)
    assert [(row.heading, len(row.galaxies)) for row in drawn] == [
        ("cosmos (mock), test split", 2),
        ("VAE, reconstructed", 2),
        ("ALAE, reconstructed", 2),
        ("VAE, from one random galaxy to another", 3),
        ("", 3),
        ("StyleGAN, from one random galaxy to another", 3),
        ("ALAE, from one random galaxy to another", 3),
    ]
    interpolations.plot(source, latents[3:], tmp_path / "f.png", tmp_path / "f.pdf", count=3, seed=0)
    assert (tmp_path / "f.png").exists(), "a data set without any says so"


def test_drawn_is_what_the_distances_rest_on() -> None:
    frame = measurements("source")
    frame.loc[20, "gini"] = np.nan
    corrected, published = (samples.usable(frame, name) for name in ("corrected", "published"))
    assert corrected.sum() == 40 - 4 - 2
    assert published.sum() == 40 - 2
    assert not corrected[20]


def test_contours_hold_the_shares_that_they_say() -> None:
    x, y = generator(0, "plane").multivariate_normal([1, 2], [[1, 0.5], [0.5, 2]], 20_000).T
    window = (-4.0, 6.0), (-5.0, 9.0)
    found = density.plane(x, y, *window)
    assert found.share.sum() == pytest.approx(1, abs=1e-3)
    cells = [np.searchsorted((axis[1:] + axis[:-1]) / 2, values) for axis, values in ((found.x, x), (found.y, y))]
    levels = found.levels((0.9, 0.6, 0.3))
    assert levels == sorted(levels)
    held = [np.mean(found.share[cells[0], cells[1]] > level) for level in levels]
    assert held == pytest.approx([0.9, 0.6, 0.3], abs=0.02)
    beside = density.plane(x + 10, y, *window)
    assert beside.levels((0.9, 0.6)) == [], "no area of the panel holds them"


@pytest.mark.parametrize("module", [contours, planes])
@pytest.mark.parametrize("count", [1, 35])
def test_few_or_equal_galaxies_can_be_drawn(module: object, count: int, tmp_path: Path) -> None:
    frame = measurements("source", 60).iloc[20 : 20 + count]
    alike = frame.assign(**{name: 1.0 for name in frame.columns if name not in ("flag", "segmented")}, flag=0.0)
    more = {"header": HEADER, "band": 0} if module is planes else {}
    files = tmp_path / "f.png", tmp_path / "f.pdf"
    module.plot(
        ("cosmos", alike), [("VAE", frame), ("none", frame.assign(flag=4.0))], *files, protocol="corrected", **more
    )
    assert files[0].exists()


def test_lines_in_the_gini_m20_plane_are_the_statistics_zeros() -> None:
    axis = Figure().subplots()
    planes._lotz(axis, (-3.0, -0.5), named=True)
    mergers, bulges = (line.get_xydata().T for line in axis.lines)
    assert np.abs(0.139 * mergers[0] + 0.990 * mergers[1] - 0.327).max() < 1e-12
    assert np.abs(-0.693 * bulges[0] + 4.95 * bulges[1] - 3.96).max() < 1e-12
    assert bulges[0].max() == pytest.approx(-1.68, abs=0.02), "it ends where it meets the other (Lotz et al. 2008)"


def test_sizes_and_magnitudes_are_in_the_units_of_the_stamps() -> None:
    frame = measurements("source").assign(rhalf_circ=5.0, log_flux=2.0)
    sample = samples.Sample("source", frame, 40)
    header = Header(("F814W",), 0.03, "arcsec", "electron/s", (25.94,), 1.0, "mock")
    magnitude, log_radius = planes._size_magnitude(sample, header, 0)
    assert magnitude == pytest.approx(20.94)
    assert 10**log_radius == pytest.approx(0.15)


def test_colours_are_told_apart_by_the_bulge_statistic() -> None:
    frame = pd.DataFrame(
        {
            "gini_m20_bulge": [0.0, -0.1, 2.0, np.nan, 1.0],
            "magnitude_g": [20.0, 20.0, 21.0, 20.0, np.nan],
            "magnitude_i": [19.0, 19.5, 19.5, 19.0, 19.0],
        }
    )
    early, late, bulge = colours._types(samples.Sample("source", frame, 5))
    assert (early.tolist(), late.tolist(), bulge.tolist()) == ([1.0, 1.5], [0.5], [0.0, -0.1, 2.0])


def test_modes_are_drawn_of_galaxies_without_rings_in_common(tmp_path: Path) -> None:
    frame = pd.DataFrame({f"mode_{mode:02d}": np.full(5, -float(mode)) for mode in range(15)})
    columns, wave = spectra._waves(frame, 0)
    assert columns == [f"mode_{mode:02d}" for mode in range(1, 15)]
    edges = np.array(mode_edges(256)) / 128
    assert (wave > edges[:-1] - 1 / 128).all()
    assert (wave < edges[1:] + 1 / 128).all()
    files = tmp_path / "f.png", tmp_path / "f.pdf"
    spectra.plot(("skirt", frame), [("VAE", frame)], *files, side=0, protocol="corrected")
    with pytest.raises(spectra.SpectraError, match="VAE: no columns mode_01"):
        spectra.plot(("skirt", frame), [("VAE", measurements("vae"))], *files, side=0, protocol="corrected")


def test_losses_of_a_model_stand_together_and_logits_share_a_panel() -> None:
    losses = ("augmentation", "fake", "generator", "loss", "r1", "real")
    assert history._panels(losses) == [("loss",), ("augmentation",), ("generator",), ("r1",), ("real", "fake")]
    assert history._panels(("kl", "loss")) == [("loss",), ("kl",)]


def test_unusable_measurements_are_refused(tmp_path: Path) -> None:
    frame = measurements("source").assign(flag=4.0)
    files = tmp_path / "f.png", tmp_path / "f.pdf"
    for module in (distributions, contours):
        with pytest.raises(samples.SamplesError, match="none of 40 stamps"):
            module.plot(("cosmos", frame), [], *files, protocol="corrected")
    bare = frame.drop(columns=["magnitude_g", "magnitude_i"])
    with pytest.raises(samples.SamplesError, match="cosmos: no columns magnitude_g, magnitude_i"):
        colours.plot(("cosmos", bare), [], *files, protocol="corrected", calibrated=True)
    with pytest.raises(spectra.SpectraError, match="bin_001"):
        spectra.plot(("cosmos", frame[["flag"]]), [], *files, side=SIDE, protocol="corrected")
    with pytest.raises(history.HistoryError, match="images_seen"):
        history.plot([("VAE", pd.DataFrame({"loss": [1.0]}))], *files)
    with pytest.raises(history.HistoryError, match="0 rows"):
        history.plot([("VAE", pd.DataFrame({"images_seen": [], "loss": []}))], *files)


def test_trainings_of_a_model_are_put_together(tmp_path: Path) -> None:
    paths = []
    for index in range(4):
        table = pd.DataFrame({"index": [0, 1], "gini": [index, index + 0.5]})
        table.attrs = {"origin": "mock", "side": 32}
        paths.append(tmp_path / f"{index}.parquet")
        table.to_parquet(paths[-1])
    told = {"dataset": "cosmos", "scale": "demo", "models": [("vae", 0), ("edm", 0), ("vae", 1)]}
    (label, source), models = measured(told, paths)
    assert label == "cosmos (mock, demo scale)"
    assert source["gini"].tolist() == [0.0, 0.5]
    assert [name for name, _ in models] == ["VAE, 2 seeds", "EDM"]
    assert [table["gini"].tolist() for _, table in models] == [[1.0, 1.5, 3.0, 3.5], [2.0, 2.5]]
    assert models[0][1].attrs == {"origin": "mock", "side": 32}


@pytest.mark.parametrize(("letters", "count", "columns"), [(12, 6, 3), (30, 6, 3), (50, 6, 2), (90, 6, 1), (12, 2, 2)])
def test_a_legend_is_as_wide_as_its_figure_at_most(letters: int, count: int, columns: int) -> None:
    assert samples._columns(["n" * letters] * count, 9.0) == columns


def test_runs_of_one_label_look_alike_in_a_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = []
    monkeypatch.setattr(style, "save", lambda made, *files: kept.append(made))
    losses = pd.DataFrame({"images_seen": [1.0, 2.0], "loss": [3.0, 2.0]})
    history.plot([("VAE, 2 seeds", losses), ("VAE, 2 seeds", losses), ("EDM", losses)], "a.png", "a.pdf")
    lines = kept[0].axes[0].get_lines()[:3]
    assert lines[0].get_color() == lines[1].get_color() != lines[2].get_color()
    assert [text.get_text() for text in kept[0].legends[0].get_texts()] == ["VAE, 2 seeds", "EDM"]


def test_the_first_training_of_a_model_is_shown(tmp_path: Path) -> None:
    source = write(tmp_path / "source.h5", "mock", 1)
    told = {"dataset": "cosmos", "scale": "demo", "models": [("vae", 1), ("vae", 2), ("edm", 0)]}
    shown = stamped(told, str(source), "a.h5", "b.h5", "c.h5")
    assert shown == (("cosmos (mock, demo scale)", str(source)), [("VAE", "a.h5"), ("EDM", "c.h5")])
