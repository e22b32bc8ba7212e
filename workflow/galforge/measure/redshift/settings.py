"""Settings of the measurement of redshifts from stamps."""

from typing import Literal

from pydantic import Field

from galforge.settings import Settings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("numpy", "torch", "safetensors")
BY_NETWORK = True


class MeasureSettings(Settings):
    """Redshifts by a network that was trained on real stamps."""

    model: str = "redshift_cnn"
    """the network, trained on each data set that has redshifts [a key of `models`]"""
    seed: int = Field(0, ge=0)
    """seed of its training"""
    batch: int = Field(64, ge=1)
    """images per batch; changes the last digits [count]"""
    threads: int = Field(1, ge=1)
    """CPU threads of the network; changes the last digits [count]"""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto: a GPU where available"""

    @property
    def engine(self) -> str:
        """Name of what measures, the network and its seed."""
        return f"{self.model} (seed {self.seed})"
