"""What the GANs of sparse images share: their loss, their optimisers, and how their generators normalise."""

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from galforge.models.protocol import Step

_BETAS = (0.5, 0.999)


def group_norm(channels: int) -> nn.GroupNorm:
    """Normalisation of each image by itself: in groups of four channels or more where that many can be, all alike."""
    return nn.GroupNorm(math.gcd(channels, min(8, max(1, channels // 4))), channels)


def adam(networks: nn.ModuleDict, rates: Mapping[str, float]) -> dict[str, torch.optim.Optimizer]:
    """An optimiser for each network that has a step size, as in DCGAN (Radford et al. 2016)."""
    return {
        name: torch.optim.Adam(networks[name].parameters(), rate, _BETAS, fused=True) for name, rate in rates.items()
    }


def adversarial_step(
    discriminate: Callable[[Tensor], Tensor],
    real: Tensor,
    made: Tensor,
    step: Step,
    smoothing: float,
    r1: float = 0.0,
    prefix: str = "",
) -> dict[str, Tensor]:
    """One step of a discriminator and of the generator that made what is not real (Goodfellow et al. 2014).

    Args:
        discriminate: logits (n,) of real or made ones.
        smoothing: what the discriminator is to say of real ones.
        r1: weight of its squared gradient at real ones (Mescheder et al. 2018); 0 for none.
        prefix: of the optimisers ``discriminator`` and ``generator``, and of the losses.
    """
    real = real.detach().requires_grad_(r1 > 0)
    with step.autocast():
        of_real, of_made = discriminate(real), discriminate(made.detach())
    of_real, of_made = of_real.float(), of_made.float()
    seen, wanted = functional.binary_cross_entropy_with_logits, torch.full_like(of_real, smoothing)
    loss = seen(of_real, wanted) + seen(of_made, torch.zeros_like(of_made))
    if r1:
        (slope,) = torch.autograd.grad(of_real.sum(), real, create_graph=True)
        loss = loss + 0.5 * r1 * slope.square().sum((1, 2, 3)).mean()
    step.update(f"{prefix}discriminator", loss)
    with step.autocast():
        of_made = discriminate(made)
    fooled = functional.softplus(-of_made.float()).mean()
    step.update(f"{prefix}generator", fooled)
    return {f"{prefix}discriminator": loss.detach(), f"{prefix}generator": fooled.detach()}
