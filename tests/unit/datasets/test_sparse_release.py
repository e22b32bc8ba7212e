"""The sparse release in a folder or zip: every fault of its tables and folders is said before an image is read."""

import io
import math
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from galforge.datasets.sparse import files, image, release
from galforge.errors import GalforgeError
from galforge.raw.rejections import Rejected

SIZE = 64
LABELED, SCORED = "Id,Actual\n11,1.0\n12,0.0\n", "Id,Actual\n21,1.5\n22,0\n"


def png(levels: np.ndarray, **options) -> bytes:
    content = io.BytesIO()
    Image.fromarray(levels).save(content, "PNG", **options)
    return content.getvalue()


def levels(seed: int = 0, size: int = SIZE) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (size, size), dtype=np.uint8)


def good() -> dict[str, bytes]:
    """A release of five images, file by file."""
    names = ("labeled/11", "labeled/12", "scored/21", "scored/22", "query/31")
    images = {f"{name}.png": png(levels(seed)) for seed, name in enumerate(names)}
    return {**images, "labeled.csv": LABELED.encode(), "scored.csv": SCORED.encode()}


def as_zip(path: Path, members: dict[str, bytes], top: str = "") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(top + name, content)
    return path


def as_folder(path: Path, members: dict[str, bytes], top: str = "") -> Path:
    for name, content in members.items():
        (path / top / name).parent.mkdir(parents=True, exist_ok=True)
        (path / top / name).write_bytes(content)
    return path


def pictures_at(path: Path) -> list[tuple]:
    with release.opened(path, 8.0) as pictures:
        return [(p.name, p.set, str(p.label), str(p.score), p.kind, files.content(p.open)) for p in pictures]


@pytest.mark.parametrize("top", ["", "cosmology_aux_data_170429/", "any name/"])
@pytest.mark.parametrize("write", [as_zip, as_folder])
def test_layouts(tmp_path, write, top):
    # A zip is known by its contents, not by its name; what file managers leave is passed over.
    left = {f"{top}scored/.DS_Store": b"x", f"{top}readme.txt": b"x", "__MACOSX/labeled.csv": b"x"}
    members = {top + name: content for name, content in good().items()}
    found = pictures_at(write(tmp_path / "raw.tar", members | left))
    assert [row[:5] for row in found] == [
        ("labeled/11", "labeled", "1.0", "nan", ""),
        ("labeled/12", "labeled", "0.0", "nan", ""),
        ("query/31", "query", "nan", "nan", ""),
        ("scored/21", "scored", "nan", "1.5", ""),
        ("scored/22", "scored", "nan", "0.0", ""),
    ]
    assert [row[5] for row in found] == [good()[f"{row[0]}.png"] for row in found]


def test_a_folder_may_be_a_link(tmp_path):
    as_folder(tmp_path / "disk", good())
    (tmp_path / "raw").mkdir()
    for name in (*files.SETS, "labeled.csv", "scored.csv"):
        (tmp_path / "raw" / name).symlink_to(tmp_path / "disk" / name)
    (tmp_path / "raw" / "loop").symlink_to(tmp_path / "raw")
    assert len(pictures_at(tmp_path / "raw")) == 5


def test_byte_order_mark_columns_and_blank_rows(tmp_path):
    table = "\ufeff Actual ,other, Id\n1.5,a,21\n\n0, b ,22\n"
    found = pictures_at(as_zip(tmp_path / "raw", good() | {"scored.csv": table.encode()}))
    assert [row[3] for row in found[3:]] == ["1.5", "0.0"]


