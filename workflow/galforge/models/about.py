"""The description in a file of weights, read without torch."""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from galforge.errors import GalforgeError

KEY = "galforge"


def read_about(path: Path) -> dict[str, Any]:
    """The description of exported weights: what ``weights.write`` was given, such as family, shape and seed.

    Raises:
        GalforgeError: no such file, or not one of galforge's.
    """
    try:
        with safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
    except (OSError, SafetensorError) as error:
        raise GalforgeError(
            f"{path}: cannot be read as weights ({error}); remove it and run again, which makes it again"
        ) from error
    if KEY not in metadata:
        raise GalforgeError(f"{path}: holds weights, but not galforge's: its metadata lack the entry {KEY!r}")
    return json.loads(metadata[KEY])
