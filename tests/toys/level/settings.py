"""Nothing to choose but the conditions."""

from pydantic import Field

from galforge.settings import Settings

IN_DIGEST = False
LIBRARIES = ("torch",)


class ModelSettings(Settings):
    """White noise."""

    conditions: list[str] = Field(default_factory=list)


def check_shape(settings, shape):
    """Any shape will do."""
