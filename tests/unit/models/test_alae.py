"""The adversarial latent autoencoder: what each of its three updates changes, and what the encoder takes."""

import dataclasses
import hashlib

import pytest
import torch
from torch import nn
from torch.nn import functional

from galforge.models.alae.family import Family
from galforge.models.alae.networks import Normalise, TakeStyle
from galforge.models.alae.settings import ModelSettings
from galforge.models.normalisation import Normalisation
from toys.steps import Quadratic, Updates, draws, step_of

SMALL = {"latent": 4, "mapping_layers": 2, "discriminator_layers": 2, "width": 4, "max_width": 8}
NORMALISATION = Normalisation("linear", (1.0,), (0.0,), (1.0,))
SHAPE = (1, 32, 32)
BEFORE = {"discriminator": "leaky", "mapping_rate": 0.01, "style_mixing": 0.0, "reciprocity": "own", "grain": False}
"""What later settings have to be, so that a model is as it was before there were any."""


def family_of(**settings) -> Family:
    torch.manual_seed(0)
    return Family(ModelSettings(**SMALL | settings), SHAPE, NORMALISATION)


def test_without_conditions_networks_and_draws_are_those_of_before_there_were_any():
    """The expected numbers are those of the version before conditions existed."""
    family = family_of(**BEFORE)
    assert not {"conditions", "condition_offset", "condition_scale", *BEFORE} & set(family.settings.spec())
    names = "\n".join(f"{name} {tuple(value.shape)}" for name, value in family.networks.state_dict().items())
    assert hashlib.sha256(names.encode()).hexdigest()[:16] == "30aebb8f20483877"
    losses = family.step(draws(1, 4).normal(*SHAPE), None, step_of(family))
    expected = {"loss": 1.35252, "real": 0.069421, "fake": -0.000852, "generator": 0.70326, "reciprocity": 1.094747}
    for name, value in expected.items():
        assert losses[name].item() == pytest.approx(value, abs=2e-5)


def test_a_spec_of_before_is_read_as_it_was_meant():
    spec = ModelSettings(**SMALL | BEFORE).spec()
    assert not set(BEFORE) & set(spec)
    assert spec["reciprocity_rate"] == 2e-3
    read = ModelSettings.from_spec(spec)
    assert {name: getattr(read, name) for name in BEFORE} == BEFORE
    assert "reciprocity_rate" not in ModelSettings(**SMALL).spec()


def test_a_conditional_one_tells_styles_and_judges_them_by_it():
    family = family_of(conditions=["redshift"])
    networks = family.networks
    near, far = (networks.conditioning({"redshift": torch.full((3,), z)}) for z in (0.1, 3.0))
    latents = torch.randn(3, 4)
    styles = networks.mapping(networks.latents(latents, near))
    assert not torch.allclose(styles, networks.mapping(networks.latents(latents, far)))
    assert not torch.allclose(networks.discriminator(styles, near), networks.discriminator(styles, far))
    updates = Updates(family)
    redshifts = {"redshift": torch.tensor([0.1, 0.5, 1.0, 3.0])}
    family.step(torch.randn(4, *SHAPE), redshifts, step_of(family, before=updates.before))
    updates.close()
    assert updates.changed["generator"] == {"mapping", "synthesis", "told"}
    assert family.conditioning.ranges()["redshift"] == pytest.approx((0.1, 3.0), rel=0.01)
    drawn = [family.sample(draws(0, 3), {"redshift": torch.full((3,), z)}) for z in (0.1, 3.0)]
    assert not torch.allclose(*drawn)


def test_each_of_the_three_updates_changes_the_networks_of_algorithm_1():
    family = family_of()
    updates = Updates(family)
    family.step(torch.randn(4, *SHAPE), None, step_of(family, before=updates.before))
    updates.close()
    assert list(updates.changed.items()) == [
        ("encoder", {"encoder", "discriminator"}),
        ("generator", {"mapping", "synthesis"}),
        ("reciprocity", {"encoder", "synthesis"}),
    ]
    assert all(weight.requires_grad for weight in family.networks.parameters())


