"""Networks of the conditional variational autoencoder of Li et al. (2024), in the layers of their code."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from galforge.models import keras
from galforge.models.conditions import beside, conditioning_of, features_of
from galforge.models.cvae.settings import ModelSettings
from galforge.models.normalisation import Normalisation
from galforge.models.vae.latents import Latents
from galforge.models.vae.networks import Observation

_SMALLEST_DIAGONAL = 1e-5


class Networks(nn.Module):
    """All that the autoencoder learns."""

    def __init__(self, settings: ModelSettings, shape: tuple[int, int, int], normalisation: Normalisation):
        super().__init__()
        published = settings.variant == "published"
        self.conditioning = conditioning_of(settings, raw=published)
        features = features_of(self.conditioning)
        sizes = (settings.width, settings.hidden, settings.latent)
        self.encoder = Encoder(shape, sizes, features)
        self.decoder = Decoder(shape, sizes, features, negative=not published)
        self.observation = None if published else Observation(normalisation)
        fitted = not published and settings.prior == "fitted"
        self.latents = Latents(settings.latent, features) if fitted else None
        self.encoder.apply(keras.initialise)
        self.decoder.apply(keras.initialise)


class Encoder(nn.Module):
    """Images (n, C, H, W) and conditions (n, features) to mean and root of the covariance of the latent vector.

    Args:
        shape: (C, H, W) of the images [px].
        sizes: channels of the first maps, length of the first hidden layer, length of the latent vector.
        features: numbers per image that encode its conditions.
    """

    def __init__(self, shape: tuple[int, int, int], sizes: tuple[int, int, int], features: int):
        super().__init__()
        width, hidden, latent = sizes
        self.latent = latent
        self.first = nn.Conv2d(shape[0], width, 3, stride=2)
        self.second = nn.Conv2d(width, 2 * width, 3, stride=2)
        self.third = nn.Conv2d(2 * width, 4 * width, 2)
        inputs = sum(math.prod(each) for each in shapes_of_maps(width, shape[1])) + features
        self.dense = nn.Sequential(
            nn.Linear(inputs, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden // 2),
            nn.ReLU(),
            nn.Linear(hidden // 2, latent + latent * (latent + 1) // 2),
        )
        # Row-major places of the lower triangle in the root of the covariance.
        rows, columns = torch.tril_indices(latent, latent)
        self.register_buffer("places", rows * latent + columns, persistent=False)

    def forward(self, images: Tensor, conditions: Tensor | None) -> tuple[Tensor, Tensor]:
        """Mean (n, latent) and lower triangular root (n, latent, latent) of the covariance."""
        first = functional.relu(self.first(_padded(images)))
        second = functional.relu(self.second(_padded(first)))
        third = functional.relu(self.third(_padded(second)))
        flat = [each.flatten(1) for each in (third, second, first)]
        out = self.dense(beside(torch.cat(flat, 1), conditions)).float()
        mean, entries = out[:, : self.latent], out[:, self.latent :]
        root = torch.zeros(len(out), self.latent**2, device=out.device).index_copy(1, self.places, entries)
        root = root.unflatten(1, (self.latent, self.latent))
        diagonal = functional.softplus(root.diagonal(dim1=1, dim2=2)) + _SMALLEST_DIAGONAL
        return mean, root.tril(-1) + torch.diag_embed(diagonal)


class Decoder(nn.Module):
    """Latent vectors (n, latent) and conditions (n, features) to images (n, C, H, W); see ``Encoder``.

    Args:
        negative: whether pixels can be negative; otherwise images end in a ReLU, as in the published code.
    """

    def __init__(self, shape: tuple[int, int, int], sizes: tuple[int, int, int], features: int, negative: bool):
        super().__init__()
        width, hidden, latent = sizes
        self.negative, self.maps = negative, shapes_of_maps(width, shape[1])
        self.dense = nn.Sequential(
            nn.Linear(latent + features, hidden // 2),
            nn.ReLU(),
            nn.Linear(hidden // 2, hidden),
            nn.ReLU(),
            nn.Linear(hidden, sum(math.prod(each) for each in self.maps)),
            nn.ReLU(),
        )
        self.third = nn.ConvTranspose2d(4 * width, 2 * width, 2)
        self.second = nn.ConvTranspose2d(2 * width, width, 3, stride=2)
        self.first = nn.ConvTranspose2d(width, shape[0], 3, stride=2)

    def forward(self, latents: Tensor, conditions: Tensor | None) -> Tensor:
        flat = self.dense(beside(latents, conditions))
        parts = flat.split([math.prod(each) for each in self.maps], 1)
        coarse, middle, fine = (part.unflatten(1, each) for part, each in zip(parts, self.maps, strict=True))
        features = functional.relu(_cut(self.third(coarse), middle)) + middle
        features = functional.relu(_cut(self.second(features), fine)) + fine
        images = self.first(features)[:, :, : 2 * fine.shape[2], : 2 * fine.shape[3]]
        return images if self.negative else functional.relu(images)


def shapes_of_maps(width: int, side: int) -> list[tuple[int, int, int]]:
    """(channels, h, w) of the three maps of an image of ``side`` pixels, from the last convolution to the first."""
    half, fourth = side // 2, side // 4
    return [(4 * width, fourth, fourth), (2 * width, fourth, fourth), (width, half, half)]


def _padded(features: Tensor) -> Tensor:
    """Maps padded as TensorFlow's "same" does for these convolutions: by a row and a column at the far end."""
    return functional.pad(features, (0, 1, 0, 1))


def _cut(features: Tensor, like: Tensor) -> Tensor:
    """Maps cropped to the size of others at the far end, as "same" does after transposed convolutions."""
    return features[:, :, : like.shape[2], : like.shape[3]]
