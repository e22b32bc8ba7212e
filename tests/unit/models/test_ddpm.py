"""Denoising diffusion: noise levels and samplers against diffusers and formulas, and the size of the network."""

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from galforge.errors import GalforgeError
from galforge.models.ddpm.diffusion import Predicted, Schedule, ddim, second_order
from galforge.models.ddpm.family import Family
from galforge.models.ddpm.networks import Networks
from galforge.models.ddpm.settings import ModelSettings, check_normalisation
from galforge.models.normalisation import Normalisation
from toys.steps import Drawn, step_of

ONES = Normalisation("linear", (1.0,), (0.0,), (1.0,))
DIFFUSERS = json.loads((Path(__file__).parents[2] / "reference/diffusers_schedules.json").read_text())
NOISY, SAID = (torch.tensor(DIFFUSERS[name]) for name in ("noisy", "said"))
PLAIN = Schedule.linear(1000, 1e-4, 0.02, lags=False)
PUBLISHED = {"variant": "published", "sampler": "ancestral", "prediction": "noise", "condition_maps": 5}


def test_noise_levels_are_those_of_diffusers():
    assert PLAIN.remaining == pytest.approx(DIFFUSERS["remaining"], rel=2e-5)
    assert PLAIN.remaining[-1] == pytest.approx(4.04e-5, rel=0.01)


def test_published_levels_lag_by_one():
    lagging = Schedule.linear(1000, 1e-4, 0.02, lags=True)
    assert lagging.remaining == (1.0, *PLAIN.remaining[:-1])
    assert lagging.betas == PLAIN.betas
    assert lagging.all() == list(range(999, 0, -1))


@pytest.mark.parametrize("level", [999, 500, 1, 0])
def test_ancestral_steps_are_those_of_diffusers(level):
    given = DIFFUSERS["ancestral"][str(level)]
    found = PLAIN.ancestral(NOISY, SAID, level, torch.tensor(given["new"]) if level else None)
    # Diffusers computes in single precision, in which 1 - a of the first levels has three digits.
    assert found.numpy() == pytest.approx(np.array(given["out"]), rel=2e-4, abs=2e-5)


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction"])
def test_ddim_steps_are_those_of_diffusers(kind):
    given = DIFFUSERS["ddim"][kind]
    path = PLAIN.every(50, "uniform")
    assert [level for level, _ in path] == DIFFUSERS["levels"]
    for level, left in path:
        if str(level) in given["steps"]:
            found = one_step(NOISY, SAID, kind, level, left)
            assert found.numpy() == pytest.approx(np.array(given["steps"][str(level)]), rel=2e-5, abs=2e-5)
    image = NOISY
    for level, left in path:
        image = one_step(image, 0.5 * image + 0.1 * SAID, kind, level, left)
    assert image.numpy() == pytest.approx(np.array(given["whole"]), rel=1e-3)


def one_step(noisy, said, kind, level, left):
    noise = said if kind == "epsilon" else PLAIN.noise_of(noisy, said, level)
    return ddim(PLAIN.image_of(noisy, noise, level), noise, left)


def kept(sd: float, steps: int, spacing: str, sampler: str) -> float:
    """What sampling leaves of the sd of normal pixels, for which the best prediction is known."""
    noisy, before = torch.ones((), dtype=torch.float64), None
    for level, share in PLAIN.every(steps, spacing):
        remaining = PLAIN.remaining[level]
        noise = (1 - remaining) ** 0.5 / (remaining * sd**2 + 1 - remaining) * noisy
        now = Predicted(PLAIN.image_of(noisy, noise, level), remaining)
        noisy = ddim(now.image, noise, share) if sampler == "ddim" else second_order(noisy, now, before, share)
        before = now
    return noisy.item() / sd


@pytest.mark.parametrize(("spacing", "left"), [("uniform", 0.911), ("quadratic", 0.963)])
def test_spread_of_a_quiet_sky_is_kept_best_by_levels_of_little_noise(spacing, left):
    assert kept(0.3, 50, spacing, "ddim") == pytest.approx(left, abs=0.002)


@pytest.mark.parametrize("sd", [1.0, 0.3, 0.1, 0.05])
def test_second_order_keeps_the_spread_within_one_per_cent_where_first_order_does_not(sd):
    assert kept(sd, 50, "quadratic", "dpm_solver") == pytest.approx(1, abs=0.01)
    assert kept(sd, 50, "quadratic", "ddim") < 0.97


