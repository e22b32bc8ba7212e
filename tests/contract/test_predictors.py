"""What networks keep that predict a number in place of drawing images: they train like families."""

from pathlib import Path

import numpy as np
import pytest
import torch

from galforge import families
from galforge.errors import GalforgeError
from galforge.estimate.operations import count
from galforge.models import normalisation as normalisations
from galforge.models import weights
from galforge.models.settings import NormalisationSettings
from galforge.stamps.file import Stamps
from galforge.training import export, state
from galforge.training.data import TrainingImages
from galforge.training.loop import Training
from galforge.training.segment import Segment, run_segment
from galforge.training.settings import StepSettings
from toys.galaxies import write_stamps

FOLDER = Path(families.__file__).parent / "models"
PREDICTORS = [
    name
    for name in sorted(path.parent.name for path in FOLDER.glob("*/family.py"))
    if getattr(families.load("models", name, "settings"), "PREDICTS", False)
]
CPU = torch.device("cpu")
BATCH = 8
STEP = StepSettings(batch=BATCH, ema_half_life_images=100, history_images=16, device="cpu", precision="float32")
SMALL = {"redshift_cnn": {"target": "brightness", "width": 4, "learning_rate": 5e-3, "warmup_images": 1600}}


def settings_of(name: str):
    return families.load("models", name, "settings").ModelSettings(**SMALL[name])


@pytest.fixture(scope="module", params=PREDICTORS)
def predictor(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def stamps(tmp_path_factory) -> Path:
    return write_stamps(tmp_path_factory.mktemp("stamps") / "toy.h5", channels=3)


def segment(predictor: str, stamps: Path, folder: Path, stop: int, state_in: Path | None = None) -> Path:
    out = folder / f"state-{stop}.pt"
    made_from = Segment(
        stamps, predictor, settings_of(predictor), NormalisationSettings(), STEP, 0, stop, state_in, "key"
    )
    run_segment(made_from, out, folder / f"work-{stop}")
    return out


@pytest.fixture(scope="module")
def trained(predictor, stamps, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    export.export_weights(segment(predictor, stamps, folder, 300 * BATCH), folder / "weights.safetensors")
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


def test_resumed_training_equals_an_uninterrupted_one_bit_for_bit(predictor, stamps, tmp_path):
    whole = segment(predictor, stamps, tmp_path / "whole", 6 * BATCH)
    half = segment(predictor, stamps, tmp_path / "halves", 3 * BATCH)
    both = segment(predictor, stamps, tmp_path / "halves", 6 * BATCH, state_in=half)
    digests = []
    for path in (whole, both):
        content = state.read(path)
        del content["key"]
        digests.append(state.content_digest(content))
    assert digests[0] == digests[1]


def test_same_seed_same_training_and_other_seed_another(predictor, stamps):
    digests = []
    with Stamps(stamps) as source:
        chosen = normalisations.measure(NormalisationSettings(), source, source.split("train"))
        for seed in (0, 0, 1):
            run = Training(predictor, settings_of(predictor), source.shape, chosen, STEP, seed, CPU, None)
            with TrainingImages(source, CPU, run.family.conditions, run.seed) as images:
                for _ in range(3):
                    run.step(images)
            digests.append(state.content_digest(run.state()["networks"]))
    assert digests[0] == digests[1] != digests[2]


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
