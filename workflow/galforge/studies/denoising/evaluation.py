"""Denoise the test galaxies in every test; all networks and references see the same images and noise."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from galforge.atomic import replacing
from galforge.logs import Progress
from galforge.measure.morphology.compared import PROPERTIES
from galforge.measure.morphology.measure import gains_of
from galforge.measure.morphology.settings import MeasureSettings
from galforge.studies.denoising import degrade
from galforge.studies.denoising.galaxies import Galaxies, chosen
from galforge.studies.denoising.metrics import morphology_row, mse, quality
from galforge.studies.denoising.trials import CASE, Trial, trials_of

Method = Callable[[Trial, degrade.Observed], tuple[np.ndarray, float]]
"""The restored galaxy (C, l, l) from one observed in a test, and the setting that was used (NaN for none)."""


@dataclass(frozen=True)
class Measuring:
    """How denoised galaxies are measured: band, sd of added noise [image unit], its seed, and the settings."""

    band: int
    sigma: float
    seed: int
    settings: MeasureSettings


def evaluate(
    galaxies: Galaxies, spec: dict[str, Any], methods: dict[str, Method], measuring: Measuring | None, who: str
) -> pd.DataFrame:
    """One row per test, method and test galaxy.

    Columns: kind, case, pixel_size, noise, method, setting, index (row of the galaxy), side [px], mse, psnr, ssim, and
    the morphology of the restored galaxy (segmented, flag, and the nine properties compared), measured with noise of
    its own; False or missing where it was not measured, as in points of curves.

    Args:
        galaxies: all of the data set, at their own size.
        spec: psf_sigma, noise_sigma, seed, cases, test_images, noise_curve, pixel_curve and curve_images of
            ``DenoisingSettings``.
        methods: by name; ``truth`` stands for the galaxies themselves.
        measuring: how morphology is measured; None to leave it out.
        who: names who restored the galaxies; each gets another noise for measuring, or results would be too similar.
    """
    rows = chosen(galaxies.stamps, "test", spec["test_images"], spec["seed"])
    gains = gains_of(galaxies.stamps, 0, len(galaxies), measuring.settings) if measuring else np.ones(len(galaxies))
    found = []
    wanted = [(test, rows if test.kind == CASE else rows[: spec["curve_images"]]) for test in trials_of(spec)]
    progress = Progress(sum(len(own) for _, own in wanted) * len(methods), "galaxies restored")
    for test, own in wanted:
        for index in own:
            pair = observe(galaxies, index, spec, test)
            for name, method in methods.items():
                output, setting = (pair.truth, np.nan) if name == "truth" else method(test, pair)
                row = {
                    **dict(zip(("kind", "case", "pixel_size", "noise"), test, strict=True)),
                    "method": name,
                    "setting": float(setting),
                    "index": index,
                    "side": pair.truth.shape[-1],
                    **_quality(output, pair.truth, test, name),
                    **_morphology(output, gains[index], test, measuring, (who, name, index)),
                }
                found.append(row)
            progress.advance(len(methods))
    return pd.DataFrame(found)


def observe(
    galaxies: Galaxies, index: int, spec: dict[str, Any], test: Trial, purpose: str = "denoising test"
) -> degrade.Observed:
    """A galaxy as all methods see it in a test; its noise depends on the purpose."""
    key = (spec["seed"], purpose, index)
    return degrade.observed(galaxies[index], spec["psf_sigma"], spec["noise_sigma"], test.pixel_size, test.noise, key)


def examples(
    galaxies: Galaxies, spec: dict[str, Any], methods: dict[str, Method], with_pair: bool
) -> Iterator[tuple[str, np.ndarray]]:
    """Images for the figure as (name, image), ``<case>/<k>/<method>``: the first test galaxies by each method.

    ``network`` is named ``output``; with ``with_pair``, ``input`` and ``truth`` are added.
    """
    rows = chosen(galaxies.stamps, "test", spec["examples"], spec["seed"])
    for test in (test for test in trials_of(spec) if test.kind == CASE):
        for k, index in enumerate(rows):
            pair = observe(galaxies, index, spec, test)
            if with_pair:
                yield f"{test.name}/{k}/input", pair.image.astype(np.float32)
                yield f"{test.name}/{k}/truth", pair.truth.astype(np.float32)
            for name, method in methods.items():
                if name != "truth":
                    what = "output" if name == "network" else name
                    yield f"{test.name}/{k}/{what}", method(test, pair)[0].astype(np.float32)


def write_examples(path: Path, images: Iterator[tuple[str, np.ndarray]]) -> None:
    """Write example images as .npz, atomically."""
    with replacing(path) as temporary:
        np.savez(temporary, **dict(images))


def _quality(output: np.ndarray, truth: np.ndarray, test: Trial, method: str) -> dict[str, float]:
    if method != "truth" and test.kind == CASE:
        return quality(output, truth)
    # Curves have many points and show the MSE only.
    return {"mse": 0.0 if method == "truth" else mse(output, truth), "psnr": np.nan, "ssim": np.nan}


def _morphology(
    output: np.ndarray, gain: float, test: Trial, measuring: Measuring | None, who: tuple[str, str, int]
) -> dict[str, Any]:
    if test.kind != CASE or measuring is None:
        return {"segmented": False, "flag": np.nan, **dict.fromkeys(PROPERTIES.values(), np.nan)}
    key = (measuring.seed, "denoised", test.name, *who)
    return morphology_row(output[measuring.band], measuring.sigma, key, gain, measuring.settings)


def measuring_of(spec: dict[str, Any] | None, calibrated: str | None) -> Measuring | None:
    """How denoised galaxies are measured, from a spec and the file of calibrated noise; None where they are not."""
    if spec is None:
        return None
    sigma = json.loads(Path(calibrated).read_text(encoding="utf-8"))["sigma"] if calibrated else spec["sigma"]
    return Measuring(spec["band"], sigma, spec["seed"], MeasureSettings.from_spec(spec["settings"]))
