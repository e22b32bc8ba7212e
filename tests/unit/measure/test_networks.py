"""How networks measure: with cuDNN, without TF32, and with torch's settings as before once they are done."""

from pathlib import Path

import pytest
import torch

from galforge.measure.features import weights
from galforge.measure.features.encoders import weights as encoders
from galforge.measure.features.settings import MeasureSettings
from galforge.measure.networks import measuring

CPU = torch.device("cpu")


def settings_of_torch() -> dict[str, bool | int]:
    cudnn = torch.backends.cudnn
    return {
        "cudnn": cudnn.enabled,
        "deterministic": cudnn.deterministic,
        "tf32": cudnn.allow_tf32,
        "tf32 of products": torch.backends.cuda.matmul.allow_tf32,
        "tuned": cudnn.benchmark,
        "gradients": torch.is_grad_enabled(),
        "threads": torch.get_num_threads(),
        "operations": torch.get_deterministic_debug_mode(),
    }


EXACT = {
    "cudnn": True,
    "deterministic": True,
    "tf32": False,
    "tf32 of products": False,
    "tuned": False,
    "gradients": False,
    "threads": 1,
    "operations": 2,
}


def test_networks_measure_with_cudnn_and_in_full_single_precision():
    before = settings_of_torch()
    assert before["tf32"], "torch's default, which measuring has to change"
    with measuring(CPU, 1):
        assert settings_of_torch() == EXACT
    assert settings_of_torch() == before


@pytest.mark.parametrize("module", [weights, encoders])
def test_features_are_measured_so(module, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "load", lambda *given: settings_of_torch())
    given = MeasureSettings()
    if module is encoders:
        given = MeasureSettings(network="dinov2-small", weights="path", path="vits.pth")
    with module.ready(given, Path("weights.pth")) as found:
        assert EXACT in found
