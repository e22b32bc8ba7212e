"""Pictures inside the page: small enough to load at once, with their size, so that nothing moves while they do."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from galforge.errors import GalforgeError

_QUALITY = 80  # of WebP: noise of stamps keeps its rms within 1 %, and thin lines look as in the PNG
_PNG = b"\x89PNG\r\n\x1a\n"


class PictureError(GalforgeError):
    """A picture cannot be put on the page."""


@dataclass(frozen=True)
class Picture:
    """A picture as a ``data:`` address, and its size [px]."""

    data: str
    width: int
    height: int


def embedded(path: str | Path) -> Picture:
    """A PNG file as a picture of the page: as WebP, or as it is where that is smaller.

    Raises:
        PictureError: the file cannot be read or is no PNG.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise PictureError(f"{path}: the figure cannot be read ({error.strerror}); draw it again") from error
    if not content.startswith(_PNG):
        raise PictureError(f"{path}: is no PNG file; draw it again")
    try:
        with Image.open(io.BytesIO(content)) as opened:
            image = opened.convert("RGBA")
    except (OSError, SyntaxError) as error:
        raise PictureError(f"{path}: is no whole PNG file ({error}); draw it again") from error
    flat = Image.new("RGB", image.size, "white")
    flat.paste(image, mask=image)
    packed = io.BytesIO()
    # Sharp conversion of colours: thin coloured lines stay crisp.
    flat.save(packed, "WEBP", quality=_QUALITY, method=4, use_sharp_yuv=True)
    kind, smaller = ("webp", packed.getvalue()) if len(packed.getvalue()) < len(content) else ("png", content)
    text = base64.b64encode(smaller).decode("ascii")
    return Picture(f"data:image/{kind};base64,{text}", *flat.size)
