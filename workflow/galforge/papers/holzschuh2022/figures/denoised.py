"""Galaxies before and after denoising.

Test galaxies as observed, given back by networks and by the best method without one, and as they are, at one asinh
stretch per galaxy. Below each, what differs from the galaxy, in units of the noise; RMS is its root mean square.
Networks are the first of their share.

Galaxies of {dataset} as observed, denoised and true, with residuals below
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galforge.errors import GalforgeError
from galforge.papers.figure import Needs

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from galforge.papers.figure import Files, Subject

_WIDTH, _GAP, _HEADING, _LABELS, _BAR = 9.0, 0.04, 0.24, 0.16, 0.62  # [inches]
_RANGE = 3.0  # of the residuals [noise of the input]
_DARKEST = -0.25  # of the grey scale: noise below the sky is shown too


@dataclass(frozen=True)
class Case:
    """A test of the figure.

    Attributes:
        name: as its images are filed.
        pixel_size, noise: over those of training.
        reference: the method without a network that is shown.
    """

    name: str
    pixel_size: float
    noise: float
    reference: str


def plot(
    networks: Sequence[tuple[str, str | Path]],
    references: str | Path,
    png: str | Path,
    pdf: str | Path,
    *,
    cases: Sequence[Case],
    noise_sigma: float,
    band: int = 0,
    count: int = 2,
) -> None:
    """Per galaxy a line of images, and below it what they differ by from the galaxy.

    Columns: the observed image, each network's output, the reference's, and the galaxy. All images of a galaxy share an
    asinh stretch that the galaxy and the noise of the test set; residuals are in units of that noise.

    Args:
        networks: (label, file of examples), 3 at most.
        references: the file of the references' examples, with the observed and the true images.
        cases: tests, from top to bottom.
        noise_sigma: standard deviation of the noise of training [image unit].
        band: the channel shown.
        count: galaxies per test; fewer where the files hold fewer.

    Raises:
        GalforgeError: an example is missing from a file, or the files' images differ in shape.
    """
    import numpy as np

    opened = [(label, Path(path), np.load(path)) for label, path in networks]
    filed = np.load(references)
    lines = []
    try:
        for case in cases:
            there = [k for k in range(count) if f"{case.name}/{k}/truth" in filed]
            if not there:
                raise GalforgeError(f"{references}: holds no examples of {case.name}; evaluate the references again")
            for k in there:
                lines.append((case, k, _images(case, k, opened, filed, references, band)))
    finally:
        for archive in (*(each for _, _, each in opened), filed):
            archive.close()
    labels = ["observed", *(label for label, _ in networks), "", "truth"]
    _draw_lines(lines, labels, noise_sigma, png, pdf)


def _images(
    case: Case,
    k: int,
    opened: Sequence[tuple[str, Path, Mapping[str, np.ndarray]]],
    filed: Mapping[str, np.ndarray],
    references: str | Path,
    band: int,
) -> list[np.ndarray]:
    import numpy as np

    wanted = [(references, filed, "input"), *((path, each, "output") for _, path, each in opened)]
    wanted += [(references, filed, case.reference), (references, filed, "truth")]
    out = []
    for path, archive, what in wanted:
        name = f"{case.name}/{k}/{what}"
        if name not in archive:
            raise GalforgeError(f"{path}: lacks the example {name}; evaluate this denoiser again")
        out.append(np.asarray(archive[name], dtype=np.float64)[band])
    if len({image.shape for image in out}) > 1:
        shapes = ", ".join(str(image.shape) for image in out)
        raise GalforgeError(f"{case.name}, example {k}: images of {shapes} in one line; evaluate all denoisers again")
    return out


def _draw_lines(
    lines: Sequence[tuple[Case, int, list[np.ndarray]]],
    labels: Sequence[str],
    noise_sigma: float,
    png: str | Path,
    pdf: str | Path,
) -> None:
    import numpy as np

    from galforge.drawing.style import figure, save
    from galforge.papers.holzschuh2022.denoising_table import METHODS, case_label

    across = len(labels)
    panel = (_WIDTH - (across + 1) * _GAP) / across
    firsts = [index == 0 or lines[index - 1][0] != case for index, (case, _, _) in enumerate(lines)]
    heights = [2 * (panel + _GAP) + 0.1 + (_HEADING + _LABELS if first else 0.0) for first in firsts]
    height = sum(heights) + _BAR
    with figure(_WIDTH, height) as made:
        made.set_layout_engine("none")
        top = height
        for first, own, (case, _, images) in zip(firsts, heights, lines, strict=True):
            sigma = noise_sigma * case.noise
            if first:
                words = case_label(case.pixel_size, case.noise)
                made.text(_GAP / _WIDTH, (top - 0.06) / height, words, fontweight="bold", fontsize=11, va="top")
            upper = top - own + panel + _GAP + 0.1
            show = _stretch(images[-1], sigma)
            for column, image in enumerate(images):
                left = _GAP + column * (panel + _GAP)
                axis = made.add_axes((left / _WIDTH, upper / height, panel / _WIDTH, panel / height))
                _picture(axis, show(image), panel, cmap="gray_r", vmin=_DARKEST, vmax=1.0)
                if first:
                    name = labels[column] or METHODS.get(case.reference, case.reference)
                    axis.set_title(name, fontsize=9.5, pad=3)
                if column == across - 1:
                    continue
                low = upper - panel - _GAP
                axis = made.add_axes((left / _WIDTH, low / height, panel / _WIDTH, panel / height))
                apart = (image - images[-1]) / sigma if sigma > 0 else image - images[-1]
                _picture(axis, apart, panel, cmap="RdBu_r", vmin=-_RANGE, vmax=_RANGE)
                _tell(axis, f"RMS {np.sqrt(np.mean(apart**2)):.2g}")
            top -= own
        _bar(made, panel, across, height)
        words = "Above: asinh stretch per galaxy, set by it and by the noise. Below: less the truth, over the noise."
        made.text(_GAP / _WIDTH, 0.3 / height, words, fontsize=8.5, color="#444444", va="center")
        save(made, png, pdf)


def _stretch(truth: np.ndarray, sigma: float) -> Callable[[np.ndarray], np.ndarray]:
    """What makes of an image what is shown of it: 0 for the sky, 1 for the galaxy's brightest pixels."""
    import numpy as np

    from galforge.drawing.stretch import levels

    sky, softening, top = levels(truth[None])
    # Noiseless galaxies have no scatter of their own: what lies below the noise is shown linearly.
    softening = max(softening, sigma)
    scale = np.arcsinh(max(top - sky, 3 * sigma) / softening)
    return lambda image: np.arcsinh((image - sky) / softening) / scale