def test_error_of_second_order_falls_with_the_square_of_the_number_of_steps():
    """Up to a level with noise: the step from there to none is of first order in any case."""
    errors = []
    for steps in (100, 200, 400):
        shares = 1 / (1 + np.exp(-2 * np.linspace(-3, 3, steps + 1)))
        sd, noisy, before = 0.3, torch.ones((), dtype=torch.float64), None
        for remaining, share in itertools.pairwise(shares.tolist()):
            now = Predicted(remaining**0.5 * sd**2 / (remaining * sd**2 + 1 - remaining) * noisy, remaining)
            noisy, before = second_order(noisy, now, before, share), now
        exact = math.sqrt((shares[-1] * sd**2 + 1 - shares[-1]) / (shares[0] * sd**2 + 1 - shares[0]))
        errors.append(abs(noisy.item() - exact))
    for one, half in itertools.pairwise(errors):
        assert one / half == pytest.approx(4, rel=0.15)


def test_first_step_of_second_order_is_one_of_ddim():
    level, left = 700, PLAIN.remaining[600]
    noise = torch.randn(2, 1, 4, 4, dtype=torch.float64)
    noisy = torch.randn(2, 1, 4, 4, dtype=torch.float64)
    now = Predicted(PLAIN.image_of(noisy, noise, level), PLAIN.remaining[level])
    assert torch.allclose(second_order(noisy, now, None, left), ddim(now.image, noise, left), atol=1e-12)


def test_levels_begin_with_most_noise_and_fall():
    for steps, spacing in ((50, "quadratic"), (7, "quadratic"), (50, "uniform")):
        levels = [level for level, _ in PLAIN.every(steps, spacing)]
        assert levels[0] == 999
        assert levels == sorted(set(levels), reverse=True)
        assert len(levels) == steps
        assert PLAIN.every(steps, spacing)[-1][1] == 1.0


