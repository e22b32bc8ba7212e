"""Redshifts by a network: what it is asked for, and whose stamps it takes."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from galforge.errors import GalforgeError
from galforge.measure.redshift.measure import measure
from galforge.measure.redshift.settings import MeasureSettings
from galforge.models.redshift_cnn.settings import ModelSettings
from galforge.models.settings import NormalisationSettings
from galforge.stamps.file import Header, Stamps, StampsWriter
from galforge.training import export
from galforge.training.segment import Segment, run_segment
from galforge.training.settings import StepSettings

SETTINGS = MeasureSettings(batch=4)
HEADER = Header(("g", "i"), 0.336, "arcsec", "image unit", (27.0, 27.0), 3000.0, "mock")


def write(path, count=40, seed=0, header=HEADER, side=32):
    """Stamps whose colour tells their redshift."""
    draws = np.random.default_rng(seed)
    redshift = draws.uniform(0, 2, count)
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    spot = 30 * np.exp(-(x**2 + y**2) / 18)
    images = spot * np.stack([2 - redshift, 1 + redshift], 1)[:, :, None, None]
    images = images + draws.normal(0, 1, images.shape)
    with StampsWriter(path, images.shape[1:], header, count) as writer:
        split = np.where(np.arange(count) % 4 == 0, "test", "train")
        catalog = {"name": np.arange(count).astype(str), "split": split, "redshift": redshift}
        writer.append_block(images.astype(np.float32), catalog)
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    stamps = write(folder / "stamps.h5", 120)
    step = StepSettings(batch=10, ema_half_life_images=200, history_images=100, device="cpu", precision="float32")
    network = ModelSettings(width=4, learning_rate=5e-3, warmup_images=1000)
    made_from = Segment(stamps, "redshift_cnn", network, NormalisationSettings(), step, 0, 3000, None, "key")
    run_segment(made_from, folder / "state.pt", folder / "work")
    export.export_weights(folder / "state.pt", folder / "weights.safetensors")
    return folder / "weights.safetensors"


def test_redshifts_that_the_stamps_show(trained, tmp_path):
    with Stamps(write(tmp_path / "new.h5", 40, seed=1)) as stamps:
        table = measure(stamps, 0, 40, SETTINGS, 0, 0, 0, trained)
        parts = [measure(stamps, low, low + 20, SETTINGS, 0, 0, 0, trained) for low in (0, 20)]
    assert np.corrcoef(table["redshift"], table["redshift_cnn"])[0, 1] > 0.9
    assert set(table["split"]) == {"test", "train"}
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), table)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"bands": ("r", "i")}, r"bands \('r', 'i'\).*trained with \('g', 'i'\)"),
        ({"pixel_scale": 0.168}, "pixel scale.*0.168.*trained with 0.336"),
    ],
)
def test_other_stamps_than_it_knows_are_refused(trained, tmp_path, changes, says):
    with (
        Stamps(write(tmp_path / "other.h5", 4, header=replace(HEADER, **changes))) as stamps,
        pytest.raises(GalforgeError, match=says),
    ):
        measure(stamps, 0, 4, SETTINGS, 0, 0, 0, trained)


def test_stamps_of_another_size_are_refused(trained, tmp_path):
    with (
        Stamps(write(tmp_path / "large.h5", 4, side=64)) as stamps,
        pytest.raises(GalforgeError, match=r"shape \(2, 64, 64\)"),
    ):
        measure(stamps, 0, 4, SETTINGS, 0, 0, 0, trained)


def test_weights_that_draw_images_are_refused(tmp_path):
    from galforge.models.vae.settings import ModelSettings as Vae

    stamps = write(tmp_path / "stamps.h5", 20)
    step = StepSettings(batch=4, history_images=4, device="cpu", precision="float32")
    network = Vae(latent=2, width=4, max_width=4)
    run_segment(
        Segment(stamps, "vae", network, NormalisationSettings(), step, 0, 8, None, "key"),
        tmp_path / "state.pt",
        tmp_path / "work",
    )
    export.export_weights(tmp_path / "state.pt", tmp_path / "weights.safetensors")
    with Stamps(stamps) as opened, pytest.raises(GalforgeError, match="draws images and predicts nothing"):
        measure(opened, 0, 4, SETTINGS, 0, 0, 0, tmp_path / "weights.safetensors")
