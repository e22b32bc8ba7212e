"""Where the encodings of training galaxies lie: a Gaussian that latent vectors are drawn from."""

import torch
from torch import Tensor, nn

from galforge.models.device import full_precision
from galforge.models.protocol import Step

_WINDOW = 20_000
"""Images over which mean and covariance are taken [images]."""
_SHARE = 0.2
"""Longest window as a share of the images seen, so that encodings of an early encoder are forgotten."""
_RIDGE = 1e-3
"""Added to the variances of the conditions' numbers, which are of order one and nearly collinear."""

_ROUNDING = 1e-6
"""Added to variances, relative to them: more than the running moments, float32, are rounded by."""

_MOMENTS = ("shift", "squares")
"""Names of what ``moments_of`` says."""


class Latents(nn.Module):
    """One Gaussian for all encodings, q(z) averaged over the training galaxies (Ghosh et al. 2020, arXiv:1903.12436).

    An autoencoder is trained with a standard normal prior, but the encodings of its galaxies have another mean and
    covariance: a vector from the prior lies mostly where none is, and is decoded to no galaxy. With conditions, mean
    and covariance are those given the conditions: the mean follows their numbers linearly, by the joint covariance.

    Buffers are running moments and not a Cholesky factor, because the EMA of the weights averages them.

    Args:
        latent: length of the latent vectors.
        features: numbers per image that encode its conditions; 0 without conditions.
    """

    def __init__(self, latent: int, features: int):
        super().__init__()
        self.features = features
        self.register_buffer("mean", torch.zeros(features + latent))
        self.register_buffer("covariance", torch.eye(features + latent))

    @torch.no_grad()
    def moments(self, numbers: Tensor | None, means: Tensor, spread: Tensor) -> tuple[Tensor, Tensor]:
        """Mean (features + latent,) and second moments of some images about the mean so far, for ``follow``.

        Both are means over images, which can be averaged over parts of a batch.

        Args:
            numbers: of the conditions (n, features); None without conditions.
            means: of the encodings (n, latent).
            spread: their covariance (latent, latent) about these means, averaged over the images.
        """
        joint = means if numbers is None else torch.cat([numbers, means], 1)
        # About the mean so far: differences of squares would lose the digits of small variances.
        offsets = joint.float() - self.mean
        squares = offsets.T @ offsets / len(offsets)
        squares[self.features :, self.features :] += spread
        return offsets.mean(0), squares

    @torch.no_grad()
    def follow(self, shift: Tensor, squares: Tensor, step: Step) -> None:
        """Move the running moments towards those of a training step, given as ``moments`` gives them."""
        shift, squares = step.mean(shift), step.mean(squares)
        seen = step.images_seen + step.batch
        weight = step.batch / max(step.batch, min(_WINDOW, _SHARE * seen))
        self.covariance.lerp_(squares, weight).sub_(weight**2 * torch.outer(shift, shift))
        self.mean.add_(weight * shift)

    def forward(self, noise: Tensor, numbers: Tensor | None) -> Tensor:
        """Latent vectors (n, latent): mu + L noise, of standard normal ``noise``, given the numbers (n, features).

        Networks may run in lower precision, this not, and in double precision: a rounded covariance of latents that
        are nearly collinear has negative variances.
        """
        given, latent = slice(None, self.features), slice(self.features, None)
        with full_precision(noise.device):
            joint, mean = self.covariance.double(), self.mean[latent]
            joint = joint + _ROUNDING * torch.diag(joint.diagonal())
            covariance = joint[latent, latent]
            if numbers is not None:
                ridge = _RIDGE * torch.eye(self.features, dtype=joint.dtype, device=noise.device)
                slopes = torch.linalg.solve(joint[given, given] + ridge, joint[given, latent])
                mean = mean + (numbers - self.mean[given]) @ slopes.float()
                # Of what the conditions do not say: [-slopes, 1] times the joint covariance from both sides.
                rest = torch.cat([-slopes, torch.eye(len(covariance), dtype=joint.dtype, device=noise.device)])
                covariance = rest.T @ joint @ rest
            return mean + noise @ torch.linalg.cholesky(covariance).float().T


def moments_of(latents: Latents | None, numbers: Tensor | None, means: Tensor, spread: Tensor) -> dict[str, Tensor]:
    """``Latents.moments`` of a micro-batch by name, for ``followed_by``; nothing without latents."""
    return {} if latents is None else dict(zip(_MOMENTS, latents.moments(numbers, means, spread), strict=True))


def followed_by(latents: Latents | None, said: dict[str, Tensor], step: Step) -> dict[str, Tensor]:
    """Have the latents, if there are any, follow the moments among what a step's terms said; the rest of it."""
    if latents is not None:
        latents.follow(*(said[name] for name in _MOMENTS), step)
    return {name: value for name, value in said.items() if name not in _MOMENTS}
