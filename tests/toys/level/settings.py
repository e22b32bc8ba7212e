"""Nothing to choose but the conditions."""

from galforge.settings import Settings

IN_DIGEST = False
LIBRARIES = ("torch",)


class ModelSettings(Settings):
    """White noise."""

    conditions: list[str] = []


def check_shape(settings, shape):
    """Any shape will do."""
