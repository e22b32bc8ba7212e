"""One image of the release: its PNG, checked before it is decoded, its background, and its thumbnail."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

from galforge.raw.rejections import Rejected

THUMBNAIL = 64
"""Side of a thumbnail [px]."""
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GRAY = 0  # PNG's colour type of gray without alpha
_UNDECODABLE = (OSError, EOFError, SyntaxError, ValueError, zlib.error, struct.error, Image.DecompressionBombError)


def levels(content: bytes, size: int) -> np.ndarray:
    """The levels (size, size) uint8 in the bytes of an 8-bit gray PNG.

    Size and kind are read from the header first, so that no image of another size is ever decoded.

    Raises:
        Rejected: the bytes are no whole PNG, are damaged, or hold an image of another kind or size.
    """
    width, height, depth, colour = _header(content)
    if (depth, colour) != (8, _GRAY):
        raise Rejected("not 8-bit gray", f"{depth} bits, PNG colour type {colour}")
    if (height, width) != (size, size):
        raise Rejected("another size", f"{height} x {width} px, size is {size}")
    _whole(content)
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            if image.mode != "L":
                raise Rejected("not 8-bit gray", f"mode {image.mode}")
            return np.array(image)
    except _UNDECODABLE as error:
        raise Rejected("damaged PNG", str(error)) from error


def _header(content: bytes) -> tuple[int, int, int, int]:
    """Width, height [px], bits per level and colour type."""
    if not content.startswith(_SIGNATURE):
        raise Rejected("not a PNG", "it is empty" if not content else f"it begins with {content[:8]!r}")
    if len(content) < 33 or content[12:16] != b"IHDR":
        raise Rejected("damaged PNG", "its header is cut short or is not the first chunk")
    return struct.unpack(">IIBB", content[16:26])


def _whole(content: bytes) -> None:
    """Check all chunks: Pillow ignores the checksums of pixel chunks, and reads PNGs that lack their end."""
    start = len(_SIGNATURE)
    while start + 12 <= len(content):
        length, kind = struct.unpack(">I4s", content[start : start + 8])
        stop = start + 12 + length
        if stop > len(content):
            break
        (expected,) = struct.unpack(">I", content[stop - 4 : stop])
        if zlib.crc32(content[start + 4 : stop - 4]) != expected:
            raise Rejected("damaged PNG", f"checksum of the chunk at byte {start}")
        if kind == b"IEND":
            return
        start = stop
    raise Rejected("truncated PNG", f"it ends after {len(content)} bytes")


def background(image: np.ndarray) -> int:
    """The most frequent level of an image (H, W) uint8; of equally frequent ones the lowest."""
    return int(np.bincount(image.ravel(), minlength=256).argmax())


def thumbnail(image: np.ndarray) -> np.ndarray:
    """An image (size, size) uint8 reduced to (64, 64) float32: means over areas of size / 64 px a side [level].

    A pixel that lies in two areas counts in each by its share. Sums are of whole numbers, hence exact in any order.
    """
    size = len(image)
    # In units of 1/64 px areas begin at multiples of the size, and pixels at multiples of 64.
    area, pixel = np.arange(THUMBNAIL)[:, None] * size, np.arange(size)[None] * THUMBNAIL
    share = np.clip(np.minimum(area + size, pixel + THUMBNAIL) - np.maximum(area, pixel), 0, None).astype(float)
    return (share @ image.astype(float) @ share.T / size**2).astype(np.float32)
