"""Walks through latent spaces, and reconstructions: what is in the file, and what an image depends on."""

import logging
from dataclasses import replace

import numpy as np
import pytest
import torch

from galforge.errors import GalforgeError
from galforge.models import weights
from galforge.models.alae.family import Family as Alae
from galforge.models.alae.settings import ModelSettings as AlaeSettings
from galforge.models.normalisation import Normalisation
from galforge.models.vae.family import Family as Vae
from galforge.models.vae.settings import ModelSettings as VaeSettings
from galforge.sampling.latents import RowNoise, between, ends, walk
from galforge.seeds import generator
from galforge.stamps.file import Stamps, StampsWriter
from toys.galaxies import header, image
from toys.template.family import Family as Template
from toys.template.settings import ModelSettings as TemplateSettings

SHAPE = (1, 32, 32)
NORMALISATION = Normalisation("asinh", (0.02,), (0.1,), (0.5,))
CPU = torch.device("cpu")
KINDS = {
    "vae": (Vae, VaeSettings(latent=4, width=4, max_width=8)),
    "vae conditional": (Vae, VaeSettings(latent=4, width=4, max_width=8, conditions=["brightness"])),
    "alae": (Alae, AlaeSettings(latent=4, mapping_layers=2, width=4, max_width=8)),
    "toys.template": (Template, TemplateSettings()),
}