def test_v_gives_back_image_and_noise():
    image, noise = torch.randn(2, 3, 1, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    for level in (0, 300, 999):
        left = PLAIN.remaining[level]
        noisy = left**0.5 * image + (1 - left) ** 0.5 * noise
        velocity = left**0.5 * noise - (1 - left) ** 0.5 * image
        found = PLAIN.noise_of(noisy, velocity, level)
        assert torch.allclose(found, noise)
        assert torch.allclose(PLAIN.image_of(noisy, found, level), image, atol=1e-6)


@pytest.mark.parametrize(
    "changes",
    [
        {"sampler": "ddim", "steps": 100},
        {"sampler": "dpm_solver", "steps": 50},
        {"sampler": "ancestral", "prediction": "noise"},
        # With a thousand levels, a lag by one hardly matters.
        PUBLISHED | {"timesteps": 1000, "beta_last": 0.02},
    ],
    ids=["ddim", "dpm_solver", "ancestral", "published"],
)
def test_a_perfect_network_draws_the_distribution(changes):
    """For normal images of known mean and sd, the right prediction is known at every level."""
    levels = {"timesteps": 200, "beta_last": 0.08}
    settings = ModelSettings(**{"conditions": [], "dim": 8, "multipliers": [1]} | levels | changes)
    family = Family(settings, (1, 8, 8), ONES)
    mean, sd = 1.5, 0.5
    family.networks.forward = perfect(family, mean, sd)
    drawn = family.sample(Drawn(range(300)), None)
    assert drawn.mean().item() == pytest.approx(mean, abs=0.02)
    assert drawn.std().item() == pytest.approx(sd, rel=0.1)


def test_by_default_a_quiet_sky_keeps_its_spread():
    """A perfect network, and so many numbers that a share of 1 % is seen; DDIM leaves 0.963 of it."""
    family = Family(ModelSettings(conditions=[], dim=8, multipliers=[1]), (1, 8, 8), ONES)
    family.networks.forward = perfect(family, 0.0, 0.3)
    assert family.sample(Drawn(range(1000)), None).std().item() == pytest.approx(0.3, rel=0.012)


def perfect(family: Family, mean: float, sd: float):
    """What a network predicts that knows all of normal images of this mean and sd."""

    def predict(noisy: torch.Tensor, levels: torch.Tensor, given: torch.Tensor | None) -> torch.Tensor:
        left = family.schedule.remaining[int(levels[0])]
        variance = left * sd**2 + 1 - left
        noise = (1 - left) ** 0.5 * (noisy - left**0.5 * mean) / variance
        if family.settings.prediction == "noise":
            return noise
        image = (noisy - (1 - left) ** 0.5 * noise) / left**0.5
        return left**0.5 * noise - (1 - left) ** 0.5 * image

    return predict


def test_published_network_has_the_size_of_the_paper():
    """The paper prints 1.24e8 weights, but not the size of the maps of the redshift."""
    with torch.device("meta"):
        networks = Networks(ModelSettings(**PUBLISHED, dim=128), (5, 64, 64))
    assert sum(weight.numel() for weight in networks.parameters()) == pytest.approx(1.24e8, rel=0.05)


def test_conditions_reach_the_image():
    for maps in (0, 2):
        torch.manual_seed(0)
        networks = Networks(ModelSettings(dim=8, multipliers=[1, 2], head_dim=4, condition_maps=maps), (2, 16, 16))
        with torch.no_grad():
            for weight in networks.parameters():
                weight.add_(0.05 * torch.randn_like(weight))
            images, levels = torch.randn(2, 2, 16, 16), torch.tensor([5, 5])
            told = (networks.conditioning({"redshift": torch.full((2,), z)}) for z in (0.2, 2.0))
            one, other = (networks(images, levels, given) for given in told)
        assert not torch.allclose(one, other, atol=1e-4)


def test_guidance_exaggerates_what_conditions_change():
    """A network that finds as much noise as the first number of the conditions says, and none without conditions."""
    images, redshifts = {}, {"redshift": torch.tensor([0.2, 3.0])}
    for guidance in (0.0, 1.0, 3.0):
        changes = {"condition_dropout": 0.1, "guidance": guidance, "prediction": "noise", "sampler": "ddim", "steps": 5}
        settings = ModelSettings(dim=8, multipliers=[1], timesteps=10, beta_last=0.6, **changes)
        family = Family(settings, (1, 8, 8), ONES)
        family.networks.forward = lambda noisy, levels, given: given[:, :1, None, None].expand_as(noisy)
        images[guidance] = family.sample(Drawn(range(2)), redshifts)
        assert family.evaluations == (5 if guidance == 1 else 10)
    changed = images[1.0] - images[0.0]
    assert (changed.abs() > 0.05).all()
    assert torch.allclose(images[3.0] - images[0.0], 3 * changed, rtol=1e-4)


def test_a_share_of_images_is_trained_without_conditions():
    settings = ModelSettings(dim=8, multipliers=[1], head_dim=4, condition_dropout=0.25)
    family, seen = Family(settings, (1, 8, 8), ONES), []
    family.networks.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[2]))
    redshifts = torch.linspace(0.1, 3.0, 400)
    family.step(torch.randn(400, 1, 8, 8), {"redshift": redshifts}, step_of(family, 0, 400))
    without = (seen[0] == 0).all(1)
    assert without.float().mean().item() == pytest.approx(0.25, abs=0.07)
    assert torch.equal(seen[0][~without], family.conditioning({"redshift": redshifts})[~without])


def test_settings_without_dropout_are_those_of_before_there_was_any():
    plain = ModelSettings()
    assert not {"condition_dropout", "guidance"} & set(plain.spec())
    assert ModelSettings.from_spec(plain.spec()) == plain


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="say condition_dropout"):
        ModelSettings(guidance=2.0)
    with pytest.raises(ValueError, match="with all conditions"):
        ModelSettings(**PUBLISHED, condition_dropout=0.1)
    with pytest.raises(ValueError, match="sampler: ancestral"):
        ModelSettings(variant="published")
    with pytest.raises(ValueError, match=r"beta_last \(0.5\) leaves no image.*10\^-133"):
        ModelSettings(beta_last=0.5)
    ModelSettings(beta_last=0.5, sampler="ancestral")
    with pytest.raises(ValueError, match=r"leaves 36% of.*after 100 timesteps.*say beta_last: 0.14, or more"):
        ModelSettings(timesteps=100)
    ModelSettings(timesteps=100, beta_last=0.14)
    with pytest.raises(ValueError, match="say more timesteps"):
        ModelSettings(timesteps=10, steps=5)
    for multipliers in ([], [1, 0], [-1]):
        with pytest.raises(ValueError, match="multipliers"):
            ModelSettings(multipliers=multipliers)
    with pytest.raises(GalforgeError, match="kind: linear"):
        check_normalisation(ModelSettings(**PUBLISHED), "asinh", None)
