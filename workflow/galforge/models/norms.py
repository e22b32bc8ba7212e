"""Group normalisation that leaves maps in their precision and order in memory on a GPU."""

from typing import Any

import torch
from torch import Tensor, nn

from galforge.models.device import full_precision


class GroupNorm(nn.GroupNorm):
    """Group normalisation (Wu & He 2018, arXiv:1803.08494), with the weights and settings of torch's.

    torch's kernel for GPUs wants each channel by itself: it clones maps with channels side by side (channels_last)
    before every norm, and under autocast it makes single-precision maps. Its kernel for CPUs does neither.
    """

    def forward(self, features: Tensor) -> Tensor:
        if features.device.type != "cuda":
            return super().forward(features)
        return normalised(features, self.num_groups, self.weight, self.bias, self.eps)


def normalised(features: Tensor, groups: int, weight: Tensor, bias: Tensor, epsilon: float) -> Tensor:
    """Maps (n, c, h, w) with mean 0 and variance 1 in each group of channels, times ``weight`` (c,) plus ``bias`` (c,).

    The result has the type and strides of the maps; moments are float32.
    """
    with full_precision(features.device):
        return _Normalise.apply(features, weight, bias, groups, epsilon)[0]


class _Normalise(torch.autograd.Function):
    """Maps, means and inverse deviations (n, groups, 1). The backward pass can be differentiated again."""

    @staticmethod
    def forward(
        ctx: Any, features: Tensor, weight: Tensor, bias: Tensor, groups: int, epsilon: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        # Views: pixels (n, h w, groups, c / groups) of maps in either order.
        pixels = features.movedim(1, -1).flatten(1, 2).unflatten(2, (groups, -1))
        ctx.size = pixels.shape[1] * pixels.shape[3]
        mean = (pixels.sum((1, 3), dtype=torch.float32) / ctx.size)[..., None]
        # A difference of squares reads maps once and needs no copy of them. It loses digits only where a mean is many
        # deviations from zero, as it is not behind a convolution.
        squares = torch.linalg.vector_norm(pixels, dim=(1, 3), dtype=torch.float32).square()[..., None] / ctx.size
        inverse = ((squares - mean.square()).clamp_min(0) + epsilon).rsqrt()
        ctx.save_for_backward(features, weight, mean, inverse)
        scale = weight.unflatten(0, (groups, -1)) * inverse
        shift = bias.unflatten(0, (groups, -1)) - mean * scale
        return torch.addcmul(_for_maps(shift, features), features, _for_maps(scale, features)), mean, inverse

    @staticmethod
    def backward(ctx: Any, given: Tensor, of_mean: Tensor, of_inverse: Tensor) -> tuple[Tensor | None, ...]:
        features, weight, mean, inverse = ctx.saved_tensors
        shape = (mean.shape[1], -1)
        # Sums over pixels, and with the weights over a group: (n, groups, c / groups) and (n, groups, 1).
        level = given.sum((2, 3), dtype=torch.float32).unflatten(1, shape)
        along = (given * features).sum((2, 3), dtype=torch.float32).unflatten(1, shape)
        along = (along - mean * level) * inverse
        factors = weight.unflatten(0, shape)
        level_of_group = (factors * level).sum(2, keepdim=True) / ctx.size
        # The inverse deviation depends on maps by their distance from the mean.
        cubed = inverse.square() * ((factors * along).sum(2, keepdim=True) + inverse * of_inverse) / ctx.size
        shift = (of_mean / ctx.size - level_of_group * inverse + cubed * mean).expand(-1, -1, factors.shape[1])
        share, scale = (-cubed).expand_as(shift), factors * inverse
        inner = torch.addcmul(_for_maps(shift, features), features, _for_maps(share, features))
        of_features = torch.addcmul(inner, given, _for_maps(scale, features))
        return of_features, along.flatten(1).sum(0), level.flatten(1).sum(0), None, None


def _for_maps(numbers: Tensor, features: Tensor) -> Tensor:
    """Numbers (n, groups, c / groups) as (n, c, 1, 1), of the type of maps."""
    return numbers.flatten(1)[:, :, None, None].to(features.dtype)
