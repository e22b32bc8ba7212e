"""Stamps as npz: what numpy reads back without pickle are the same pixels, columns and header."""

from pathlib import Path

import numpy as np
import pytest

from galforge.errors import GalforgeError
from galforge.stamps.file import Header, Stamps, StampsWriter
from galforge.stamps.native_file import NativeWriter
from galforge.stamps.npz import write_npz

HEADER = Header(("g", "r"), 0.2, "arcsec", "electron/s", (27.0, 26.5), 3.0, "generated")


@pytest.fixture
def stamps(tmp_path: Path) -> Path:
    images = np.random.default_rng(1).normal(size=(70, 2, 16, 16)).astype(np.float32)
    columns = {
        "name": np.array([f"vae-{index} é" for index in range(70)]),
        "redshift": np.linspace(0, 1, 70),
        "padded": np.arange(70) % 2 == 0,
    }
    with StampsWriter(tmp_path / "vae.h5", (2, 16, 16), HEADER, 70) as writer:
        writer.append_block(images, columns)
    return tmp_path / "vae.h5"


def test_images_columns_and_header_come_back(stamps: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # In several pieces, as large files are.
    monkeypatch.setattr("galforge.stamps.file._COPY_BYTES", 10 * 2 * 16 * 16 * 4)
    write_npz(stamps, tmp_path / "vae.npz", None)
    with Stamps(stamps) as source, np.load(tmp_path / "vae.npz", allow_pickle=False) as read:
        assert sorted(read) == ["header", "images", "name", "padded", "redshift"]
        assert (read["images"].dtype, read["images"].shape) == (np.float32, (70, 2, 16, 16))
        assert np.array_equal(read["images"], source.images[:])
        assert Header.from_json(str(read["header"])) == HEADER
        for name in source.columns:
            assert np.array_equal(read[name], source.catalog(name)), name
        assert read["name"][3] == "vae-3 é"
        assert read["padded"].dtype == bool


def test_the_first_stamps_alone_and_equal_bytes(stamps: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_npz(stamps, tmp_path / f"{name}.npz", 3)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with np.load(tmp_path / "a.npz") as read:
        assert {name: len(read[name]) for name in ("images", "redshift", "name")} == dict.fromkeys(
            ("images", "redshift", "name"), 3
        )


def test_levels_of_8_bits_become_float32(tmp_path: Path) -> None:
    header = Header(("grey",), 0.1, "arcsec", "8-bit level", (), 1.0, "mock")
    levels = np.arange(2 * 64, dtype=np.uint8).reshape(2, 1, 8, 8)
    with StampsWriter(tmp_path / "sparse.h5", (1, 8, 8), header, 2, "u1") as writer:
        writer.append_block(levels, {})
    write_npz(tmp_path / "sparse.h5", tmp_path / "sparse.npz", None)
    with np.load(tmp_path / "sparse.npz") as read:
        assert read["images"].dtype == np.float32
        assert np.array_equal(read["images"], levels)


def test_what_cannot_be_exported_leaves_no_file(tmp_path: Path) -> None:
    out = tmp_path / "out.npz"
    with NativeWriter(tmp_path / "native.h5", HEADER) as writer:
        writer.append(np.ones((2, 8, 8)))
    with pytest.raises(GalforgeError, match=r"native\.h5: keeps each galaxy at its own size.*take them as FITS"):
        write_npz(tmp_path / "native.h5", out, None)
    with StampsWriter(tmp_path / "none.h5", (2, 16, 16), HEADER, 4):
        pass
    with pytest.raises(GalforgeError, match=r"none\.h5: no stamps to export"):
        write_npz(tmp_path / "none.h5", out, None)
    with StampsWriter(tmp_path / "named.h5", (2, 8, 8), HEADER, 1) as writer:
        writer.append(np.ones((2, 8, 8)), header=1.0)
    with pytest.raises(GalforgeError, match=r"named\.h5: the array header .* rename the column"):
        write_npz(tmp_path / "named.h5", out, None)
    assert not out.exists()
