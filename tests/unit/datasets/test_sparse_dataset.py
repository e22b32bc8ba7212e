"""Stamps of sparse images: who learns from which image, parts and thumbnails, against independent measurements."""

import csv
import io
import tracemalloc
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.measure import label, regionprops

from galforge.datasets.sparse import mock
from galforge.datasets.sparse.dataset import build
from galforge.datasets.sparse.settings import DatasetSettings, MockSettings
from galforge.errors import GalforgeError
from galforge.stamps import file as stamps_module
from galforge.stamps.file import Stamps, split_of

NAMES = ("sparse", "scored", "parts", "thumbnails")
ALL_TRAIN = {"train": 1.0, "validation": 0.0, "test": 0.0}
MOCK = MockSettings(labeled=30, scored=80, query=10, size=128, clusters=300)


def built(folder: Path, raw: Path, **given) -> dict[str, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: folder / f"{name}.h5" for name in NAMES}
    settings = DatasetSettings.model_validate({"source": "path", "path": "raw"} | given)
    build(
        settings, [raw], paths["sparse"], folder / "rejected.csv", paths["scored"], paths["parts"], paths["thumbnails"]
    )
    return paths


def read(path: Path) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    with Stamps(path) as stamps:
        return stamps.images[:], {name: stamps.catalog(name) for name in stamps.columns}


def digests(paths: dict[str, Path]) -> list[str]:
    found = []
    for path in paths.values():
        with Stamps(path) as stamps:
            found.append(stamps.digest)
    return found


def members(raw: Path) -> dict[str, bytes]:
    """The files of the mock release, without its top folder."""
    with zipfile.ZipFile(raw) as archive:
        return {name.split("/", 1)[1]: archive.read(name) for name in archive.namelist()}


def unknown(raw: Path) -> dict[str, bytes]:
    """The files of the mock release without what tells that it is one."""
    return {name: content for name, content in members(raw).items() if name != "mock.csv"}


def flat(level: int) -> bytes:
    picture = io.BytesIO()
    Image.fromarray(np.full((128, 128), level, dtype=np.uint8)).save(picture, "PNG")
    return picture.getvalue()


