"""What GANs share: the R1 penalty and, for those of sparse images, losses, optimisers and layers as in DCGAN.

Goodfellow et al. 2014 (arXiv:1406.2661), Radford et al. 2016 (DCGAN, arXiv:1511.06434), Mescheder et al. 2018 (R1,
arXiv:1801.04406).
"""

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from galforge.models.norms import GroupNorm
from galforge.models.protocol import Step

_BETAS = (0.5, 0.999)
_EMBEDDING = 50
SLOPE = 0.2
"""Of leaky ReLUs, at negative numbers."""


def squared_gradient(logits: Tensor, images: Tensor) -> Tensor:
    """Mean squared gradient of logits (n,) with respect to images (n, C, H, W): a scalar that can be differentiated."""
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return gradient.square().sum((1, 2, 3)).mean()


def group_norm(channels: int) -> GroupNorm:
    """Normalisation of each image by itself, in up to eight equal groups, of four channels or more where possible."""
    return GroupNorm(math.gcd(channels, min(8, max(1, channels // 4))), channels)


def label_maps(classes: int, pixels: int) -> nn.Module | None:
    """A network from size classes (n,) to maps (n, pixels); None without classes."""
    return nn.Sequential(nn.Embedding(classes, _EMBEDDING), nn.Linear(_EMBEDDING, pixels)) if classes else None


class Generator(nn.Module):
    """Latent vectors (n, latent) to maps (n, outputs, side, side) by convolutions that double the side from 4 px on.

    Args:
        latent: length of the vectors.
        inputs: channels at 4 px, which each convolution but the last halves.
        doublings: number of convolutions.
        outputs: channels at the end.
        normalised: ``group_norm`` and ReLU between the convolutions, and values from -1 to 1; else leaky ReLU, and any.
    """

    def __init__(self, latent: int, inputs: int, doublings: int, outputs: int, normalised: bool = False):
        super().__init__()
        self.start = nn.Linear(latent, inputs * 16)
        layers: list[nn.Module] = []
        for width in (inputs // 2**halving for halving in range(doublings - 1)):
            layers.append(nn.ConvTranspose2d(width, width // 2, 4, 2, 1))
            layers += [group_norm(width // 2), nn.ReLU()] if normalised else [nn.LeakyReLU(SLOPE)]
        layers.append(nn.ConvTranspose2d(inputs // 2 ** (doublings - 1), outputs, 4, 2, 1))
        self.layers = nn.Sequential(*layers, *([nn.Tanh()] if normalised else []))

    def forward(self, latents: Tensor) -> Tensor:
        return self.layers(functional.relu(self.start(latents)).unflatten(1, (-1, 4, 4)))


class Discriminator(nn.Module):
    """Maps (n, channels, side, side) to logits (n,), by convolutions that halve the side and double the channels.

    Args:
        channels: of the maps.
        width: channels after the first convolution.
        halvings: number of convolutions.
        side: of the maps [px].
        classes: number of classes; with some, it is also given the classes asked for (n,).
        normalised: ``group_norm`` after all convolutions but the first.
    """

    def __init__(self, channels: int, width: int, halvings: int, side: int, classes: int = 0, normalised: bool = False):
        super().__init__()
        self.side, self.label = side, label_maps(classes, side**2)
        inputs, layers = channels + bool(classes), []
        for level in range(halvings):
            outputs = width * 2**level
            layers.append(nn.Conv2d(inputs, outputs, 4, 2, 1))
            layers += [group_norm(outputs)] if normalised and level else []
            layers.append(nn.LeakyReLU(SLOPE))
            inputs = outputs
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(inputs * (side // 2**halvings) ** 2, 1))

    def forward(self, images: Tensor, classes: Tensor | None = None) -> Tensor:
        if self.label is not None:
            images = torch.cat([images, self.label(classes).unflatten(1, (1, self.side, self.side))], 1)
        return self.layers(images)[:, 0]


def adam(networks: nn.ModuleDict, rates: Mapping[str, float]) -> dict[str, torch.optim.Optimizer]:
    """Adam with the betas of DCGAN for each of the networks named in ``rates`` (step sizes by name)."""
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
    """One step of a discriminator, then one of the generator, with the losses of Goodfellow et al. (non-saturating).

    Args:
        discriminate: logits (n,) of images (n, C, H, W).
        real, made: images (n, C, H, W) of the data, and of the generator, whose gradient goes through them.
        step: the training step.
        smoothing: label of real images.
        r1: weight of the R1 penalty; 0 for none.
        prefix: before ``discriminator`` and ``generator`` in the names of optimisers and losses.
    """
    real = real.detach().requires_grad_(r1 > 0)
    # In single precision if penalised: the penalty is a derivative, and is differentiated once more.
    with step.twice_differentiable() if r1 else step.autocast():
        of_real = discriminate(real)
    with step.autocast():
        of_made = discriminate(made.detach())
    of_real, of_made = of_real.float(), of_made.float()
    entropy = functional.binary_cross_entropy_with_logits
    loss = entropy(of_real, torch.full_like(of_real, smoothing)) + entropy(of_made, torch.zeros_like(of_made))
    if r1:
        loss = loss + 0.5 * r1 * squared_gradient(of_real, real)
    step.update(f"{prefix}discriminator", loss)
    with step.autocast():
        of_made = discriminate(made)
    fooled = functional.softplus(-of_made.float()).mean()
    step.update(f"{prefix}generator", fooled)
    return {f"{prefix}discriminator": loss.detach(), f"{prefix}generator": fooled.detach()}
