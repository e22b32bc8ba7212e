"""Small stamps of noisy exponential galaxies, quick to make and to learn."""

from pathlib import Path

import numpy as np

from galforge.seeds import generator
from galforge.stamps.file import Header, StampsWriter

SKY = 0.004


def header(channels: int) -> Header:
    return Header(tuple("grizy"[:channels]), 0.03, "arcsec", "electron/s", (25.9,) * channels, 1.0, "mock")


def image(index: int, channels: int, side: int, noise: float = SKY) -> tuple[np.ndarray, float]:
    """One galaxy (C, H, W) [electron/s] and its brightness, a pure function of the arguments."""
    draw = generator(0, "toy galaxy", index)
    brightness = float(draw.uniform(0.2, 1.0))
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    radius = np.hypot(x / draw.uniform(0.6, 1.0), y)
    profile = brightness * np.exp(-radius / draw.uniform(0.05 * side, 0.12 * side))
    colours = np.linspace(1.0, 0.5, channels)[:, None, None]
    return (colours * profile + noise * draw.standard_normal((channels, side, side))).astype(np.float32), brightness


def write_stamps(path: Path, count: int = 40, channels: int = 1, side: int = 32, noise: float = SKY) -> Path:
    """Stamps of which every fifth is in the test split, the others are for training."""
    with StampsWriter(path, (channels, side, side), header(channels), capacity=count) as writer:
        for index in range(count):
            pixels, brightness = image(index, channels, side, noise)
            split = "test" if index % 5 == 0 else "train"
            writer.append(pixels, name=f"toy-{index}", split=split, brightness=brightness)
    return path
