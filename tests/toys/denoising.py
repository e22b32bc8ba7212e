"""Evaluations of denoisers as the workflow writes them, made up with gains that are known."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from galforge.compare.morphology import PROPERTIES
from galforge.seeds import generator
from galforge.studies.denoising.summary import Run

CASES = {
    "in_domain": (1.0, 1.0),
    "pixel_size_shift": (2.0, 1.0),
    "noise_shift": (1.0, 4.0),
    "noise_shift_code": (1.0, 5.0),
    "both_shifts": (2.0, 4.0),
    "both_shifts_code": (2.0, 5.0),
}
NOISE_CURVE = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0, 10.0)
PIXEL_CURVE = (1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0)
ALPHAS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
REFERENCES = {"identity": 1.0, "wiener": 0.22, "richardson_lucy": 0.35, "non_local_means": 0.28}
"""Mean squared error of each reference over that of the identity, in domain."""
NETWORK = 0.12
"""That of networks of alpha 0."""


def gain(case: str, alpha: float) -> float:
    """The gain over alpha 0: none in domain, and most at 0.8 elsewhere."""
    most = {"in_domain": 0.0, "pixel_size_shift": 0.11}.get(case, 0.45)
    return most * alpha * (1.6 - alpha) / 0.64


def references(
    galaxies: int = 40, cases: Mapping[str, tuple[float, float]] = CASES, curves: bool = True
) -> pd.DataFrame:
    """The table of references."""
    rows = []
    for kind, case, pixel_size, noise in points(cases, curves):
        for method, size in {**REFERENCES, "truth": 0.0}.items():
            mse = _identity(galaxies, pixel_size, noise) * size
            if method not in ("identity", "truth"):
                mse = mse / np.sqrt(noise) * np.exp(0.1 * generator(0, method, case).standard_normal(galaxies))
            rows.append(_rows(kind, case, pixel_size, noise, method, mse, 0.1 * size))
    return pd.concat(rows, ignore_index=True)


def evaluation(
    alpha: float,
    replicate: int,
    galaxies: int = 40,
    cases: Mapping[str, tuple[float, float]] = CASES,
    curves: bool = True,
    scatter: tuple[float, float, float] = (0.01, 0.05, 0.05),
    gains: Mapping[tuple[str, float], float] | None = None,
) -> pd.DataFrame:
    """The table of one network.

    Args:
        scatter: of ln MSE: between networks, between galaxies, and of what each pair has for itself.
        gains: by (case, alpha); as ``gain`` has them where not given.
    """
    rows = []
    for kind, case, pixel_size, noise in points(cases, curves):
        draws = generator(1, case, round(1000 * alpha), replicate)
        network, own = draws.standard_normal(), draws.standard_normal(galaxies)
        taste = generator(1, "taste", case, round(1000 * alpha)).standard_normal(galaxies)
        known = gains.get((case, alpha), 0.0) if gains is not None else gain(_named(case, pixel_size, noise), alpha)
        worse = NETWORK * (0.6 + 0.4 * noise**0.7) * pixel_size**0.5
        logs = scatter[0] * network + scatter[1] * taste + scatter[2] * own
        mse = _identity(galaxies, pixel_size, noise) * worse * (1 - known) * np.exp(logs)
        rows.append(_rows(kind, case, pixel_size, noise, "network", mse, 0.2 - 0.1 * alpha))
    return pd.concat(rows, ignore_index=True)


def sweep(
    alphas: Sequence[float] = ALPHAS,
    replicates: int = 5,
    dataset: str = "skirt",
    model: str = "stylegan",
    origin: str = "simulated",
    denoiser: str = "denoiser",
    protocol: str = "corrected",
    **more: object,
) -> list[Run]:
    """The networks of a sweep; ``more`` as ``evaluation`` takes it."""
    return [
        Run(
            dataset,
            origin,
            model if alpha else "source",
            denoiser,
            protocol,
            alpha,
            replicate,
            evaluation(alpha, replicate, **more),
        )
        for alpha in alphas
        for replicate in range(replicates)
    ]


def points(cases: Mapping[str, tuple[float, float]], curves: bool) -> list[tuple[str, str, float, float]]:
    """(kind, name, pixel size, noise) of every test and point."""
    found = [("case", name, *factors) for name, factors in cases.items()]
    if curves:
        found += [("noise_curve", f"noise-{factor:g}", 1.0, factor) for factor in NOISE_CURVE]
        found += [("pixel_curve", f"pixel-{factor:g}", factor, 1.0) for factor in PIXEL_CURVE]
    return found


def _named(case: str, pixel_size: float, noise: float) -> str:
    """The test that a point of a curve is like."""
    if case in CASES:
        return case
    return "noise_shift" if noise >= 3 else "pixel_size_shift" if pixel_size > 1.5 else "in_domain"


def _identity(galaxies: int, pixel_size: float, noise: float) -> np.ndarray:
    bright = np.exp(generator(0, "bright").standard_normal(galaxies))
    return (bright + 16 * noise**2) / pixel_size**0.5


def _rows(
    kind: str, case: str, pixel_size: float, noise: float, method: str, mse: np.ndarray, shift: float
) -> pd.DataFrame:
    galaxies, blank = len(mse), np.full(len(mse), np.nan)
    columns = {"kind": kind, "case": case, "pixel_size": pixel_size, "noise": noise, "method": method}
    columns["setting"] = np.nan if method in ("network", "identity", "truth") else 1.0
    columns |= {"index": 3 * np.arange(galaxies) + 1, "side": 64, "mse": mse, "psnr": blank, "ssim": blank}
    columns |= {"segmented": kind == "case", "flag": blank, **dict.fromkeys(PROPERTIES.values(), blank)}
    if kind == "case":
        if method != "truth":
            columns["psnr"], columns["ssim"] = 40 - 10 * np.log10(mse), 1 / (1 + mse / 100)
        true = generator(0, "morphology").standard_normal((len(PROPERTIES), galaxies))
        own = generator(0, "measured", method, case).standard_normal((len(PROPERTIES), galaxies))
        columns |= {"flag": 0.0, **dict(zip(PROPERTIES.values(), true + shift + 0.1 * own, strict=True))}
    return pd.DataFrame(columns)