FAULTS = [
    ({"labeled.csv": None}, ["1 fault in", "1 tables missing: labeled.csv"]),
    ({"query/31.png": None}, ["folders missing: query/"]),
    ({"scored/21.png": None, "scored/22.png": None}, ["folders missing: scored/"]),
    ({"scored.csv": b"Id,Score\n21,1\n"}, ["columns missing: scored.csv row 1 lacks Actual; it has Id, Score"]),
    ({"scored.csv": b""}, ["scored.csv row 1 lacks Id, Actual; it has none"]),
    ({"scored.csv": b"Id,Actual\n21,\xff\n"}, ["tables that cannot be read: scored.csv"]),
    ({"scored.csv": (SCORED + "21,2\n").encode()}, ["rows twice: scored.csv row 4 (Id 21)"]),
    ({"scored.csv": (SCORED + "23,2\n").encode()}, ["rows without a file: scored.csv Id 23: no scored/23.png"]),
    ({"scored/24.png": b"x"}, ["files without a row: scored/24.png: no Id 24 in scored.csv"]),
    ({"query/32.PNG": b"x"}, ["files that are no <Id>.png: query/32.PNG"]),
    ({"labeled.csv": b"Id,Actual\n11,2\n12,0\n"}, ["labeled.csv row 2 (Id 11: Actual '2' is neither 0 nor 1)"]),
    ({"labeled.csv": b"Id,Actual\n11,nan\n12,0\n"}, ["Id 11: Actual 'nan' is neither 0 nor 1"]),
    ({"scored.csv": b"Id,Actual\n21,good\n22,1\n"}, ["row 2 (Id 21: Actual 'good' is not a number)"]),
    ({"scored.csv": b"Id,Actual\n21,-0.5\n22,1\n"}, ["Actual '-0.5' is negative"]),
    ({"scored.csv": b"Id,Actual\n21,inf\n22,1\n"}, ["Actual 'inf' is not finite"]),
    ({"scored.csv": b"Id,Actual\n21,8.5\n22,1\n"}, ["Actual '8.5' is above largest_score 8"]),
    ({"scored.csv": b"Id,Actual\n21\n22,1\n"}, ["Id 21: Actual '' is not a number"]),
    ({"mock.csv": b"Id,Set,Kind,Score\n31,query,noise,x\n"}, ["mock.csv row 2 (Id 31: Score 'x' is not a number)"]),
    ({"mock.csv": b"Id,Set,Kind\n31,query,noise\n"}, ["mock.csv row 1 lacks Score"]),
]


@pytest.mark.parametrize(("changes", "words"), FAULTS)
@pytest.mark.parametrize("write", [as_zip, as_folder])
def test_each_fault_is_named(tmp_path, write, changes, words):
    members = {name: content for name, content in (good() | changes).items() if content is not None}
    with pytest.raises(GalforgeError) as error:
        pictures_at(write(tmp_path / "raw", members))
    for word in (str(tmp_path / "raw"), "mend or remove", *words):
        assert word in str(error.value)
    assert str(error.value).startswith(f"{tmp_path / 'raw'}: 1 fault in")


def test_all_faults_are_counted_and_the_first_are_named(tmp_path):
    scores = "Id,Actual\n" + "".join(f"{number},{-number}\n" for number in range(21, 31))
    with pytest.raises(GalforgeError) as error:
        pictures_at(as_zip(tmp_path / "raw", good() | {"scored.csv": scores.encode(), "labeled.csv": b"Id\n1\n"}))
    text = str(error.value)
    assert "19 faults" in text
    assert "1 columns missing" in text
    assert "10 values that cannot be: scored.csv row 2 (Id 21: " in text
    assert "row 4 (Id 23: Actual '-23' is negative); and 7 more" in text
    assert "8 rows without a file" in text
    assert text.count("\n") == 3


def test_mock_table_fills_kind_and_truth_of_the_query(tmp_path):
    table = "Id,Set,Kind,Score\n31,query,noise+shapes,1.25\n21,scored,noise,3\n"
    with release.opened(as_zip(tmp_path / "raw", good() | {"mock.csv": table.encode()}), 8.0) as pictures:
        found = {picture.name: picture for picture in pictures}
    assert (found["query/31"].kind, found["query/31"].truth) == ("noise+shapes", 1.25)
    assert found["scored/21"].kind == "noise"
    assert math.isnan(found["scored/21"].truth)
    assert found["labeled/11"].kind == ""


def test_no_release(tmp_path):
    with pytest.raises(GalforgeError, match="no such file or folder"):
        pictures_at(tmp_path / "absent")
    (tmp_path / "text").write_text("Id,Actual\n")
    with pytest.raises(GalforgeError, match="neither a folder nor a zip"):
        pictures_at(tmp_path / "text")
    with pytest.raises(GalforgeError, match="no part of the release"):
        pictures_at(as_zip(tmp_path / "other", {"a/b.txt": b"x"}))
    twice = {f"{top}/{name}": content for top in "ab" for name, content in good().items()}
    with pytest.raises(GalforgeError, match=r"several folders \(a, b\)"):
        pictures_at(as_zip(tmp_path / "twice", twice))
    empty = {
        "labeled/": b"",
        "scored/": b"",
        "query/": b"",
        "labeled.csv": b"Id,Actual\n",
        "scored.csv": b"Id,Actual\n",
    }
    with pytest.raises(GalforgeError, match=r"hold no <Id>\.png"):
        pictures_at(as_zip(tmp_path / "empty", empty))


