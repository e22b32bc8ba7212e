"""Typed settings of the template family."""

from pydantic import Field

from galforge.errors import GalforgeError
from galforge.settings import Settings

LIBRARIES = ("torch",)


class ModelSettings(Settings):
    """A galaxy is one template times its brightness, plus scatter."""

    learning_rate: float = Field(0.05, gt=0, description="step size of Adam")


def check_shape(settings: ModelSettings, shape: tuple[int, int, int]) -> None:
    """Refuse images that are not square."""
    if shape[1] != shape[2]:
        raise GalforgeError(f"model template: images are {shape[1]} x {shape[2]} pixels, but must be square")