class Alone:
    """A training step in one process."""

    mean = staticmethod(lambda tensor: tensor)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Untrained weights by family."""
    folder, written = tmp_path_factory.mktemp("weights"), {}
    for name, (family, settings) in KINDS.items():
        torch.manual_seed(0)
        made = family(settings, SHAPE, NORMALISATION)
        networks = made.networks
        if (conditioning := getattr(made, "conditioning", None)) is not None:
            conditioning.follow({"brightness": torch.tensor([0.2, 1.0])}, Alone)
        with torch.no_grad():
            for strength in (weight for key, weight in networks.named_parameters() if key.endswith("strength")):
                strength.fill_(0.1)
        about = {
            "family": name.split(" ")[0],
            "network_settings": settings.spec(),
            "shape": list(SHAPE),
            "normalisation": NORMALISATION.spec(),
            "header": header(1).to_json(),
            "images_seen": 0,
            "seed": 0,
        }
        written[name] = folder / f"{name}.safetensors"
        weights.write(written[name], networks.state_dict(), about)
    return written


def write_stamps(path, splits, channels=1):
    with StampsWriter(path, (channels, 32, 32), header(channels), capacity=len(splits)) as writer:
        for index, split in enumerate(splits):
            pixels, brightness = image(index, channels, 32)
            writer.append(pixels, name=f"toy-{index}", split=split, brightness=brightness)
    return path


@pytest.fixture(scope="module")
def stamps(tmp_path_factory):
    """Ten stamps, those with an odd number in the test split."""
    return write_stamps(tmp_path_factory.mktemp("stamps") / "toy.h5", ["train", "test"] * 5)


def walked(model, stamps, out, rows=2, steps=3, seed=0):
    walk(model, stamps, out, rows, steps, seed, "cpu")
    with Stamps(out) as made:
        columns = {name: made.catalog(name) for name in ("name", "kind", "row", "step")}
        return made.header, made.images[:], columns


@pytest.mark.parametrize("family", ["vae", "alae"])
def test_a_file_holds_walks_then_pairs_of_truth_and_reconstruction(models, stamps, tmp_path, family):
    made, images, columns = walked(models[family], stamps, tmp_path / "w.h5")
    assert made == replace(header(1), origin="generated")
    assert images.shape == (6 + 2 * 5, *SHAPE)
    assert columns["kind"].tolist() == [
        *["walk"] * 6, *["truth"] * 3, *["reconstruction"] * 3, *["truth"] * 2, *["reconstruction"] * 2
    ]  # fmt: skip
    assert columns["row"].tolist() == [0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1]
    assert columns["step"].tolist() == [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 0, 1]
    for kind in ("truth", "reconstruction"):
        assert columns["name"][columns["kind"] == kind].tolist() == [f"toy-{index}" for index in (1, 3, 5, 7, 9)]


@pytest.mark.parametrize("family", ["vae", "alae", "vae conditional"])
def test_truth_is_the_source_and_reconstruction_what_the_model_makes_of_it(models, stamps, tmp_path, family):
    _, images, columns = walked(models[family], stamps, tmp_path / "w.h5", rows=1, steps=2)
    with Stamps(stamps) as source:
        expected, brightness = source.images[[1, 3]], source.catalog("brightness")[[1, 3]].astype(np.float32)
    told = {"brightness": torch.from_numpy(brightness)} if "conditional" in family else None
    assert images[columns["kind"] == "truth"].tobytes() == expected.tobytes()
    model = weights.load(models[family], CPU)
    with torch.no_grad():
        given_back = model.family.reconstruct(
            NORMALISATION.normalise(torch.from_numpy(expected)), told, RowNoise(0, "reconstruction", 0, 2, CPU)
        )
    found = images[columns["kind"] == "reconstruction"]
    assert np.allclose(found, NORMALISATION.invert(given_back).numpy(), rtol=1e-4, atol=1e-6)
    assert not np.allclose(found[0], found[1], rtol=1e-3), "every image is given back as the same one"


def test_an_image_depends_on_weights_seed_row_and_step_only(models, stamps, tmp_path):
    _, few, _ = walked(models["alae"], stamps, tmp_path / "few.h5", rows=1)
    _, more, _ = walked(models["alae"], stamps, tmp_path / "more.h5", rows=3)
    assert few[:3].tobytes() == more[:3].tobytes()
    assert (tmp_path / "more.h5").read_bytes() != (tmp_path / "few.h5").read_bytes()
    walk(models["alae"], stamps, tmp_path / "again.h5", 3, 3, 0, "cpu")
    assert (tmp_path / "again.h5").read_bytes() == (tmp_path / "more.h5").read_bytes()
    _, other, _ = walked(models["alae"], stamps, tmp_path / "other.h5", rows=1, seed=1)
    assert not np.allclose(other[:3], few[:3], rtol=1e-3)


def test_a_conditional_model_gives_stamps_back_and_walks_nowhere(models, stamps, tmp_path):
    """It is told the conditions of each stamp, and a walk has none."""
    _, images, columns = walked(models["vae conditional"], stamps, tmp_path / "w.h5")
    assert set(columns["kind"]) == {"truth", "reconstruction"}
    assert len(images) == 2 * 5


def test_stamps_that_a_model_cannot_be_told_of_are_not_reconstructed(models, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("galforge"), "propagate", True)
    source = tmp_path / "toy.h5"
    values = [0.5, np.nan, 0.4, 7.0, 0.3, 0.1, 0.6]
    with StampsWriter(source, SHAPE, header(1), capacity=len(values)) as writer:
        for index, brightness in enumerate(values):
            pixels, _ = image(index, 1, 32)
            writer.append(pixels, name=f"toy-{index}", split="test", brightness=brightness)
    with caplog.at_level(logging.INFO, "galforge"):
        _, images, columns = walked(models["vae conditional"], source, tmp_path / "w.h5", rows=1, steps=3)
    for kind in ("truth", "reconstruction"):
        assert columns["name"][columns["kind"] == kind].tolist() == ["toy-0", "toy-2", "toy-4"]
    assert np.isfinite(images).all()
    text = "3 of 7 stamps of the test split have no brightness in the range of the training"
    # A set: pytest sees a record twice where another test has set up galforge's log.
    assert len({record for record in caplog.records if text in record.getMessage()}) == 1
    caplog.clear()
    with caplog.at_level(logging.INFO, "galforge"):
        _, _, columns = walked(models["vae"], source, tmp_path / "all.h5", rows=1, steps=7)
    assert (columns["kind"] == "truth").sum() == 7
    assert "are not reconstructed" not in caplog.text


def test_a_walk_begins_and_ends_at_its_random_vectors_and_keeps_to_their_distribution():
    first, last = ends(3, 0, 100_000)
    way = between(first, last, 5)
    assert torch.equal(way[0], first)
    assert torch.allclose(way[-1], last, atol=1e-6)
    for vector in way:
        assert vector.mean().item() == pytest.approx(0, abs=0.02)
        assert vector.std().item() == pytest.approx(1, abs=0.02)
    assert torch.equal(between(first, last, 1)[0], first)
    assert not torch.allclose(ends(3, 1, 8)[0], ends(3, 0, 8)[0])


def test_equal_steps_between_orthogonal_vectors_are_equal_angles():
    way = between(torch.tensor([2.0, 0.0]), torch.tensor([0.0, 2.0]), 4)
    assert torch.allclose(way.norm(dim=1), torch.tensor(2.0))
    assert torch.allclose(torch.atan2(way[:, 1], way[:, 0]), torch.tensor([0.0, 30.0, 60.0, 90.0]).deg2rad())


def test_noise_stays_while_a_row_walks(models, stamps, tmp_path):
    """A generator that ignores its latent vector shows the noise alone."""
    torch.manual_seed(0)
    model = weights.load(models["alae"], CPU)
    for conv in model.family.networks.synthesis.convs:
        conv.affine.weight.zero_()
    for to_image in model.family.networks.synthesis.images:
        to_image.affine.weight.zero_()
    weights.write(tmp_path / "deaf.safetensors", model.family.networks.state_dict(), weights.read_about(models["alae"]))
    _, images, columns = walked(tmp_path / "deaf.safetensors", stamps, tmp_path / "w.h5")
    first, second = (images[(columns["kind"] == "walk") & (columns["row"] == row)] for row in range(2))
    assert np.allclose(first, first[:1], rtol=1e-4, atol=1e-6)
    assert np.abs(first - second).max() > 0.01 * np.abs(first).max()
    given_back = images[columns["kind"] == "reconstruction"]
    assert not np.allclose(given_back[0], first[0], rtol=1e-3), "walks and reconstructions share their noise"


@pytest.mark.parametrize("split", ["validation", "train"])
def test_without_a_test_split_the_next_one_is_reconstructed_and_the_log_says_so(
    models, tmp_path, caplog, monkeypatch, split
):
    monkeypatch.setattr(logging.getLogger("galforge"), "propagate", True)
    source = write_stamps(tmp_path / "toy.h5", ["train", split, "train"])
    with caplog.at_level(logging.INFO, "galforge"):
        _, _, columns = walked(models["vae"], source, tmp_path / "w.h5", rows=1, steps=1)
    assert f"the first 1 stamps of the {split} split" in caplog.text
    names = columns["name"][columns["kind"] == "truth"]
    assert names.tolist() == ["toy-1" if split == "validation" else "toy-0"]


def test_a_family_without_latent_vectors_gives_an_empty_file_and_says_so(models, stamps, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("galforge"), "propagate", True)
    with caplog.at_level(logging.INFO, "galforge"):
        _, images, columns = walked(models["toys.template"], stamps, tmp_path / "w.h5")
    assert "there are no walks" in caplog.text
    assert len(images) == 0
    assert all(len(column) == 0 for column in columns.values())


def test_stamps_of_other_bands_are_refused_with_both_files_named(models, tmp_path):
    source = write_stamps(tmp_path / "three.h5", ["train"], channels=3)
    with pytest.raises(GalforgeError, match=r"three\.h5: stamps \(3, 32, 32\).*vae\.safetensors is for \(1, 32, 32\)"):
        walk(models["vae"], source, tmp_path / "w.h5", 1, 1, 0, "cpu")
    assert not (tmp_path / "w.h5").exists()


def test_noise_of_a_row_is_standard_normal_and_moves_on_from_call_to_call():
    noise = RowNoise(0, "walk", 0, 2, CPU)
    first, second = noise.normal(1, 100, 100), noise.normal(1, 100, 100)
    assert first.shape == (2, 1, 100, 100)
    assert torch.equal(first[0], first[1])
    assert not torch.equal(first, second)
    assert first.std().item() == pytest.approx(1, abs=0.03)
    assert generator(0, "walk", 0).standard_normal(1, dtype=np.float32)[0] == first[0, 0, 0, 0].item()
