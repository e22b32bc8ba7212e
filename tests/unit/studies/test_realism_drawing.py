"""Drawing from models of sparse images apart from whole samples: times, and galaxies one by one."""

from pathlib import Path

import numpy as np
import pytest
import torch

from galforge import families
from galforge.models import weights
from galforge.models.normalisation import Normalisation
from galforge.sampling.sample import BlockNoise
from galforge.stamps.file import Header, Stamps
from galforge.studies.realism import drawing
from toys.sparse import BANDS

CPU = torch.device("cpu")
HEADER = Header(BANDS["parts"], 0.2, "arcsec", "8-bit level", (), 1.0, "mock")
SMALL = {"size": 64, "latent": 4, "width": 4, "position_latent": 4, "position_width": 4, "quiet": 0}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def write_weights(path: Path, **settings) -> Path:
    """Untrained weights of a two-stage GAN."""
    network = families.load("models", "two_stage", "settings").ModelSettings(**SMALL | settings)
    normalisation = Normalisation("linear", (1.0,) * 3, (0.0,) * 3, (1.0,) * 3)
    torch.manual_seed(3)
    family = families.load("models", "two_stage", "family").Family(network, (3, 32, 32), normalisation)
    about = {"family": "two_stage", "network_settings": network.spec(), "shape": [3, 32, 32]}
    about |= {"normalisation": normalisation.spec(), "header": HEADER.to_json(), "images_seen": 0, "seed": 0}
    weights.write(path, family.networks.state_dict(), about)
    return path


@pytest.fixture(scope="module")
def conditional(tmp_path_factory) -> Path:
    return write_weights(tmp_path_factory.mktemp("weights") / "model.safetensors", conditional=True)


def galaxies(path: Path, out: Path, count: int, seed: int = 0, batch: int = 4) -> dict[str, np.ndarray]:
    drawing.sample_galaxies(path, out, count, seed, batch, "cpu", 1)
    with Stamps(out) as drawn:
        return {"images": drawn.images[:]} | {name: drawn.catalog(name) for name in drawn.columns}


def test_galaxies_of_every_class_are_stamps_of_levels(conditional, tmp_path):
    found = galaxies(conditional, tmp_path / "galaxies.h5", 6)
    assert found["images"].shape == (18, 1, 32, 32)
    assert found["images"].dtype == np.uint8
    assert found["asked"].tolist() == [1] * 6 + [2] * 6 + [3] * 6
    assert found["index"].tolist() == list(range(18))
    assert found["name"].tolist() == [f"generated-{index:09d}" for index in range(18)]
    assert len({image.tobytes() for image in found["images"]}) == 18
    with Stamps(tmp_path / "galaxies.h5") as drawn:
        header = drawn.header
    assert (header.bands, header.origin, header.zero_points) == (("intensity",), "generated", ())
    assert (header.pixel_scale, header.pixel_unit, header.unit) == (0.2, "arcsec", "8-bit level")


def test_galaxies_are_those_that_the_model_draws_for_the_class_that_was_asked_for(conditional, tmp_path, monkeypatch):
    asked, seeds = [], []
    family = families.load("models", "two_stage", "family").Family
    draw = family.draw_galaxies

    def watched(self, noise: BlockNoise, classes: torch.Tensor) -> torch.Tensor:
        asked.extend(classes.flatten().tolist())
        return draw(self, noise, classes)

    def noted(seed: int, indices: range, device: torch.device) -> BlockNoise:
        seeds.append((seed, indices))
        return BlockNoise(seed, indices, device)

    monkeypatch.setattr(family, "draw_galaxies", watched)
    monkeypatch.setattr(drawing, "BlockNoise", noted)
    galaxies(conditional, tmp_path / "galaxies.h5", 6)
    assert asked == [1] * 6 + [2] * 6 + [3] * 6
    assert [list(indices) for _, indices in seeds] == [[0, 1, 2, 3], [4, 5]] * 3
    # No two classes share latent vectors.
    assert len({seed for seed, _ in seeds}) == 3


def test_galaxies_depend_on_weights_and_seed_alone(conditional, tmp_path):
    first = galaxies(conditional, tmp_path / "a.h5", 6)
    again, other = galaxies(conditional, tmp_path / "b.h5", 6), galaxies(conditional, tmp_path / "c.h5", 6, seed=1)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
    assert np.array_equal(first["images"], again["images"])
    assert not (first["images"] == other["images"]).all((1, 2, 3)).any()
    # Arithmetic depends on the size of a block in its last digits, which may round a level to its neighbour.
    blocks = galaxies(conditional, tmp_path / "d.h5", 6, batch=6)
    assert np.abs(first["images"].astype(int) - blocks["images"]).max() <= 1
    fewer = galaxies(conditional, tmp_path / "e.h5", 4)
    same = [0, 1, 2, 3, 6, 7, 8, 9, 12, 13, 14, 15]
    assert np.array_equal(fewer["images"], first["images"][same])


def test_a_model_without_classes_draws_one_kind(tmp_path):
    path = write_weights(tmp_path / "model.safetensors", galaxy="began")
    found = galaxies(path, tmp_path / "galaxies.h5", 5)
    assert found["images"].shape == (5, 1, 32, 32)
    assert found["asked"].tolist() == [1] * 5