def _picture(axis: Axes, image: np.ndarray, panel: float, **look: object) -> None:
    from galforge.drawing.style import DPI

    smooth = "nearest" if image.shape[-1] <= panel * DPI else "hanning"
    axis.imshow(image, origin="lower", interpolation=smooth, **look)
    axis.set_xticks([])
    axis.set_yticks([])
    for spine in axis.spines.values():
        spine.set(visible=True, color="#BBBBBB", linewidth=0.6)


def _tell(axis: Axes, text: str) -> None:
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.2}
    axis.text(0.04, 0.05, text, transform=axis.transAxes, fontsize=7.5, va="bottom", bbox=box)


def _bar(made: Figure, panel: float, across: int, height: float) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    left = _GAP + (across - 2) * (panel + _GAP)
    axis = made.add_axes((left / _WIDTH, 0.42 / height, 1.9 * panel / _WIDTH, 0.1 / height))
    bar = made.colorbar(ScalarMappable(Normalize(-_RANGE, _RANGE), "RdBu_r"), cax=axis, orientation="horizontal")
    bar.set_label("residual [noise σ of the test]", fontsize=8, labelpad=1)
    bar.ax.tick_params(labelsize=7.5, length=2, pad=1.5)
    bar.outline.set_linewidth(0.6)


def needs(subject: Subject) -> Needs | None:
    """What the denoising study says of a sweep, and examples of every network of one sweep and of the references."""
    if not subject.sweep:
        return None
    inputs = {**subject.sweep_summary(), **subject.denoised_examples()}
    # More noise is shown besides the noise of training, or else the last test.
    cases = list(subject.denoising.cases)
    told = {
        **subject.sweep_labels(),
        "band": subject.band,
        "networks": subject.networks(),
        "noise_sigma": subject.denoising.noise_sigma,
        "tests": ["in_domain", "noise_shift" if "noise_shift" in cases else cases[-1]],
    }
    return Needs(inputs, told, printed="holzschuh2022")


def draw(files: Files, told: dict[str, Any], out: dict[str, str]) -> None:
    """Read the files and plot them."""
    from galforge.papers.holzschuh2022.denoising_table import (
        alpha_label,
        assembled,
        best_reference,
        of_sweep,
        shown_alphas,
    )

    sweep = {name: told[name] for name in ("dataset", "model", "protocol", "denoiser")}
    rows = of_sweep(assembled(files), **sweep)
    tests = list(dict.fromkeys(told["tests"]))
    factors = rows[rows["property"].isin(tests)].drop_duplicates("property").set_index("property")
    first: dict[float, str] = {}
    for (_, alpha, _), path in zip(told["networks"], files["networks"], strict=True):
        first.setdefault(float(alpha), path)
    plot(
        [(alpha_label(alpha), first[alpha]) for alpha in shown_alphas(rows, tests[0])],
        files["references"],
        out["png"],
        out["pdf"],
        cases=[
            Case(name, factors.loc[name, "pixel_size"], factors.loc[name, "noise"], best_reference(rows, name))
            for name in tests
        ],
        noise_sigma=told["noise_sigma"],
        band=told["band"],
    )
