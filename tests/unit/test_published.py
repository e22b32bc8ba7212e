"""Variants that are called published stay as published, whatever becomes the default of the corrected ones.

The expected values stand here once more, so that a changed default does not reach them unnoticed: Li et al. 2024 by
their notebooks, Holzschuh et al. 2022 by the released code.
"""

import pytest
import torch
import yaml

from galforge import families
from galforge.config import files
from galforge.config.parse import parse
from galforge.models.normalisation import Normalisation

CONFIG = parse(yaml.safe_load(files.CONFIG.read_text(encoding="utf-8")))
TOLD = {"conditions": ["redshift"], "variant": "published"}
NETWORKS = {
    "cvae-published": TOLD | {"latent": 64, "width": 32, "hidden": 256, "divergence": 1e-3, "learning_rate": 1e-3},
    "ddpm-published": TOLD
    | {"dim": 128, "multipliers": [1, 2, 4, 8], "patch": 1, "heads": 4, "head_dim": 32, "linear_attention": True}
    | {"condition_maps": 5, "timesteps": 1000, "beta_first": 1e-4, "beta_last": 0.02, "prediction": "noise"}
    | {"sampler": "ancestral", "learning_rate": 1e-5},
}
# No average, no warm-up, no clipping, no turns, single precision.
STEPS = {"ema_half_life_images": 1, "warmup_images": 0, "gradient_clip": 0.0, "augmentation": False}
STEPS |= {"precision": "float32", "splits": ["train"], "validation_images": 0}
LENGTHS = {
    "cvae-published": {"batch": 512, "images_total": 51_143_168, "decay_images": 10_240_000},
    "ddpm-published": {"batch": 32, "images_total": 6_137_184, "decay_images": 0},
}
DENOISER = {
    "protocol": "published",
    "network": {"width": 32, "blocks": 5, "kernel": 5, "bottleneck": 2},
    "input_scale": 1.0,
    "batch": 1,
    "learning_rate": 1e-4,
    "gradient_clip": 0.0,
    "steps_per_epoch": 50,
    "decay": 0.8,
    "decay_epochs": 50,
    "smallest_rate": 1e-6,
    "patience_epochs": 500,
    "epochs": 3000,
    "validation_images": 50,
    "precision": "tf32",
    "device": "auto",
    "threads": 1,
}
BEFORE = {
    "stylegan": {"grain": False},
    "alae": {"grain": False, "reciprocity": "own", "discriminator": "leaky", "mapping_rate": 0.01, "style_mixing": 0.0},
    "vae": {"prior": "normal"},
    "cvae": {"prior": "normal"},
    "two_stage": {"normalised": True},
}
"""What the first versions did, by settings that came later with another default."""
SAID = {
    "stylegan": {"grain": False, "style_mixing": 0.9, "detail": 0.5},
    "alae": {"r1": 10.0},
    "ddpm": {"sampler": "ddim", "spacing": "uniform"},
    "two_stage": {"galaxy": "began", "gamma": 0.75, "lambda_k": 0.05, "normalised": True},
}
"""What was a default, or is the authors', and can still be asked for."""


@pytest.mark.parametrize("name", NETWORKS)
def test_models_called_published_have_the_settings_of_the_papers(name):
    model = CONFIG.models["galaxiesml", name]
    assert model.network.spec() == NETWORKS[name]
    assert model.normalisation.spec() == {"kind": "linear", "scale": 1.0}
    training = model.training.model_dump()
    for key, value in (STEPS | LENGTHS[name]).items():
        assert training[key] == value, key
    assert (model.conditions.source, model.conditions.low, model.conditions.high) == ("uniform", 0.001, 4.0)


def test_the_denoiser_called_published_has_the_settings_of_the_released_code():
    assert CONFIG.denoisers["denoiser-published"].spec() == DENOISER


@pytest.mark.parametrize(("name", "corrected"), [("cvae-published", "cvae"), ("ddpm-published", "ddpm")])
def test_models_called_published_draw_as_published(name, corrected):
    """A CVAE from the standard normal, a DDPM through all of its levels, the first without noise; the others not."""
    made = []
    for model in (name, corrected):
        chosen = CONFIG.models["galaxiesml", model]
        with torch.device("meta"):
            family = families.load("models", chosen.family, "family").Family(
                chosen.network, (5, 64, 64), Normalisation("linear", (1.0,) * 5, (0.0,) * 5, (1.0,) * 5)
            )
        made.append(family)
    published, other = made
    if corrected == "cvae":
        assert published.networks.latents is None
        assert other.networks.latents is not None
    else:
        assert (published.schedule.lags, published.evaluations) == (True, 999)
        assert (other.schedule.lags, other.evaluations, other.settings.sampler) == (False, 50, "dpm_solver")


@pytest.mark.parametrize("family", BEFORE)
def test_a_model_of_before_is_read_as_it_was_meant(family):
    settings = families.load("models", family, "settings").ModelSettings
    said = {"galaxy": "began"} if family == "two_stage" else {}
    now = settings(**said)
    assert all(getattr(now, name) != value for name, value in BEFORE[family].items())
    spec = {name: value for name, value in now.spec().items() if name not in BEFORE[family]}
    read = settings.from_spec(spec)
    assert {name: getattr(read, name) for name in BEFORE[family]} == BEFORE[family]


@pytest.mark.parametrize("family", SAID)
def test_what_was_a_default_can_still_be_asked_for(family):
    settings = families.load("models", family, "settings").ModelSettings
    chosen = settings(**SAID[family])
    assert {name: getattr(chosen, name) for name in SAID[family]} == SAID[family]