def test_damaged_and_hostile_zips(tmp_path):
    whole = as_zip(tmp_path / "raw", good()).read_bytes()
    (tmp_path / "cut").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(GalforgeError, match="cut short"):
        pictures_at(tmp_path / "cut")
    for number, name in enumerate(("../labeled/1.png", "/labeled/1.png", "labeled\\1.png")):
        with pytest.raises(GalforgeError, match="outside the zip's own folder"):
            pictures_at(as_zip(tmp_path / f"outside{number}", good() | {name: b"x"}))
    with zipfile.ZipFile(tmp_path / "raw", "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("scored/21.png", b"x")
    with pytest.raises(GalforgeError, match=r"two members 'scored/21\.png'"):
        pictures_at(tmp_path / "raw")


def test_damaged_and_bloated_members_are_rejected(tmp_path, monkeypatch):
    path = as_zip(tmp_path / "raw", good())
    content = bytearray(path.read_bytes())
    content[content.index(b"IDAT") + 20] ^= 1
    path.write_bytes(content)
    with release.opened(path, 8.0) as pictures, pytest.raises(Rejected, match="unreadable file"):
        files.content(pictures[0].open)
    monkeypatch.setattr(files, "LARGEST_FILE", 100)
    with pytest.raises(Rejected, match="file too large"):
        files.content(lambda: io.BytesIO(bytes(101)))
    assert files.content(lambda: io.BytesIO(bytes(100))) == bytes(100)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def made_png(width: int, height: int, depth: int, data: bytes) -> bytes:
    """A gray PNG by the specification, without Pillow."""
    header = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def test_levels_are_those_of_the_file():
    rows = levels(3)
    by_hand = made_png(SIZE, SIZE, 8, b"".join(b"\0" + row.tobytes() for row in rows))
    np.testing.assert_array_equal(image.levels(by_hand, SIZE), rows)
    np.testing.assert_array_equal(image.levels(png(rows), SIZE), rows)


def flipped() -> bytes:
    content = bytearray(png(levels()))
    content[content.index(b"IDAT") + 100] ^= 1
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a PNG: it is empty"),
        (b"GIF89a" + bytes(50), "not a PNG"),
        (png(levels())[:20], "damaged PNG: its header"),
        (png(levels())[:2000], "truncated PNG"),
        (png(levels())[:-12], "truncated PNG"),
        (flipped(), "damaged PNG: checksum"),
        (made_png(SIZE, SIZE, 8, bytes(100)), "damaged PNG"),
        (made_png(SIZE, SIZE, 8, b"")[:-40] + chunk(b"IDAT", b"no zlib") + chunk(b"IEND", b""), "PNG"),
        (png(np.stack([levels()] * 3, axis=-1)), "not 8-bit gray: 8 bits, PNG colour type 2"),
        (png(np.stack([levels()] * 4, axis=-1)), "not 8-bit gray"),
        (png(levels().astype(np.uint16)), "not 8-bit gray: 16 bits"),
        (made_png(SIZE, SIZE, 4, bytes(SIZE * (SIZE // 2 + 1))), "not 8-bit gray: 4 bits"),
        (png(levels() > 9), "not 8-bit gray: 1 bits"),
        (png(levels(size=65)), "another size: 65 x 65 px, size is 64"),
        (png(levels()[:, :32]), "another size: 64 x 32 px"),
    ],
)
def test_bad_images_are_rejected(content, words):
    with pytest.raises(Rejected, match=words):
        image.levels(content, SIZE)


def test_bombs_are_refused_before_they_are_decoded(monkeypatch):
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("decoded"))
    with pytest.raises(Rejected, match="another size: 60000 x 60000 px"):
        image.levels(made_png(60000, 60000, 8, bytes(10**6)), 1000)


def test_background_is_the_most_frequent_level():
    rows = np.full((SIZE, SIZE), 2, dtype=np.uint8)
    rows[:30] = 7
    assert image.background(rows) == 2
    rows[:32] = 1
    assert image.background(rows) == 1  # as many as of 2


@pytest.mark.parametrize("size", [64, 72, 96, 104, 128])
def test_thumbnail_is_the_mean_over_areas(size):
    """Against enlarging by whole pixels until 64 divides the side."""
    rows = levels(5, size)
    factor = 64 // math.gcd(64, size)
    large = rows.repeat(factor, 0).repeat(factor, 1).astype(float)
    side = len(large) // 64
    expected = large.reshape(64, side, 64, side).mean((1, 3))
    found = image.thumbnail(rows)
    assert found.shape == (64, 64)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert image.thumbnail(np.full((1000, 1000), 255, dtype=np.uint8)).max() == 255