def test_reciprocity_steps_the_optimisers_of_the_other_two_steps():
    """Moments of Adam, worked out from the gradients of both steps that change a network."""
    family = family_of(encoder_rate=1e-3, generator_rate=2e-3)
    networks, optimisers, seen = family.networks, family.optimisers(), []
    weights = {
        "encoder": networks.encoder.stem.weight,
        "generator": networks.synthesis.constant,
        "mapping": networks.mapping.layers[0].weight,
        "discriminator": networks.discriminator.logit.weight,
    }

    def update(name: str, loss: torch.Tensor) -> None:
        optimisers[name].zero_grad(set_to_none=True)
        loss.backward()
        before = {each: weight.detach().clone() for each, weight in weights.items()}
        optimisers[name].step()
        for each, weight in weights.items():
            if not torch.equal(weight, before[each]):
                seen.append((each, name, weight.grad.clone(), before[each] - weight.detach()))

    family.step(torch.randn(4, *SHAPE), None, dataclasses.replace(step_of(family), update=update))
    by_weight = {each: [entry[1:] for entry in seen if entry[0] == each] for each in weights}
    own = {"encoder": 1e-3, "generator": 2e-3}
    for each, rate in own.items():
        (first, gradient, _), (second, later, moved) = by_weight[each]
        assert (first, second) == (each, "reciprocity")
        moment = 0.99 * 0.01 * gradient.square() + 0.01 * later.square()
        found = optimisers[each].state[weights[each]]
        assert torch.allclose(found["exp_avg_sq"], moment, rtol=1e-4, atol=1e-12)
        expected = rate * later / (torch.sqrt(moment / (1 - 0.99**2)) + 1e-8)
        assert torch.allclose(moved, expected, rtol=1e-2, atol=1e-6)
    # Reciprocity has nothing to say to the mapping and the judge of styles.
    assert [name for name, *_ in by_weight["mapping"]] == ["generator"]
    assert [name for name, *_ in by_weight["discriminator"]] == ["encoder"]
    assert not optimisers["reciprocity"].state


def test_mapping_and_judge_have_the_rates_of_the_authors_code_and_the_judge_is_linear():
    networks = family_of().networks
    assert {layer.rate for layer in networks.mapping.layers} == {0.1}
    assert {layer.rate for layer in [*networks.discriminator.layers, networks.discriminator.logit]} == {0.1}
    one, other = torch.randn(2, 5, 4)
    judge = networks.discriminator
    assert torch.allclose(judge(one + other) + judge(torch.zeros(5, 4)), judge(one) + judge(other), atol=1e-5)
    leaky = family_of(discriminator="leaky").networks.discriminator
    assert not torch.allclose(leaky(one + other) + leaky(torch.zeros(5, 4)), leaky(one) + leaky(other), atol=1e-3)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_judged_images_have_two_styles_and_those_of_reciprocity_one(share):
    family, given = family_of(style_mixing=share), []
    family.networks.synthesis.register_forward_pre_hook(lambda _module, inputs: given.append(inputs[0]))
    family.step(torch.randn(4, *SHAPE), None, step_of(family))
    mixed = [styles.dim() == 3 and not torch.equal(styles[:, 0], styles[:, -1]) for styles in given]
    assert mixed == [share > 0, share > 0, False]


def test_taking_a_style_removes_from_the_maps_what_it_takes():
    """Section 4 of the paper: instance normalisation, whose means and deviations go into the style."""
    layer = TakeStyle(3, latent=5)
    layer.linear.bias.data.normal_()
    features = 2 + 3 * torch.randn(4, 3, 8, 8)
    normalised, style = layer(features.clone())
    maps = torch.where(features > 0, features, 0.2 * features).flatten(2).double()
    mean, deviation = maps.mean(2), maps.std(2, correction=0)
    expected = ((maps - mean[..., None]) / deviation[..., None]).unflatten(2, (8, 8)).float()
    assert torch.allclose(normalised, expected, atol=1e-5)
    statistics = torch.cat([mean, deviation], 1).float()
    assert torch.allclose(style, statistics @ layer.linear.weight.T / 6**0.5 + layer.linear.bias, atol=1e-5)


@pytest.mark.parametrize("which", [0, 1, 2], ids=["maps", "means", "deviations"])
def test_second_derivatives_of_the_normalisation_are_those_of_its_formula(which):
    """What the R1 penalty takes, of each output."""
    torch.manual_seed(0)
    features, weights = torch.randn(2, 2, 3, 2, requires_grad=True), torch.randn(2, 2, 3, 2)

    def plain(values):
        mean, deviation = values.mean((2, 3), keepdim=True), values.std((2, 3), correction=0, keepdim=True)
        return (values - mean) / deviation, mean, deviation

    twice = []
    for function in (Normalise.apply, plain):
        value = (function(features)[which] * weights).pow(3).sum()
        (gradient,) = torch.autograd.grad(value, features, create_graph=True)
        twice.append(torch.autograd.grad((gradient * weights).pow(2).sum(), features)[0])
    assert twice[1].norm() > 0
    assert torch.allclose(*twice, rtol=1e-3, atol=1e-3 * twice[1].abs().max().item())


def test_a_style_is_the_sum_of_all_shares_and_knows_the_brightness_that_maps_lose():
    family = family_of()
    encoder = family.networks.encoder
    images = torch.randn(3, *SHAPE)
    shares = []

    def keep(_layer, _inputs, output):
        shares.append(output[1] if isinstance(output, tuple) else output)

    takers = [module for module in encoder.modules() if isinstance(module, TakeStyle)]
    assert len(takers) == 2 * len(encoder.blocks) + 1
    for taker in (*takers, encoder.take_hidden):
        taker.register_forward_hook(keep)
    styles = encoder(images)
    assert torch.allclose(styles, sum(shares) / len(shares) ** 0.5, atol=1e-5)
    plain = list(shares)
    shares.clear()
    encoder(1.5 * images)
    # Without biases, as at the start, nothing after the first normalisation depends on the brightness.
    assert torch.allclose(shares[0], 1.5 * plain[0], rtol=1e-4)
    for brighter, share in zip(shares[1:], plain[1:], strict=True):
        assert torch.allclose(brighter, share, atol=1e-4)


