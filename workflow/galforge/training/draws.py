"""Random numbers of a training step, the same for an image whichever process it is in."""

import torch
from torch import Tensor

from galforge.seeds import seed_of


def torch_seed(*key: int | str) -> int:
    """A seed for torch's generators, which take 63 bits."""
    return seed_of(*key) % 2**63


class Draws:
    """Random numbers for some rows of a batch.

    Numbers are drawn for all rows, so that sharing a batch between processes changes none.

    Args:
        seed: of the step.
        batch: images in the whole batch.
        rows: the rows of this process.
        device: where the numbers are drawn; another kind of device gives other numbers.
    """

    def __init__(self, seed: int, batch: int, rows: slice, device: torch.device):
        self.batch, self.rows, self.device = batch, rows, device
        self._generator = torch.Generator(device).manual_seed(seed)

    def normal(self, *shape: int) -> Tensor:
        """Standard normal numbers (rows, *shape) float32."""
        return torch.randn((self.batch, *shape), generator=self._generator, device=self.device)[self.rows]

    def uniform(self, *shape: int) -> Tensor:
        """Numbers (rows, *shape) float32, uniform in [0, 1)."""
        return torch.rand((self.batch, *shape), generator=self._generator, device=self.device)[self.rows]
