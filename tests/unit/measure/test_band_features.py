"""Features of single bands: how bands become gray images, and that the network is the tested one."""

import numpy as np
import pandas as pd
import pytest
import torch

from galforge.errors import GalforgeError
from galforge.measure.band_features import preparation
from galforge.measure.band_features.measure import measure
from galforge.measure.band_features.settings import MeasureSettings
from galforge.measure.features import efficientnet_lite0
from galforge.measure.features.preparation import stretched
from galforge.measure.features.weights import load
from galforge.measure.vectors import rows_of, vector_columns
from galforge.stamps.file import Header, Stamps, StampsWriter

CPU = torch.device("cpu")


@pytest.fixture
def stamps(tmp_path):
    draws = np.random.default_rng(2)
    y, x = np.mgrid[:32, :32] - 15.5
    images = np.exp(-np.hypot(x, y) / 4) * draws.uniform(20, 200, (6, 2, 1, 1)) + draws.normal(0, 1, (6, 2, 32, 32))
    header = Header(("g", "i"), 0.336, "arcsec", "image unit", (27.0, 27.0), 3000.0, "mock")
    with StampsWriter(tmp_path / "stamps.h5", images.shape[1:], header, 6) as writer:
        split = np.array(["train", "test", "validation"] * 2)
        catalog = {"name": np.arange(6).astype(str), "split": split, "redshift": np.linspace(0.1, 1, 6)}
        writer.append_block(images.astype(np.float32), catalog)
    return Stamps(tmp_path / "stamps.h5")


def test_features_and_classes_are_those_of_the_network(stamps):
    settings = MeasureSettings(batch=2)
    stretch = preparation.stretch_from(stamps.path, 0)
    table = measure(stamps, 0, 6, settings, 0, 0, 0, stretch)
    network = load(efficientnet_lite0, settings, efficientnet_lite0.packaged_weights(), CPU)
    gray = stretched(stamps.images[1, 1].astype(float), *(stretch[n][1] for n in ("black", "softening", "white")))
    large = torch.nn.functional.interpolate(torch.from_numpy(gray)[None, None], (224, 224), mode="bilinear")
    with torch.no_grad():
        features = network(large.expand(1, 3, -1, -1))
        classes = network._fc(features).softmax(1)
    row = table.iloc[0]
    assert row["features_i"] == pytest.approx(features[0].numpy(), abs=1e-4)
    assert row["classes_i"] == pytest.approx(classes[0].numpy(), abs=1e-5)
    assert row["redshift"] == pytest.approx(0.28)
    assert table["index"].tolist() == [1, 2, 4, 5]  # nobody needs those of the train split
    parts = [measure(stamps, low, high, settings, 0, 0, 0, stretch) for low, high in ((0, 1), (1, 2), (2, 6))]
    together = pd.concat(parts, ignore_index=True)
    wide = vector_columns(table)
    assert wide == ["features_g", "classes_g", "features_i", "classes_i"]
    pd.testing.assert_frame_equal(together.drop(columns=wide), table.drop(columns=wide))
    for name in wide:
        np.testing.assert_allclose(rows_of(together, name), rows_of(table, name), rtol=1e-4, atol=1e-5)


def test_published_is_one_band_over_its_own_maximum(stamps):
    table = measure(stamps, 0, 2, MeasureSettings(protocol="published", splits=["train", "test"]), 0, 0, 0)
    assert vector_columns(table) == ["features_g", "classes_g"]
    image = np.array([[-1.0, 0.0], [2.0, 4.0]])
    assert preparation.published(image).tolist() == [[0, 0], [127.5, 255]]
    assert preparation.published(-image * 0).tolist() == [[0, 0], [0, 0]]


def test_stretch_is_the_source_s_and_flux_is_seen():
    black, softening, white = 0.0, 1.0, 100.0
    values = stretched(np.array([-1.0, 0.0, 1.0, 100.0, 200.0]), black, softening, white)
    assert values[[0, 1, 3, 4]].tolist() == [0, 0, 255, 255]
    assert values[2] == pytest.approx(255 * np.arcsinh(1) / np.arcsinh(100))


def test_bands_can_be_chosen_and_unknown_ones_are_named(stamps):
    stretch = preparation.stretch_from(stamps.path, 0)
    table = measure(stamps, 1, 2, MeasureSettings(bands=["i"]), 0, 0, 0, stretch)
    assert vector_columns(table) == ["features_i", "classes_i"]
    with pytest.raises(GalforgeError, match="no band u; the stamps have g, i"):
        measure(stamps, 1, 2, MeasureSettings(bands=["u"]), 0, 0, 0, stretch)


def test_a_missing_stretch_is_said(stamps):
    with pytest.raises(GalforgeError, match="stretch of the source stamps"):
        measure(stamps, 0, 1, MeasureSettings(), 0, 0, 0)
