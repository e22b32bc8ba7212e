"""A Gaussian fitted to images: a mean, principal components and white noise, perhaps given conditions.

Diffusion models may take its exact denoiser as their linear part (Wang & Vastola 2023, arXiv:2311.10892), and the
family ``gaussian`` draws from it.
"""

import torch
from torch import Tensor, nn

from galforge.models.principal import Principal, principal
from galforge.models.protocol import Shape

_LEAST = 1e-8
"""Smallest variance of the white noise, so that channels without any still have a likelihood."""
_RIDGE = 1e-4
_MEAN_DEGREE, _VARIANCE_DEGREE = 3, 2
_ITERATIONS = 60
_COLUMNS = 2**14


class Gaussian(nn.Module):
    """N(mu, C) with C = U diag(l) U^T + R: orthonormal components U, and white noise R of one variance per channel.

    This is probabilistic PCA (Tipping & Bishop 1999) with a noise level for each channel. Given conditions u, the mean
    is a cubic and the log variance of each component a quadratic in each of them; U and R do not depend on them.
    Everything is a buffer, so the state is plain tensors and nothing is trained by gradient.

    Args:
        shape: (C, H, H) of the images, with an even side [px].
        components: the most components; those that the images do not support have variance 0.
        conditions: numbers per image that are given; 0 for none.

    Attributes:
        directions: components U (K, C, H, W) of norm 1.
        rest: variances R (C,) of the white noise.
    """

    def __init__(self, shape: Shape, components: int, conditions: int = 0):
        super().__init__()
        self.shape, self.conditions = tuple(shape), conditions
        count = min(components, shape[0] * shape[1] * shape[2])
        self.register_buffer("means", torch.zeros(1 + _MEAN_DEGREE * conditions, *shape))
        self.register_buffer("directions", torch.zeros(count, *shape))
        self.register_buffer("log_variances", torch.zeros(1 + _VARIANCE_DEGREE * conditions, count))
        self.register_buffer("noise", torch.ones(count))
        self.register_buffer("rest", torch.ones(shape[0]))
        self.register_buffer("overlaps", torch.zeros(shape[0], count, count))
        self.register_buffer("centre", torch.zeros(conditions))
        self.register_buffer("scale", torch.ones(conditions))
        self.register_buffer("ends", torch.zeros(2, conditions))

    @property
    def components(self) -> int:
        """Number of components K."""
        return len(self.directions)

    @torch.no_grad()
    def fit(self, images: Tensor, numbers: Tensor | None = None, turned: bool = True) -> None:
        """Fit everything to images, by least squares and likelihood; before, it is a standard normal.

        The variances of components and of the rest are corrected for the number of images (``principal``): components
        follow the noise of the images that they are fitted to.

        Args:
            images: normalised ones (n, C, H, W) float32, on the device of the buffers.
            numbers: encoded conditions (n, conditions); None without conditions.
            turned: whether all eight orientations of each image count.
        """
        if self.conditions:
            self.centre.copy_(numbers.mean(0))
            spread = numbers.std(0, correction=0)
            self.scale.copy_(torch.where(spread > 0, spread, 1.0))
            self.ends.copy_(torch.stack([numbers.amin(0), numbers.amax(0)]))
        features = self._powers(numbers, len(images), _MEAN_DEGREE).double()
        means = _solved(features, images.flatten(1)).unflatten(1, self.shape)
        if turned:
            means = _symmetric(means)
        self.means.copy_(means)
        residuals = images - self.mean(numbers)
        found = principal(residuals, self.components, turned, parameters=features.shape[1])
        self.directions.copy_(found.directions)
        self.rest.copy_(found.rest.clamp_min(_LEAST))
        self.noise.copy_(found.variances - found.signal)
        flat = self.directions.flatten(2)
        self.overlaps.copy_(torch.einsum("kcp,lcp->ckl", flat, flat))
        self.log_variances.copy_(self._log_variances(residuals, numbers, found))

    def mean(self, numbers: Tensor | None = None) -> Tensor:
        """mu (n, C, H, W) for conditions (n, conditions), or (1, C, H, W) without."""
        if not self.conditions:
            return self.means
        return (self._powers(numbers, len(numbers), _MEAN_DEGREE) @ self.means.flatten(1)).unflatten(1, self.shape)

    def variances(self, numbers: Tensor | None = None) -> Tensor:
        """l (n, K) for conditions (n, conditions), or (1, K) without: of components, the white noise not included."""
        count = len(numbers) if self.conditions else 1
        logarithms = self._powers(numbers, count, _VARIANCE_DEGREE) @ self.log_variances
        return (logarithms.exp() - self.noise).clamp_min(0)

    def draw(self, coefficients: Tensor, white: Tensor, numbers: Tensor | None = None) -> Tensor:
        """Images (n, C, H, W) of standard normal numbers: coefficients (n, K) and white noise (n, C, H, W).

        Standard normal white noise times sigma, added to them, gives N(mu, C + sigma^2), with which a diffusion starts.
        """
        return self.expected(coefficients, numbers) + self._wide(self.rest.sqrt()) * white

    def expected(self, coefficients: Tensor, numbers: Tensor | None = None) -> Tensor:
        """Images (n, C, H, W) of coefficients (n, K) in units of their standard deviations, without white noise."""
        scaled = coefficients * self.variances(numbers).sqrt()
        return self.mean(numbers) + (scaled @ self.directions.flatten(1)).unflatten(1, self.shape)

    def denoise(self, noisy: Tensor, sigma: Tensor, numbers: Tensor | None = None) -> Tensor:
        """Posterior mean E[x | x + sigma n] = mu + C (C + sigma^2)^-1 (noisy - mu): the Wiener filter.

        Args:
            noisy: images (n, C, H, W) with white noise of this standard deviation added.
            sigma: () or (n,), above 0.
            numbers: encoded conditions (n, conditions); None without conditions.
        """
        sigma = torch.as_tensor(sigma, dtype=noisy.dtype, device=noisy.device).reshape(-1)
        mean, inverse = self.mean(numbers), self._inverse(sigma)
        residuals = noisy - mean
        # H = R A + sigma^2 A U S M S U^T A with A = 1 / (R + sigma^2), by Woodbury; nothing cancels at any sigma.
        inner = self._inner(residuals * self._wide(inverse), sigma, numbers)
        low = (inner @ self.directions.flatten(1)).unflatten(1, self.shape)
        return mean + self._wide(self.rest * inverse) * residuals + self._wide(sigma[:, None] ** 2 * inverse) * low

    def posterior_variance(self, sigma: Tensor, numbers: Tensor | None = None) -> Tensor:
        """Mean over pixels (n,) of the variance of x given x + sigma n: trace of sigma^2 C (C + sigma^2)^-1 over them.

        It is the mean squared error of ``denoise`` for images of this Gaussian. Without conditions n is the length of
        ``sigma``, which is () or (n,).
        """
        sigma = torch.as_tensor(sigma, dtype=self.rest.dtype, device=self.rest.device).reshape(-1)
        inverse, pixels = self._inverse(sigma), self.shape[1] * self.shape[2]
        root = self.variances(numbers).sqrt()
        if self.shape[0] == 1:
            low = (root**2 * inverse**2 / (1 + root**2 * inverse)).sum(1)
        else:
            factor = self._factor(inverse, root)
            overlaps = root[:, :, None] * self._overlaps(inverse**2) * root[:, None, :]
            low = torch.cholesky_solve(overlaps, factor).diagonal(dim1=1, dim2=2).sum(1)
        square = sigma**2
        return square * (pixels * (self.rest * inverse).sum(1) + square * low) / (pixels * self.shape[0])

    def posterior(self, images: Tensor, numbers: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Mean (n, K) of the coefficients of noiseless images (n, C, H, W), and a Cholesky factor (n or 1, K, K) of
        the inverse of their covariance, both in units of the coefficients' standard deviations."""
        zero = torch.zeros(1, device=images.device)
        inverse, root = self._inverse(zero), self.variances(numbers).sqrt()
        projected = self._projected((images - self.mean(numbers)) * self._wide(inverse)) * root
        factor = self._factor(inverse, root)
        return torch.cholesky_solve(projected[:, :, None], factor)[:, :, 0], factor

    def spread(self, covariance: Tensor, numbers: Tensor | None = None) -> Tensor:
        """Variance per channel (n or 1, C) of expected images whose coefficients have a covariance (n or 1, K, K)."""
        root = self.variances(numbers).sqrt()
        covariance = root[:, :, None] * covariance * root[:, None, :]
        return covariance.flatten(1) @ self.overlaps.flatten(1).T / (self.shape[1] * self.shape[2])

    def coloured(self, white: Tensor, sigma: float, numbers: Tensor | None = None) -> Tensor:
        """Images (n, C, H, W) of N(mu, C + sigma^2) for standard normal numbers of the same shape, one to one."""
        return self.mean(numbers) + self._rooted(white, sigma, numbers, after=True)

    def whitened(self, noisy: Tensor, sigma: float, numbers: Tensor | None = None) -> Tensor:
        """The inverse of ``coloured``."""
        return self._rooted(noisy - self.mean(numbers), sigma, numbers, after=False)

    def _rooted(self, images: Tensor, sigma: float, numbers: Tensor | None, after: bool) -> Tensor:
        """T^1/2 (1 + B B^T)^1/2 times images, with T = R + sigma^2 and B = T^-1/2 U S, or its inverse.

        The eigenvectors of B B^T are B V / k^1/2, with B^T B = V diag(k) V^T.
        """
        inverse = self._inverse(torch.full((1,), sigma, device=images.device))
        root, scale = self.variances(numbers).sqrt(), self._wide(inverse.rsqrt())
        inner = root[:, :, None] * self._overlaps(inverse) * root[:, None, :]
        values, vectors = torch.linalg.eigh(inner)
        values = values.clamp_min(0)
        # ((1 + k)^1/2 - 1) / k, and that of the inverse root, without cancellation for small k.
        grown = (1 + values).sqrt()
        change = 1 / (grown + 1) if after else -1 / (grown * (grown + 1))
        white = images if after else images / scale
        projected = (self._projected(white / scale) * root)[:, None, :]
        low = ((projected @ vectors * change[:, None, :]) @ vectors.mT)[:, 0] * root
        white = white + (low @ self.directions.flatten(1)).unflatten(1, self.shape) / scale
        return white * scale if after else white

    def _inner(self, weighted: Tensor, sigma: Tensor, numbers: Tensor | None) -> Tensor:
        """S M S U^T times weighted images: (n, K), with S = l^1/2 and M = (1 + S U^T A U S)^-1."""
        inverse, root = self._inverse(sigma), self.variances(numbers).sqrt()
        projected = self._projected(weighted)
        if self.shape[0] == 1:
            # With one channel U^T A U is a number times one.
            return projected * root**2 / (1 + root**2 * inverse)
        projected = root * projected
        factor = self._factor(inverse, root)
        if len(factor) == 1:
            return root * torch.cholesky_solve(projected.T, factor[0]).T
        return root * torch.cholesky_solve(projected[:, :, None], factor)[:, :, 0]

    def _factor(self, inverse: Tensor, root: Tensor) -> Tensor:
        """Cholesky factor (n, K, K) of 1 + S U^T A U S."""
        inner = root[:, :, None] * self._overlaps(inverse) * root[:, None, :]
        return torch.linalg.cholesky_ex(inner + torch.eye(self.components, device=inner.device)).L

    def _overlaps(self, weights: Tensor) -> Tensor:
        return (weights @ self.overlaps.flatten(1)).unflatten(1, (self.components, self.components))

    def _inverse(self, sigma: Tensor) -> Tensor:
        """A = 1 / (R + sigma^2), (n, C)."""
        return 1 / (self.rest + sigma[:, None] ** 2)

    def _projected(self, residuals: Tensor) -> Tensor:
        return residuals.flatten(1) @ self.directions.flatten(1).T

    def _wide(self, values: Tensor) -> Tensor:
        """Values (..., C) as (..., C, 1, 1)."""
        return values[..., None, None]

    def _powers(self, numbers: Tensor | None, count: int, degree: int) -> Tensor:
        """Powers (n, 1 + degree * conditions) of the standardised conditions, kept within the range of the fit."""
        one = torch.ones(count, 1, device=self.means.device)
        if not self.conditions:
            return one
        standard = (numbers.clamp(self.ends[0], self.ends[1]) - self.centre) / self.scale
        return torch.cat([one, *(standard**power for power in range(1, degree + 1))], 1)

    def _log_variances(self, residuals: Tensor, numbers: Tensor | None, found: Principal) -> Tensor:
        """Coefficients (1 + degree * conditions, K) of the log variances, white noise included."""
        variances = found.variances.clamp_min(torch.finfo(torch.float32).tiny)
        out = torch.zeros_like(self.log_variances, dtype=torch.float64)
        if self.conditions:
            squares = self._projected(residuals).double().square()
            squares = (squares + squares[:, found.partners]) / 2
            features = self._powers(numbers, len(residuals), _VARIANCE_DEGREE).double()
            out = _gamma_regression(features, squares / squares.mean(0).clamp_min(torch.finfo(torch.float32).tiny))
        out[0] += variances.log()
        return out


def _solved(features: Tensor, values: Tensor) -> Tensor:
    """Least-squares coefficients (p, d) float64 of values (n, d) on features (n, p) float64; a small ridge."""
    normal = features.T @ features
    ridge = _RIDGE * len(features) * torch.eye(len(normal), dtype=normal.dtype, device=normal.device)
    # The constant is not drawn to zero.
    ridge[0, 0] = 0
    weights = torch.linalg.solve(normal + ridge, features.T)
    return torch.cat([weights @ some.double() for some in values.split(_COLUMNS, 1)], 1)


def _symmetric(images: Tensor) -> Tensor:
    """Mean of the eight orientations of images (n, C, H, H)."""
    images = (images + images.flip(-1)) / 2
    images = (images + images.flip(-2)) / 2
    return (images + images.mT) / 2


def _gamma_regression(features: Tensor, values: Tensor) -> Tensor:
    """Coefficients (p, k) of the log of the mean of values (n, k) >= 0, by likelihood for scaled chi-squared values.

    Fisher scoring of a gamma regression with logarithmic link (McCullagh & Nelder 1989, section 8.3), with steps of at
    most 1 in any logarithm.
    """
    out = torch.zeros(features.shape[1], values.shape[1], dtype=features.dtype, device=features.device)
    for _ in range(_ITERATIONS):
        change = _solved(features, values * torch.exp(-(features @ out)) - 1)
        largest = (features @ change).abs().amax(0)
        out += change / largest.clamp_min(1)
    return out