def rewritten(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@pytest.fixture(scope="module")
def raw(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("sparse") / "raw.tar"
    mock.write_raw(MOCK, path)
    return path


@pytest.fixture(scope="module")
def release(raw) -> Path:
    """The same without what tells a mock."""
    return rewritten(raw.parent / "release.zip", unknown(raw))


@pytest.fixture(scope="module")
def paths(raw) -> dict[str, Path]:
    return built(raw.parent, raw, source="mock", size=128, mock=MOCK.spec())


def clusters_of(image: np.ndarray) -> list[tuple[int, int, int]]:
    """Size, row and column of the brightest pixel of each cluster above 5, by scikit-image."""
    found = []
    for region in regionprops(label(image > 5, connectivity=2)):
        brightest = max(region.coords, key=lambda place: image[tuple(place)])
        found.append((int(region.area), *map(int, brightest)))
    return found


def test_scored_has_every_image(raw, paths):
    images, columns = read(paths["scored"])
    files = members(raw)
    names = sorted(name.removesuffix(".png") for name in files if name.endswith(".png"))
    assert images.shape == (120, 1, 128, 128)
    assert images.dtype == np.uint8
    assert list(columns["name"]) == names
    tables = {name: list(csv.DictReader(io.StringIO(files[f"{name}.csv"].decode()))) for name in ("labeled", "scored")}
    values = {f"{name}/{row['Id']}": float(row["Actual"]) for name, table in tables.items() for row in table}
    known = {row["Set"] + "/" + row["Id"]: row for row in csv.DictReader(io.StringIO(files["mock.csv"].decode()))}
    for index, name in enumerate(names):
        content = np.asarray(Image.open(io.BytesIO(files[f"{name}.png"])))
        np.testing.assert_array_equal(images[index, 0], content)
        value, kept = values.get(name, np.nan), name.split("/")[0]
        assert columns["set"][index] == kept
        np.testing.assert_equal(columns["label"][index], value if kept == "labeled" else np.nan)
        np.testing.assert_equal(columns["score"][index], value if kept == "scored" else np.nan)
        counts = np.unique(content, return_counts=True)
        assert columns["background"][index] == counts[0][counts[1].argmax()]
        assert columns["kind"][index] == known[name]["Kind"]
        truth = float(known[name]["Score"]) if kept == "query" else np.nan
        np.testing.assert_equal(columns["truth"][index], truth)
        assert columns["split"][index] == split_of(2020, index, {"train": 0.8, "validation": 0.1, "test": 0.1})
    with Stamps(paths["scored"]) as stamps:
        assert stamps.header.origin == "mock"
        assert (stamps.header.bands, stamps.header.unit) == (("intensity",), "8-bit level")
        assert (stamps.header.zero_points, stamps.header.gain, stamps.header.pixel_scale) == ((), 1.0, 1.0)


def test_generators_learn_from_the_chosen_images(paths):
    everything, known = read(paths["scored"])
    images, columns = read(paths["sparse"])
    chosen = (known["background"] == 0) & ((known["label"] == 1) | (known["score"] >= 2))
    assert 10 < chosen.sum() < 100
    np.testing.assert_array_equal(images, everything[chosen])
    assert set(columns) == {"name", "split", "set", "score", "background"}
    for name, values in columns.items():
        np.testing.assert_array_equal(values, known[name][chosen])
    thumbnails, rows = read(paths["thumbnails"])
    assert set(rows) == {"name", "split"}
    np.testing.assert_array_equal(rows["name"], columns["name"])
    np.testing.assert_array_equal(rows["split"], columns["split"])
    expected = images[:, 0].reshape(-1, 64, 2, 64, 2).mean((2, 4), dtype=float)
    np.testing.assert_allclose(thumbnails[:, 0], expected, rtol=1e-6)
    with Stamps(paths["thumbnails"]) as stamps:
        assert stamps.header.pixel_scale == 2.0


def test_parts_are_the_grids_and_patches_of_each_split(paths):
    """Every grid and every patch of a split is there, the shorter list repeated evenly, and none of another split."""
    images, columns = read(paths["sparse"])
    parts, rows = read(paths["parts"])
    assert parts.shape[1:] == (3, 32, 32)
    assert parts.dtype == np.float32
    assert len(set(rows["name"])) == len(parts)
    lengths = {}
    for split in ("train", "validation", "test"):
        grids, patches = [], []
        here = columns["split"] == split
        for image, score in zip(images[here, 0], columns["score"][here], strict=True):
            grid = np.zeros((32, 32))
            for size, row, column in clusters_of(image):
                grid[row // 32, column // 32] = max(grid[row // 32, column // 32], size)
                inside = 15 <= row < 128 - 17 and 15 <= column < 128 - 17
                if inside and (np.isnan(score) or score >= 3):
                    patch = image[row - 15 : row + 17, column - 15 : column + 17]
                    patches.append(np.stack([patch.astype(float), np.full((32, 32), float(size))]))
            grids.append(grid)
        found = parts[rows["split"] == split]
        lengths[split] = (len(grids), len(patches), len(found))
        if not grids or not patches:
            assert not len(found)
            continue
        assert len(found) == max(len(grids), len(patches))
        for expected, planes in ((grids, found[:, 0]), (patches, found[:, 1:])):
            times = Counter(x.tobytes() for x in planes)
            once = Counter(x.astype(np.float32).tobytes() for x in expected)
            assert set(times) == set(once)
            repeats = len(found) // len(expected)
            for key, count in once.items():
                assert repeats * count <= times[key] <= (repeats + 1) * count
    assert lengths["train"][1] > lengths["train"][0] > 10


def test_order_of_parts_follows_the_seed(raw, paths, tmp_path):
    images, rows = read(paths["parts"])
    train = images[rows["split"] == "train"]
    count = len({plane.tobytes() for plane in train[:, 0]})
    again = train[count : 2 * count, 0]
    assert len(again) == count
    assert not np.array_equal(train[:count, 0], again)
    assert digests(built(tmp_path / "b", raw, source="mock", size=128, mock=MOCK.spec())) == digests(paths)
    other = built(tmp_path / "c", raw, source="mock", size=128, mock=MOCK.spec(), seed=1)
    assert digests(other)[2] != digests(paths)[2]


def test_folder_and_zip_give_the_same(raw, paths, tmp_path):
    for name, content in members(raw).items():
        (tmp_path / "raw" / name).parent.mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            (tmp_path / "raw" / name).write_bytes(content)
    found = built(tmp_path / "out", tmp_path / "raw", source="mock", size=128, mock=MOCK.spec())
    assert digests(found) == digests(paths)
    with pytest.raises(GalforgeError, match=r"mock\.csv says that its images are mocks.*say source: mock"):
        built(tmp_path / "given", tmp_path / "raw", size=128, origin="simulated")
    (tmp_path / "raw" / "mock.csv").unlink()
    given = built(tmp_path / "given", tmp_path / "raw", size=128, origin="simulated")
    with Stamps(given["sparse"]) as stamps:
        assert stamps.header.origin == "simulated"


def test_backgrounds_of_any_level(release, paths, tmp_path):
    _, known = read(paths["scored"])
    wanted = (known["label"] == 1) | (known["score"] >= 2)
    _, columns = read(built(tmp_path / "a", release, size=128, background=None)["sparse"])
    assert list(columns["name"]) == list(known["name"][wanted])
    assert len(set(columns["background"])) > 1
    _, columns = read(built(tmp_path / "b", release, size=128, background=1)["sparse"])
    assert list(columns["name"]) == list(known["name"][wanted & (known["background"] == 1)])


def test_an_image_whose_background_is_above_the_threshold_teaches_no_generator(raw, paths, tmp_path):
    """All of it would be one cluster."""
    files = unknown(raw)
    name = read(paths["sparse"])[1]["name"][0]
    files[f"{name}.png"] = flat(7)
    found = built(tmp_path, rewritten(tmp_path / "raw.zip", files), size=128, background=None)
    assert name not in read(found["sparse"])[1]["name"]
    assert name in read(found["scored"])[1]["name"]


def test_too_few_real_images_are_said_before_anything_is_trained(raw, tmp_path):
    files = unknown(raw)
    files["labeled.csv"] = files["labeled.csv"].replace(b",1.0", b",0.0").replace(b",0.0", b",1.0", 2)
    with pytest.raises(GalforgeError, match=r"labeled\.csv calls 2 images real.*takes 3"):
        built(tmp_path, rewritten(tmp_path / "raw.zip", files), size=128)


def test_faulty_images_are_listed_and_move_no_other(raw, paths, tmp_path):
    files = unknown(raw)
    files["scored/2000003.png"] = files["scored/2000003.png"][:-30]
    files["query/3000000.png"] = b"x"
    found = built(tmp_path, rewritten(tmp_path / "raw.zip", files), size=128)
    rejected = list(csv.reader(io.StringIO((tmp_path / "rejected.csv").read_text())))
    assert rejected[0] == ["name", "reason"]
    assert [row[0] for row in rejected[1:]] == ["query/3000000", "scored/2000003"]
    assert "truncated PNG" in rejected[2][1]
    (_, before), (_, after) = read(paths["scored"]), read(found["scored"])
    kept = ~np.isin(before["name"], ["query/3000000", "scored/2000003"])
    np.testing.assert_array_equal(after["name"], before["name"][kept])
    np.testing.assert_array_equal(after["split"], before["split"][kept])


def test_too_many_faulty_images_stop_the_build(release, tmp_path):
    with pytest.raises(GalforgeError, match=r"larger share than max_rejected_share 0\.05.*\n.*another size"):
        built(tmp_path, release, size=256)
    assert (tmp_path / "rejected.csv").read_text().count("another size") == 7
    assert not list(tmp_path.glob("*.h5"))
    with pytest.raises(GalforgeError, match="none of the 120 images became a stamp"):
        built(tmp_path, release, size=256, max_rejected_share=1.0)
    assert not list(tmp_path.glob("*.h5"))


def test_nothing_to_learn_from_names_the_setting(raw, release, tmp_path):
    with pytest.raises(GalforgeError, match="`background`"):
        built(tmp_path, release, size=128, background=200, threshold=254)
    # What is labelled real gives patches whatever the scores are, unless it is black.
    black = {name: flat(0) if name.startswith("labeled/") else content for name, content in unknown(raw).items()}
    with pytest.raises(GalforgeError, match=r"`patches_score`.*`threshold` \(now 5\)"):
        built(tmp_path, rewritten(tmp_path / "black.zip", black), size=128, patches_score=8.0)
    assert not list(tmp_path.glob("*.h5"))
    with pytest.raises(GalforgeError, match="one folder or zip, but got 2"):
        build(DatasetSettings(), [release, release], *[tmp_path / "x"] * 5)


def test_images_are_read_one_at_a_time(tmp_path, monkeypatch):
    """Memory at its peak is the same for 8 images and for 40, to a few; and nothing is extracted."""
    monkeypatch.setattr(stamps_module, "_COPY_BYTES", 1)  # the writer's checksum reads back many at once
    peaks = []
    for count in (4, 36):
        settings = MockSettings(labeled=6, scored=count, query=2, size=512)
        path = tmp_path / f"{count}.zip"
        mock.write_raw(settings, path)
        tracemalloc.start()
        built(
            tmp_path / str(count),
            path,
            source="mock",
            size=512,
            mock=settings.spec(),
            splits=ALL_TRAIN,
        )
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 4 * 512**2
    found = {path.name for path in (tmp_path / "36").iterdir()}
    assert found == {*(f"{name}.h5" for name in NAMES), "rejected.csv"}


@pytest.mark.real
def test_a_real_image(sparse_image, tmp_path):
    """An image of the release: its clusters by scikit-image, and all of the build with it alone."""
    identifiers = {"labeled": ["1009590", "1009591", "1009592"], "scored": ["1009590"], "query": ["1009590"]}
    for name, every in identifiers.items():
        (tmp_path / "raw" / name).mkdir(parents=True)
        for identifier in every:
            (tmp_path / "raw" / name / f"{identifier}.png").write_bytes(sparse_image.read_bytes())
    (tmp_path / "raw" / "labeled.csv").write_text("Id,Actual\n1009590,1.0\n1009591,1.0\n1009592,1.0\n")
    (tmp_path / "raw" / "scored.csv").write_text("Id,Actual\n1009590,2.5\n")
    paths = built(tmp_path, tmp_path / "raw", splits=ALL_TRAIN)
    images, columns = read(paths["sparse"])
    assert list(columns["name"]) == ["labeled/1009590", "labeled/1009591", "labeled/1009592", "scored/1009590"]
    assert list(columns["background"]) == [0, 0, 0, 0]
    image = np.asarray(Image.open(sparse_image))
    np.testing.assert_array_equal(images[0, 0], image)
    found = clusters_of(image)
    assert len(found) == 18
    parts, _ = read(paths["parts"])
    grid = np.zeros((32, 32))
    for size, row, column in found:
        grid[row // 32, column // 32] = max(size, grid[row // 32, column // 32])
    # The scored image has too low a score for patches: four grids beside the patches of three.
    inside = [size for size, row, column in found if 15 <= row <= 983 and 15 <= column <= 983]
    assert len(inside) < len(found)
    assert sorted(parts[:, 2, 0, 0]) == sorted(3 * inside)
    assert all(np.array_equal(plane, grid) for plane in parts[:, 0])
    assert all(patch.max() >= patch[15, 15] > 5 for patch in parts[:, 1])
