"""The contract of networks that predict a number instead of drawing images; ``test_families`` tests their training."""

from pathlib import Path

import numpy as np
import pytest
import torch

from galforge import families
from galforge.errors import GalforgeError
from galforge.estimate.operations import count
from galforge.models import weights
from galforge.models.settings import NormalisationSettings
from galforge.stamps.file import Stamps
from galforge.training import export
from galforge.training.segment import Segment, run_segment
from galforge.training.settings import StepSettings
from toys.galaxies import write_stamps
from toys.variants import SMALL

FOLDER = Path(families.__file__).parent / "models"
PREDICTORS = [
    name
    for name in sorted(path.parent.name for path in FOLDER.glob("*/family.py"))
    if getattr(families.load("models", name, "settings"), "PREDICTS", False)
]
CPU = torch.device("cpu")
BATCH = 8
STEP = StepSettings(batch=BATCH, ema_half_life_images=100, history_images=16, device="cpu", precision="float32")


def settings_of(name: str):
    return families.load("models", name, "settings").ModelSettings(**SMALL[name])


@pytest.fixture(scope="module", params=PREDICTORS)
def predictor(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def stamps(tmp_path_factory) -> Path:
    return write_stamps(tmp_path_factory.mktemp("stamps") / "toy.h5", channels=3)


@pytest.fixture(scope="module")
def trained(predictor, stamps, tmp_path_factory) -> Path:
    folder, stop = tmp_path_factory.mktemp("trained"), 300 * BATCH
    made_from = Segment(stamps, predictor, settings_of(predictor), NormalisationSettings(), STEP, 0, stop, None, "key")
    run_segment(made_from, folder / "state.pt", folder / "work")
    export.export_weights(folder / "state.pt", folder / "weights.safetensors")
    return folder / "weights.safetensors"


def predictions(path: Path, stamps: Path) -> tuple[torch.Tensor, np.ndarray, np.ndarray]:
    """Normalised images, what is predicted of them, and the truth."""
    model = weights.load(path, CPU)
    with Stamps(stamps) as source, torch.no_grad():
        images = model.normalisation.normalise(torch.from_numpy(source.images[:]))
        return images, model.family.predict(images).numpy(), source.catalog(model.family.conditions[0])


def test_predictors_are_told_apart_by_their_settings_alone(predictor):
    family = families.load("models", predictor, "family").Family
    assert hasattr(family, "predict")
    assert not hasattr(family, "sample")


def test_what_it_learned_goes_with_the_truth(trained, stamps):
    _, found, truth = predictions(trained, stamps)
    assert found.shape == truth.shape
    assert np.corrcoef(found, truth)[0, 1] > 0.8


def test_a_prediction_depends_on_its_own_image_only(trained, stamps):
    images, found, _ = predictions(trained, stamps)
    family = weights.load(trained, CPU).family
    with torch.no_grad():
        some = family.predict(images[5:9]).numpy()
        others = family.predict(torch.cat([images[5:6], images[20:23] * 3])).numpy()
    assert some == pytest.approx(found[5:9], abs=1e-5)
    assert others[0] == pytest.approx(found[5], abs=1e-5)


def test_shape_that_it_cannot_take_is_refused_by_its_settings_alone(predictor):
    check_shape = families.load("models", predictor, "settings").check_shape
    check_shape(settings_of(predictor), (5, 64, 64))
    with pytest.raises(GalforgeError, match="must be"):
        check_shape(settings_of(predictor), (5, 48, 48))


def test_its_operations_are_counted(predictor):
    found = count(predictor, settings_of(predictor).spec(), (3, 32, 32))
    assert found["weights"] > 0
    assert found["train"] > 0


def test_published_redshift_network_has_as_many_weights_as_the_paper_says():
    settings = families.load("models", "redshift_cnn", "settings").ModelSettings()
    networks = families.load("models", "redshift_cnn", "networks").Networks(5, settings.width)
    assert sum(weight.numel() for weight in networks.parameters()) == 4_851_521
    assert networks(torch.zeros(2, 5, 64, 64)).shape == (2,)
