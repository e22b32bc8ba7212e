"""What a denoiser need not learn: a known prediction of the image, and the size of the error that it leaves.

A noisy image is x = image + sigma noise. The denoiser is D(x, sigma) = known(x, sigma) + error(sigma) F, where F is the
network, whose target has a mean square of about one at every level (Karras et al. 2022, arXiv:2206.00364, section 5).
Errors and F are those of coefficients of patches (``galforge.models.patches``), of the size that the network works in.
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from galforge.models.edm.steps import Steps


class Known(nn.Module, ABC):
    """Base of the known predictions: one that is only a number times the noisy image, without mean or correlations.

    Noise levels are tensors (n or 1, 1, 1, 1) where networks are evaluated.

    Attributes:
        images: number of images that the network sees of each noisy one.
    """

    images = 1

    def fit(self, images: Tensor, given: Tensor | None, turned: bool) -> None:
        """Fit to images before the training, if there is anything to fit; see ``galforge.models.protocol.Fitted``."""

    @abstractmethod
    def expected(self, noisy: Tensor, sigma: Tensor, given: Tensor | None) -> Tensor:
        """Images (n, C, H, W) that are predicted of noisy ones; ``given`` is (n, features), if there are conditions."""

    @abstractmethod
    def error(self, sigma: Tensor, given: Tensor | None) -> Tensor:
        """Root mean square error of these predictions, (n, 1, 1, 1) or (n, d, 1, 1) for each coefficient of a patch."""

    @abstractmethod
    def seen(self, noisy: Tensor, expected: Tensor, sigma: Tensor) -> Tensor:
        """What the network sees (n, images * C, H, W), of order one at every level."""

    def turned(self, images: Tensor, back: bool = False) -> Tensor:
        """Images (n, C, H, W) in the combinations of bands that the network works with, or those ``back`` as bands."""
        return images

    def start(self, latents: Tensor, sigma: float, given: Tensor | None) -> Tensor:
        """Noisy images of the first level for standard normal numbers; both are (n, C, H, W)."""
        return sigma * latents

    def latents(self, noisy: Tensor, sigma: float, given: Tensor | None) -> Tensor:
        """The inverse of ``start``."""
        return noisy / sigma

    def steps(self, given: Tensor | None) -> Steps:
        """Steps from one noise level to another, for images with such conditions."""
        return Steps()


class White(Known):
    """Pixels are independent normal numbers: the preconditioning of EDM (Karras et al. 2022, table 1).

    Args:
        sd: standard deviation of the pixels, sigma_data [normalised unit].
    """

    def __init__(self, sd: float):
        super().__init__()
        self.sd = sd

    def expected(self, noisy: Tensor, sigma: Tensor, given: Tensor | None) -> Tensor:
        """c_skip times the noisy image; see ``Known``."""
        return self.sd**2 / (sigma**2 + self.sd**2) * noisy

    def error(self, sigma: Tensor, given: Tensor | None) -> Tensor:
        """c_out; see ``Known``."""
        return sigma * self.sd * torch.rsqrt(sigma**2 + self.sd**2)

    def seen(self, noisy: Tensor, expected: Tensor, sigma: Tensor) -> Tensor:
        """c_in times the noisy image; see ``Known``."""
        return noisy * torch.rsqrt(sigma**2 + self.sd**2)


class Flow(Known):
    """Flow matching on straight paths (Lipman et al. 2023, arXiv:2210.02747), in terms of noise levels.

    At time t = sigma / (1 + sigma) a path is at (1 - t) image + t noise = x / (1 + sigma). The network predicts image -
    noise, so that the image is x / (1 + sigma) + t F.
    """

    def expected(self, noisy: Tensor, sigma: Tensor, given: Tensor | None) -> Tensor:
        """Where the path is; see ``Known``."""
        return noisy / (1 + sigma)

    def error(self, sigma: Tensor, given: Tensor | None) -> Tensor:
        """The time t; see ``Known``."""
        return sigma / (1 + sigma)

    def seen(self, noisy: Tensor, expected: Tensor, sigma: Tensor) -> Tensor:
        """Where the path is; see ``Known``."""
        return expected