def test_real_and_generated_images_are_judged_alike_together_and_apart():
    """Steps with a penalty judge them separately, other steps together."""
    losses = [
        family.step(torch.randn(4, *SHAPE, generator=torch.Generator().manual_seed(3)), None, step_of(family, index))
        for index in (0, 1)
        for family in [family_of(r1=1e-9, r1_interval=2)]
    ]
    for name in ("loss", "real", "fake"):
        assert losses[0][name].item() == pytest.approx(losses[1][name].item(), rel=1e-4), name


def test_penalty_is_the_squared_gradient_on_real_images_and_is_taken_lazily():
    """With a judge of pixels behind an encoder that does nothing: logit = a |x|^2 / 2 has the gradient a x."""
    family = family_of(r1=3.0, r1_interval=4)
    family.networks.encoder, family.networks.discriminator = nn.Identity(), Quadratic(0.02)
    images = torch.randn(4, *SHAPE)
    penalty = (0.02**2 * images.square().sum((1, 2, 3))).mean().item()
    for index in range(5):
        given = []
        step = step_of(family, index, before=lambda name, loss, given=given: given.append((name, loss.item())))
        family.networks.discriminator.gain.data.fill_(0.02)
        losses = family._improve_encoder(images, step)
        ((name, total),) = given
        assert name == "encoder"
        added = total - losses["loss"].item()
        assert losses["r1"].item() == pytest.approx(0 if index % 4 else 4 * penalty, rel=1e-4)
        assert added == pytest.approx(0 if index % 4 else 0.5 * 3.0 * 4 * penalty, rel=1e-4, abs=1e-6)


def test_losses_are_the_non_saturating_logistic_ones():
    family = family_of(r1=0.0)
    seen = {}

    class Judge(nn.Module):
        """Logits that are the first number of a style."""

        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(()))

        def forward(self, styles, _numbers):
            seen.setdefault(len(seen), self.scale * styles[:, 0])
            return self.scale * styles[:, 0]

    family.networks.discriminator = Judge()
    losses = family.step(torch.randn(4, *SHAPE), None, step_of(family, 1))
    real, fake = seen[0].chunk(2)
    expected = functional.softplus(-real).mean() + functional.softplus(fake).mean()
    assert losses["loss"].item() == pytest.approx(expected.item(), rel=1e-5)
    assert losses["real"].item() == pytest.approx(real.mean().item(), rel=1e-5)
    assert losses["fake"].item() == pytest.approx(fake.mean().item(), rel=1e-5)
    assert losses["generator"].item() == pytest.approx(functional.softplus(-seen[1]).mean().item(), rel=1e-5)


def test_reciprocity_is_the_error_of_styles_that_come_back_and_falls():
    family = family_of()
    step = step_of(family, seed=5)
    numbers = draws(5, 4)
    with torch.no_grad():
        styles = family.networks.mapping(numbers.normal(4))
        noises = [numbers.normal(*shape) for shape in family.networks.synthesis.noise_shapes()]
        found = family.networks.encoder(family.networks.synthesis(styles, noises))
    first = family._improve_reciprocity(step).item()
    assert first == pytest.approx((found - styles).square().mean().item(), rel=1e-4)
    later = [family._improve_reciprocity(step).item() for _ in range(60)]
    assert sum(later[-10:]) / 10 < 0.3 * first


def test_reconstruction_decodes_what_the_encoder_gives_and_depends_on_its_arguments_only():
    family = family_of()
    images = torch.randn(3, *SHAPE)
    with torch.no_grad():
        found = family.reconstruct(images, None, draws(0, 3))
        assert found.shape == images.shape
        assert torch.equal(found, family.reconstruct(images, None, draws(0, 3)))
        numbers = draws(0, 3)
        noises = [numbers.normal(*shape) for shape in family.networks.synthesis.noise_shapes()]
        assert torch.equal(found, family.networks.synthesis(family.networks.encoder(images), noises))


def test_sampled_styles_are_truncated_as_the_settings_say():
    latents, mean = torch.randn(3, 4), torch.randn(4)
    whole, half = family_of(noise=False), family_of(noise=False, truncation=0.5)
    for family in (whole, half):
        family.networks.mapping.mean.copy_(mean)
    styles = whole.networks.mapping(latents)
    assert torch.equal(whole.generate(latents, draws(0, 3)), whole.networks.synthesis(styles, []))
    expected = whole.networks.synthesis((styles + mean) / 2, [])
    assert torch.allclose(half.generate(latents, draws(0, 3)), expected, atol=1e-5)
