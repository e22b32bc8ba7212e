"""Figures: they render, the same inputs give the same bytes, and they refuse what they cannot show."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from galforge.report.figures import distributions, history, spectra, stamps
from galforge.report.style import MORPHOLOGY
from galforge.seeds import generator
from galforge.stamps import Header, StampsWriter

SIDE = 16


def write(path: Path, origin: str, count: int, side: int = SIDE) -> Path:
    header = Header(("g",), 0.5, "kpc", "count", (), 1.0, origin)
    with StampsWriter(path, (1, side, side), header, count) as writer:
        for index in range(count):
            image = generator(0, origin, index).normal(0, 1, (1, side, side))
            image[0, side // 2, side // 2] += 50
            writer.append(image.astype(np.float32), name=str(index), split="test")
    return path


def measurements(side: str, count: int = 40) -> pd.DataFrame:
    rng = generator(0, side)
    frame = pd.DataFrame({entry.column: rng.normal(size=count) for entry in MORPHOLOGY.values()})
    frame["flag"], frame["segmented"] = np.where(np.arange(count) < 4, 2.0, 0.0), np.arange(count) != 10
    for ring in range(SIDE // 2 + 1):
        frame[f"bin_{ring:03d}"] = rng.normal(-0.2 * ring, 0.1, count)
    return frame


def draw(kind: str, folder: Path) -> tuple[Path, Path]:
    folder.mkdir(exist_ok=True)
    files = folder / f"{kind}.png", folder / f"{kind}.pdf"
    source, model = ("cosmos (mock)", measurements("source")), ("VAE", measurements("vae"))
    if kind == "stamps":
        rows = write(folder / "source.h5", "mock", 9), write(folder / "vae.h5", "generated", 3)
        stamps.draw(("cosmos (mock)", rows[0]), [("VAE", rows[1])], *files, count=4, seed=1)
    elif kind == "distributions":
        distributions.draw(source, [model], *files, protocol="corrected")
    elif kind == "spectra":
        spectra.draw(source, [model], *files, side=SIDE, protocol="corrected")
    else:
        losses = pd.DataFrame({"images_seen": [100, 200, 300], "loss": [900.0, 30.0, 1.0], "kl": [-1.0, 0.0, np.nan]})
        history.draw([("VAE", losses), ("other", losses[["images_seen", "loss"]])], *files)
    return files


@pytest.mark.parametrize("kind", ["stamps", "distributions", "spectra", "history"])
def test_same_inputs_give_the_same_bytes(kind: str, tmp_path: Path) -> None:
    first, second = draw(kind, tmp_path / "a"), draw(kind, tmp_path / "b")
    assert first[0].read_bytes().startswith(b"\x89PNG")
    assert first[1].read_bytes().startswith(b"%PDF")
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()
    assert b"CreationDate" not in first[1].read_bytes()


def test_stretch_is_the_sources_and_survives_noiseless_stamps() -> None:
    noisy = generator(0, "sky").normal(3.0, 0.5, (20, 32, 32))
    sky, softening, top = stamps.stretch(noisy)
    assert sky == pytest.approx(3.0, abs=0.05)
    assert softening == pytest.approx(1.5, rel=0.1)
    assert top > sky
    empty = np.zeros((2, 8, 8))
    empty[:, 3:5, 3:5] = 10.0
    assert stamps.stretch(empty) == pytest.approx((0.0, 0.05, 10.0))
    assert all(np.isfinite(stamps.stretch(np.zeros((2, 8, 8)))))


def test_stamps_of_other_sizes_are_refused(tmp_path: Path) -> None:
    source, other = write(tmp_path / "a.h5", "mock", 3), write(tmp_path / "b.h5", "generated", 3, side=8)
    with pytest.raises(stamps.StampsFigureError, match=r"b\.h5 \(VAE\)"):
        stamps.draw(("a", source), [("VAE", other)], tmp_path / "f.png", tmp_path / "f.pdf", count=2, seed=0)
    assert not (tmp_path / "f.png").exists()


def test_distributions_draw_what_the_distances_rest_on() -> None:
    frame = measurements("source")
    frame.loc[20, "gini"] = np.nan
    corrected, published = (distributions.usable(frame, name) for name in ("corrected", "published"))
    assert corrected.sum() == 40 - 4 - 2
    assert published.sum() == 40 - 2
    assert not corrected[20]


def test_unusable_measurements_are_refused(tmp_path: Path) -> None:
    frame = measurements("source").assign(flag=4.0)
    files = tmp_path / "f.png", tmp_path / "f.pdf"
    with pytest.raises(distributions.DistributionsError, match="none of 40 stamps"):
        distributions.draw(("cosmos", frame), [], *files, protocol="corrected")
    with pytest.raises(spectra.SpectraError, match="bin_001"):
        spectra.draw(("cosmos", frame[["flag"]]), [], *files, side=SIDE, protocol="corrected")
    with pytest.raises(history.HistoryError, match="images_seen"):
        history.draw([("VAE", pd.DataFrame({"loss": [1.0]}))], *files)
    with pytest.raises(history.HistoryError, match="0 rows"):
        history.draw([("VAE", pd.DataFrame({"images_seen": [], "loss": []}))], *files)
