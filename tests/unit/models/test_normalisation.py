"""Normalisation: exact both ways, of order one, measured on the training split only."""

from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from galforge.errors import GalforgeError
from galforge.models.normalisation import Normalisation, measure
from galforge.models.settings import NormalisationSettings
from galforge.seeds import generator
from galforge.stamps.file import Header, Stamps, StampsWriter
from galforge.stamps.sizes import side_of, store
from toys.galaxies import SKY, header, write_stamps


def normalisation_of(path: Path, **settings) -> tuple[Normalisation, torch.Tensor]:
    with Stamps(path) as stamps:
        return measure(NormalisationSettings(**settings), stamps, stamps.split("train")), torch.from_numpy(
            stamps.images[:]
        )


@pytest.mark.parametrize("noise", [SKY, 0.0], ids=["noisy", "noiseless"])
@pytest.mark.parametrize("kind", ["asinh", "linear"])
def test_round_trip_keeps_float32_precision_and_values_are_of_order_one(tmp_path, noise, kind):
    normalisation, images = normalisation_of(write_stamps(tmp_path / "s.h5", channels=3, noise=noise), kind=kind)
    normalised = normalisation.normalise(images)
    back = normalisation.invert(normalised)
    assert torch.allclose(back, images, rtol=5e-6, atol=5e-7)
    assert normalised.mean(dim=(0, 2, 3)).abs().max() < 0.2
    assert ((normalised.std(dim=(0, 2, 3)) - 1).abs() < 0.2).all()
    assert 2 < normalised.max() < (12 if kind == "asinh" else 40)


def test_softening_follows_the_sky_where_there_is_one_and_the_peaks_where_there_is_none(tmp_path):
    noisy, _ = normalisation_of(write_stamps(tmp_path / "noisy.h5", noise=0.02))
    clean, images = normalisation_of(write_stamps(tmp_path / "clean.h5", noise=0.0))
    assert noisy.softening[0] == pytest.approx(5 * 0.02, rel=0.1)
    assert clean.softening[0] == pytest.approx(float(images.amax(dim=(1, 2, 3)).median()) / 50, rel=0.1)


def test_only_training_stamps_are_looked_at(tmp_path):
    with StampsWriter(tmp_path / "s.h5", (1, 32, 32), header(1), capacity=20) as writer:
        for index in range(20):
            test = index % 2
            pixels = generator(index).standard_normal((1, 32, 32)) * (1000.0 if test else 1.0)
            writer.append(pixels, name=str(index), split="test" if test else "train")
    normalisation, _ = normalisation_of(tmp_path / "s.h5", kind="linear")
    assert normalisation.divisor[0] == pytest.approx(1.0, rel=0.05)


@pytest.mark.parametrize(("kind", "expected"), [("asinh", np.arcsinh(0.5 / 0.1)), ("linear", 5.0)])
def test_given_scale_measures_nothing(tmp_path, kind, expected):
    normalisation, _ = normalisation_of(write_stamps(tmp_path / "s.h5"), kind=kind, scale=0.1)
    assert float(normalisation.normalise(torch.full((1, 1, 1), 0.5))) == pytest.approx(expected, rel=1e-6)


def test_slope_is_the_derivative():
    normalisation = Normalisation("asinh", (0.01, 0.1), (0.3, 0.0), (1.5, 2.0))
    images = torch.tensor([[-0.02, 0.5], [0.0, 3.0]], dtype=torch.float64)[:, :, None].expand(2, 2, 1).clone()
    images.requires_grad_(True)
    normalisation.normalise(images).sum().backward()
    assert torch.allclose(normalisation.slope(images.detach()), images.grad, rtol=1e-9)


def test_spec_gives_the_same_normalisation_back(tmp_path):
    normalisation, _ = normalisation_of(write_stamps(tmp_path / "s.h5", channels=2))
    assert Normalisation.from_spec(normalisation.spec()) == normalisation


@pytest.mark.parametrize("level", [0.0, 0.1, 4.61])
def test_flat_stamps_are_refused_with_the_band(tmp_path, level):
    with StampsWriter(tmp_path / "s.h5", (2, 32, 32), header(2), capacity=4) as writer:
        for index in range(4):
            pixels = np.stack([generator(index).standard_normal((32, 32)), np.full((32, 32), level)])
            writer.append(pixels, name=str(index), split="train")
    with pytest.raises(GalforgeError, match="no contrast in band r"):
        normalisation_of(tmp_path / "s.h5")


def test_empty_training_split_is_refused(tmp_path):
    with StampsWriter(tmp_path / "s.h5", (1, 32, 32), header(1), capacity=1) as writer:
        writer.append(np.ones((1, 32, 32)), name="only", split="test")
    with pytest.raises(GalforgeError, match="training split is empty"):
        normalisation_of(tmp_path / "s.h5")


def test_scale_must_be_positive():
    with pytest.raises(ValidationError):
        NormalisationSettings(scale=0.0)


@pytest.mark.parametrize("sides", [(64, 64, 64), (64, 64, 200)])
def test_most_galaxies_may_have_the_size_that_is_coded_as_zero(tmp_path, sides):
    coded = Header(("g",), 0.394, "kpc", "electron/s", (), 750.0, "mock", (64.0, 256.0))
    rng = np.random.default_rng(0)
    with StampsWriter(tmp_path / "s.h5", (2, 16, 16), coded, 3) as writer:
        for side in sides:
            writer.append(store(rng.random((1, side // 2, side // 2)), side, 16, coded.sides), split="train")
    normalisation, images = normalisation_of(tmp_path / "s.h5")
    back = normalisation.invert(normalisation.normalise(images))
    assert torch.allclose(back, images, atol=1e-5)
    assert normalisation.normalise(images).abs().max() < 10


@pytest.mark.parametrize("sides", [(64, 96, 128), (100, 100, 100), (64, 64, 64), (58, 58, 58)])
def test_the_channel_that_codes_sizes_is_normalised_too_even_if_all_are_alike(tmp_path, sides):
    coded = Header(("g", "r"), 0.394, "kpc", "electron/s", (), 750.0, "mock", (2.0, 2516.0))
    rng = np.random.default_rng(0)
    with StampsWriter(tmp_path / "s.h5", (3, 16, 16), coded, 3) as writer:
        for side in sides:
            writer.append(store(rng.random((2, side // 2, side // 2)), side, 16, coded.sides), split="train")
    with Stamps(tmp_path / "s.h5") as stamps:
        chosen = measure(NormalisationSettings(), stamps, np.arange(3))
        images = torch.from_numpy(stamps.images[:]).double()
    back = chosen.invert(chosen.normalise(images))
    assert len(chosen.softening) == 3
    assert torch.allclose(back, images, atol=1e-6)
    assert [side_of(image[-1].numpy(), coded.sides) for image in back] == [side // 2 for side in sides]
    normalised = chosen.normalise(images)
    assert normalised.abs().max() < 10
    if len(set(sides)) == 1:
        # A network that is somewhat wrong still makes the only size that there is.
        normalised[:, -1] += 0.5
        assert {side_of(image[-1].numpy(), coded.sides) for image in chosen.invert(normalised)} == {sides[0] // 2}
