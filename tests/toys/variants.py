"""Settings that make families quick to test, and other settings than their defaults to test them with."""

from galforge.models.protocol import HasLatents, Reconstructs

VARIANTS = [
    "stylegan conditional",
    "alae conditional",
    "vae conditional",
    "cvae published",
    "cvae without conditions",
    "ddpm published",
    "ddpm without conditions",
    "ddpm guided",
    "edm conditional",
    "edm heun",
    "edm flow",
    "gaussian conditional",
    "two_stage began",
    "two_stage conditional",
    "diamonds geometric",
]
"""Families with other settings than their defaults."""
_LAYERS = {"latent": 16, "mapping_layers": 2, "width": 8, "max_width": 16, "patch": 2, "r1": 0.3, "r1_interval": 4}
_VAE = {"latent": 4, "width": 8, "max_width": 16}
_ALAE = _LAYERS | {"encoder_rate": 8e-3, "generator_rate": 8e-3}
_ALAE_OWN = {"reciprocity": "own", "reciprocity_rate": 5e-4, "discriminator": "leaky", "mapping_rate": 0.01}
_CVAE = {"conditions": ["brightness"], "latent": 4, "width": 16, "hidden": 64, "learning_rate": 4e-3}
_DDPM = {"conditions": ["brightness"], "dim": 16, "multipliers": [1, 2], "heads": 2, "head_dim": 4, "timesteps": 20}
# Few and large steps, with which a network that has learned little still draws something.
_DDPM |= {"beta_first": 0.02, "beta_last": 0.5, "steps": 4, "learning_rate": 1e-2, "linear_attention": False}
_EDM = {"dim": 16, "multipliers": [1, 2], "heads": 2, "head_dim": 4, "linear_attention": False, "steps": 6}
_EDM |= {"learning_rate": 1e-2}
_TWO_STAGE = {"size": 64, "latent": 8, "width": 8, "position_latent": 8, "position_width": 8}
_TWO_STAGE |= {"position_generator_rate": 1e-3, "generator_rate": 1e-3}
_DIAMONDS = {"size": 64, "fit": True, "learning_rate": 0.1}
SMALL = {
    "vae": _VAE,
    "vae conditional": _VAE | {"conditions": ["brightness"]},
    # Everything that a step does now and then, and that a buffer keeps of a batch, within the few steps of these tests.
    "stylegan": _LAYERS
    | {"generator_rate": 8e-3, "discriminator_rate": 8e-3, "group": 2, "style_mixing": 0.5}
    | {"path_length": 0.01, "path_length_interval": 2, "ada_target": 0.6, "ada_images": 10_000},
    "stylegan conditional": _LAYERS
    | {"generator_rate": 8e-3, "discriminator_rate": 8e-3, "group": 2, "conditions": ["brightness"]},
    "alae": _ALAE,
    "alae conditional": _ALAE | _ALAE_OWN | {"conditions": ["brightness"], "style_mixing": 0.0, "grain": False},
    "cvae": _CVAE,
    "cvae published": _CVAE | {"variant": "published"},
    "cvae without conditions": _CVAE | {"conditions": []},
    "ddpm": _DDPM | {"patch": 2},
    "ddpm published": _DDPM
    | {"variant": "published", "sampler": "ancestral", "prediction": "noise"}
    | {"condition_maps": 2, "dim": 24, "patch": 2, "linear_attention": True, "learning_rate": 3e-3},
    "ddpm guided": _DDPM | {"patch": 2, "condition_dropout": 0.1, "guidance": 1.5},
    "ddpm without conditions": _DDPM | {"conditions": [], "patch": 4, "steps": 2},
    "edm": _EDM | {"components": 16, "fitted_images": 24},
    "edm conditional": _EDM
    | {"components": 16, "fitted_images": 24, "conditions": ["brightness"]}
    | {"condition_dropout": 0.1, "guidance": 1.5, "weighting": "learned", "detail": 1.0},
    "edm heun": _EDM
    | {
        "known": "white",
        "sampler": "heun",
        "spacing": "karras",
        "steps": 4,
        "patch": 4,
        "radius": False,
    },
    "edm flow": _EDM | {"known": "flow", "log_sigma_mean": 0.0, "log_sigma_sd": 1.8},
    "full_image_gan": {"size": 96, "latent": 8, "width": 8},
    "two_stage": _TWO_STAGE | {"translate": 0.2},
    "two_stage began": _TWO_STAGE | {"galaxy": "began", "lambda_k": 0.1},
    "two_stage conditional": _TWO_STAGE | {"conditional": True},
    "diamonds": _DIAMONDS,
    "diamonds geometric": _DIAMONDS | {"statistics": "geometric"},
    "gaussian": {"components": 16, "images": 24},
    "gaussian conditional": {"components": 16, "images": 24, "conditions": ["brightness"]},
    "redshift_cnn": {"target": "brightness", "width": 4, "learning_rate": 5e-3, "warmup_images": 1600},
}
"""Settings that make a family quick to test; all others are tested with their defaults."""
OFFERED = {"vae": {HasLatents, Reconstructs}, "stylegan": {HasLatents}, "alae": {HasLatents, Reconstructs}}
OFFERED |= {
    "edm": {HasLatents, Reconstructs},
    "edm conditional": {Reconstructs},
    "edm heun": {HasLatents, Reconstructs},
}
OFFERED |= {"gaussian": {HasLatents, Reconstructs}, "gaussian conditional": {Reconstructs}}
OFFERED |= {"vae conditional": {Reconstructs}, "alae conditional": {Reconstructs}}
"""Optional parts of the protocol that figures count on."""
STEPS = {"alae conditional": 400}
"""Steps of the training before samples are tested, if not 200."""
DEAF = ["ddpm published"]
"""Families that learn conditions much later, because the raw pixels of these stamps are far below their noise."""
