"""Can you tell them apart? A sheet to print.

A sheet to print (the PDF beside it has A4 size): galaxies of the source's test split and generated ones of like
redshifts, mixed. Tick, then compare with the key, the CSV file of the same name; half right is chance.

Sheet of numbered galaxies of {dataset}, some of the source and some generated
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galforge.atomic import replacing
from galforge.errors import GalforgeError
from galforge.papers.figure import Needs

if TYPE_CHECKING:
    import numpy as np

    from galforge.drawing.stretch import Stretch
    from galforge.papers.figure import Files, Subject

FILES = ("csv",)
"""Files beside the picture: the key of the sheet."""


ACROSS, DOWN = 6, 8
_A4 = (8.27, 11.69)  # [inches]
_MARGIN, _HEAD, _BELOW = 0.55, 1.05, 0.22  # [inches]
_DARKEST = -0.15  # of the grey scale: what is fainter than the sky is shown too


class BlindSheetError(GalforgeError):
    """There are no galaxies for the sheet."""


def plot(
    source: tuple[str, str | Path],
    generated: Sequence[tuple[str, str | Path]],
    png: str | Path,
    pdf: str | Path,
    key: str | Path,
    *,
    title: str,
    seed: int,
    band: int = 0,
) -> None:
    """An A4 sheet of 48 galaxies, half of them real, in an order that the seed decides, and its key as CSV.

    Real galaxies are of the test split, picked by the seed; generated ones are taken from all models alike, as near as
    there are in redshift to other real ones of that split, so that redshift gives nobody away. All are shown at one
    stretch, the real ones'. Where stamps are few, the sheet has fewer, always as many real as generated ones.

    Args:
        source: (name for the key, stamps file), with the catalogue columns ``redshift`` and ``split``.
        generated: (name for the key, stamps file) of each model, with ``redshift``.
        key: columns ``number``, ``who``, ``real``, ``index`` (in the stamps file) and ``redshift``.
        title: whose galaxies these are, for the sheet's heading.
        band: the channel shown where stamps have fewer than three.

    Raises:
        BlindSheetError: no model, or no test split.
        StampsFigureError: a file has no stamps, or other bands or image sizes than the source.
    """
    import numpy as np
    import pandas as pd

    from galforge.drawing.panels import check_alike, read
    from galforge.drawing.stretch import bands_shown, stretch_of
    from galforge.seeds import generator
    from galforge.stamps.file import Stamps

    with Stamps(source[1]) as stamps:
        # A mock is not called real, on paper either.
        kind = "real" if stamps.header.origin == "observed" else stamps.header.origin
        bands, test = bands_shown(stamps.header, band), stamps.split("test")
        redshift = stamps.catalog("redshift")
    half = min(ACROSS * DOWN // 2, len(test) // 2)
    if not half or not generated:
        raise BlindSheetError(
            f"{source[1]}: {len(test)} galaxies of the split test and {len(generated)} models; the sheet needs two "
            "galaxies and a model at least"
        )
    picked = generator(seed, "blind sheet", "real").permutation(test)
    shown, wanted = picked[:half], redshift[picked[half : 2 * half]]
    with Stamps(source[1]) as stamps:
        real = read(stamps, shown, bands)
        stretch = stretch_of(np.stack(real), bands)
    entries = [(source[0], True, int(index), float(redshift[index])) for index in shown]
    galaxies = list(real)
    for number, (name, path) in enumerate(generated):
        with Stamps(path) as stamps:
            check_alike(stamps, name, source[1])
            own = stamps.catalog("redshift")
            indices = _nearest(own, wanted[number :: len(generated)])
            galaxies += read(stamps, indices, bands)
        entries += [(name, False, int(index), float(own[index])) for index in indices]
    order = generator(seed, "blind sheet", "order").permutation(len(entries))
    _sheet([galaxies[index] for index in order], stretch, title, kind, png, pdf)
    rows = [(number, *entries[index]) for number, index in enumerate(order, 1)]
    with replacing(key) as temporary:
        table = pd.DataFrame(rows, columns=["number", "who", "real", "index", "redshift"])
        table.to_csv(temporary, index=False, lineterminator="\n", float_format="%.6g")


def _nearest(redshift: np.ndarray, wanted: np.ndarray) -> list[int]:
    """Indices of the galaxies nearest to the wanted redshifts, each once while there are enough."""
    import numpy as np

    left, out = np.ones(len(redshift), bool), []
    for each in wanted:
        if not left.any():
            left[:] = True
        index = int(np.argmin(np.where(left, np.abs(redshift - each), np.inf)))
        left[index] = False
        out.append(index)
    return out


def _sheet(
    galaxies: Sequence[np.ndarray], stretch: Stretch, title: str, kind: str, png: str | Path, pdf: str | Path
) -> None:
    from galforge.drawing.style import figure, save

    width, height = _A4
    step = (width - 2 * _MARGIN) / ACROSS
    panel = step - 0.1
    line = (height - 2 * _MARGIN - _HEAD + 0.1) / DOWN
    side = min(panel, line - _BELOW)
    with figure(width, height) as made:
        made.set_layout_engine("none")
        top = height - _MARGIN
        made.text(
            _MARGIN / width,
            top / height,
            f"{kind.capitalize()} or generated?",
            fontsize=17,
            fontweight="bold",
            va="top",
        )
        words = (
            f"{title}. Half of these {len(galaxies)} galaxies are {kind}, the others were drawn by models.\n"
            f"Tick the {kind} ones; guessing is right for half of them. The key lies beside this sheet as a CSV file."
        )
        made.text(_MARGIN / width, (top - 0.36) / height, words, fontsize=9.5, va="top", linespacing=1.4)
        for number, each in enumerate(galaxies):
            row, column = divmod(number, ACROSS)
            left = _MARGIN + column * step + (step - side) / 2
            bottom = top - _HEAD - row * line - side
            axis = made.add_axes((left / width, bottom / height, side / width, side / height))
            axis.set_axis_off()
            image = stretch.apply(each)
            grey = {"cmap": "gray_r", "vmin": _DARKEST, "vmax": 1.0} if image.ndim == 2 else {}
            axis.imshow(image, origin="lower", interpolation="nearest", **grey)
            place = {"fontsize": 9, "va": "top"}
            made.text(left / width, (bottom - 0.04) / height, f"{number + 1}", **place)
            made.text((left + side) / width, (bottom - 0.04) / height, f"□ {kind}", ha="right", **place)
        save(made, png, pdf)


def needs(subject: Subject) -> Needs | None:
    """Stamps of the source and of the first training of each model, where there are redshifts."""
    if not subject.has_redshifts:
        return None
    told = {**subject.labels(first=True), "seed": subject.report.seed, "band": subject.band}
    return Needs({"stamps": subject.stamps(first=True)}, told)


def draw(files: Files, told: dict[str, Any], out: dict[str, str]) -> None:
    """Read the files and plot them."""
    from galforge.drawing.labels import source_label
    from galforge.stamps.file import Stamps

    source, *generated = files["stamps"]
    with Stamps(source) as stamps:
        title = source_label(told["dataset"], stamps.header.origin, told["scale"])
    models = [(f"{model}-seed{seed}", path) for (model, seed), path in zip(told["models"], generated, strict=True)]
    paths = (out["png"], out["pdf"], out["csv"])
    plot(("source", source), models, *paths, title=title, seed=told["seed"], band=told["band"])
