"""Cutouts as people have them, and building stamps of them."""

import csv
from pathlib import Path

import numpy as np
from astropy.io import fits

from galforge.datasets.cutouts.dataset import build
from galforge.datasets.cutouts.settings import DatasetSettings
from galforge.stamps.file import Stamps

EXPOSURE, RMS = 2028.0, 0.003


def disc(seed: int, side: int = 64, rms: float = RMS, sky: float = 0.0, correlated: bool = False) -> np.ndarray:
    """A noisy exponential disc [electron/s]; correlated noise has 0.46 between neighbours, as drizzled HST images."""
    random = np.random.default_rng(seed)
    peak, radius = random.uniform(0.05, 0.3), random.uniform(2.5, 6) * side / 64
    q, angle = random.uniform(0.4, 1), random.uniform(0, np.pi)
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    u, v = x * np.cos(angle) + y * np.sin(angle), -x * np.sin(angle) + y * np.cos(angle)
    noise = random.normal(0, rms, (side, side))
    if correlated:
        kernel = np.zeros((side, side))
        kernel[np.ix_([-1, 0, 1], [-1, 0, 1])] = np.outer([0.3, 1, 0.3], [0.3, 1, 0.3])
        noise = np.fft.ifft2(np.fft.fft2(noise) * np.fft.fft2(kernel)).real / np.sqrt((kernel**2).sum())
    return (peak * np.exp(-np.hypot(u, v / q) / radius) + noise + sky).astype(np.float32)


def write(path: Path, pixels: np.ndarray, **cards) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    hdu = fits.PrimaryHDU(pixels)
    hdu.header.update(cards)
    hdu.writeto(path)
    return path


def spoil(path: Path, keyword: str, card: str) -> None:
    content = path.read_bytes()
    place = content.index(keyword.ljust(8).encode())
    path.write_bytes(content[:place] + card.ljust(80).encode() + content[place + 80 :])


def settings(**given) -> DatasetSettings:
    usual = {"path": "given", "size": 64, "pad": "noise", "bands": ["F814W"], "pixel_scale": 0.03, "unit": "electron/s"}
    usual |= {"zero_points": [25.94], "exposure_times_s": [EXPOSURE]}
    return DatasetSettings.model_validate(usual | given)


def run(tmp_path: Path, raw: Path, **given) -> tuple[Path, dict[str, str]]:
    """The stamps file of a folder, and the reasons by which cutouts were rejected."""
    out, rejected = tmp_path / "stamps.h5", tmp_path / "stamps.rejected.csv"
    build(settings(**given), [raw], out, rejected)
    with open(rejected, newline="") as file:
        return out, {row["name"]: row["reason"] for row in csv.DictReader(file)}


def columns(out: Path, *names: str) -> list[np.ndarray]:
    with Stamps(out) as stamps:
        return [stamps.catalog(name) for name in names]


def images(out: Path) -> np.ndarray:
    with Stamps(out) as stamps:
        return stamps.images[:]
