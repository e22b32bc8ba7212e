"""Stamps files for the tests of measurements."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from galforge.stamps.file import Header, Stamps, StampsWriter


@pytest.fixture
def stamps_of(tmp_path: Path) -> Callable[..., Stamps]:
    """A function that writes images (n, H, W) as one-band stamps and opens them."""

    def write(images: np.ndarray, gain: float = 1000.0, origin: str = "mock", catalog: dict | None = None) -> Stamps:
        images = np.asarray(images, dtype=np.float32)[:, None]
        header = Header(("r",), 0.05, "arcsec", "electron/s", (25.94,), gain, origin)
        path = tmp_path / f"stamps-{len(list(tmp_path.iterdir()))}.h5"
        with StampsWriter(path, images.shape[1:], header, len(images)) as writer:
            writer.append_block(images, {"name": np.arange(len(images)).astype(str), **(catalog or {})})
        return Stamps(path)

    return write
