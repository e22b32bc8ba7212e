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
    def follow(self, numbers: Tensor | None, means: Tensor, spread: Tensor, step: Step) -> None:
        """Move the moments towards those of a training step.

        Args:
            numbers: of the conditions (n, features); None without conditions.
            means: of the encodings (n, latent).
            spread: their covariance (latent, latent) about these means, averaged over the images.
            step: the training step.
        """
        joint = means if numbers is None else torch.cat([numbers, means], 1)
        # About the mean so far: differences of squares would lose the digits of small variances.
        offsets = joint.float() - self.mean
        squares = offsets.T @ offsets / len(offsets)
        squares[self.features :, self.features :] += spread
        shift, squares = step.mean(offsets.mean(0)), step.mean(squares)
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
