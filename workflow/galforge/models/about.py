"""What a file of weights says of itself, read without torch."""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from galforge.errors import GalforgeError

KEY = "galforge"


def read_about(path: Path) -> dict[str, Any]:
    """Family, network_settings, shape, normalisation, header, images_seen and seed of exported weights.

    Raises:
        GalforgeError: no such file, or none of galforge's.
    """
    try:
        with safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
    except (OSError, SafetensorError) as error:
        raise GalforgeError(
            f"{path}: cannot be read as weights ({error}); remove it to have it exported again"
        ) from error
    if KEY not in metadata:
        raise GalforgeError(f"{path}: holds weights, but not galforge's: the entry {KEY!r} is missing in its metadata")
    return json.loads(metadata[KEY])
