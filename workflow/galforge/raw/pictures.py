"""Pictures as PNG, JPEG or TIFF: one channel, or red, green and blue."""

import io

import numpy as np
from PIL import Image as Pillow

from galforge.raw.archive import Entry as File
from galforge.raw.forms import Image, Layout
from galforge.raw.planes import as_planes
from galforge.raw.rejections import Rejected


def of_file(file: File, settings: Layout) -> Image:
    """The galaxy in a picture's file; raises as ``of_content``."""
    return of_content(file.content(), settings)


def of_content(content: bytes, settings: Layout) -> Image:
    """The galaxy in a picture's bytes; transparency and palettes are resolved, colours are never mixed.

    Raises:
        Rejected: it is damaged, or has another number of channels.
    """
    if not content:
        raise Rejected("unreadable picture", "the file is empty")
    try:
        with Pillow.open(io.BytesIO(content)) as picture:
            if picture.format == "TIFF" and (pages := getattr(picture, "n_frames", 1)) > 1:
                raise Rejected("several pictures", f"{pages} pages in one file: save each as a file of its own")
            if picture.mode in ("P", "RGBA", "LA", "PA", "CMYK", "YCbCr"):
                picture = picture.convert("L" if picture.mode == "LA" else "RGB")
            pixels = np.array(picture)
    except (OSError, SyntaxError, ValueError, Pillow.DecompressionBombError) as error:
        raise Rejected("unreadable picture", f"truncated or damaged ({error})") from error
    return Image(as_planes(pixels, len(settings.bands), "auto" if pixels.ndim == 2 else "nhwc"))
