"""Images of other data sets of the same configuration, one source behind the other, as a model's.

They are copied bit for bit. What they have in common must be what the stamps have that they are compared with.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from galforge.errors import GalforgeError
from galforge.logs import log
from galforge.stamps.file import Header, Stamps, StampsWriter, pieces


def take(
    sources: Mapping[str, Path], compared: Path, out: Path, count: int = 0, columns: Sequence[str] = ()
) -> dict[str, int]:
    """Write the stamps file ``out``, of origin ``generated``.

    Its header is that of the stamps that it is compared with, as of images that a model drew; gains of single stamps do
    not go along. Catalogue columns: index, name (``<source>/<name or index there>``), and ``columns`` as the sources
    have them.

    Args:
        sources: stamps files by their labels, in the order in which they are taken.
        compared: the stamps that the images are compared with.
        count: take so many images of each source, from its beginning; 0: all.
        columns: catalogue columns that go along.

    Returns how many images were taken of each source.

    Raises:
        GalforgeError: a source has too few images, another header or shape than what it is compared with, or images
            that are among its stamps; sources have images in common; or a column is missing.
    """
    with Stamps(compared) as stamps:
        header, shape = replace(stamps.typical_header(), origin="generated"), stamps.shape
        known = {_digest(stamps.stamp(row)): f"{name} of {compared}" for row, name in enumerate(stamps.catalog("name"))}
    found = {label: _checked(label, path, header, shape, count, columns) for label, path in sources.items()}
    with StampsWriter(out, shape, header, sum(found.values())) as writer:
        for label, path in sources.items():
            _copy(writer, label, path, found[label], columns, known)
    log.info("%s: %s", out, ", ".join(f"{number} of {label}" for label, number in found.items()))
    return found


def _checked(
    label: str, path: Path, header: Header, shape: tuple[int, int, int], count: int, columns: Sequence[str]
) -> int:
    """How many images are taken of a source."""
    with Stamps(path) as stamps:
        if stamps.shape != shape:
            raise GalforgeError(f"{path}: images of shape {stamps.shape}, but those to compare them with have {shape}")
        own = replace(stamps.header, origin=header.origin, gain=header.gain)
        if differing := [name for name in vars(header) if getattr(own, name) != getattr(header, name)]:
            said = "; ".join(f"{name} {getattr(own, name)!r} and {getattr(header, name)!r}" for name in differing)
            raise GalforgeError(
                f"{path}: its header and that of the stamps to compare with differ: {said}; make both data sets alike"
            )
        if missing := [name for name in columns if name not in stamps.columns]:
            raise GalforgeError(f"{path}: no catalogue column {', '.join(missing)}; there are {stamps.columns}")
        if len(stamps) < count:
            raise GalforgeError(
                f"{path}: {len(stamps)} images, but {count} of {label} are asked for: lower count, or make more"
            )
        return count or len(stamps)


def _copy(
    writer: StampsWriter, label: str, path: Path, count: int, columns: Sequence[str], known: dict[bytes, str]
) -> None:
    """Append the first images of a source; ``known`` names images that must not come (again)."""
    with Stamps(path) as stamps:
        names = stamps.catalog("name" if "name" in stamps.columns else "index")[:count]
        rows = {name: stamps.catalog(name)[:count] for name in columns}
        rows["name"] = np.array([f"{label}/{name}" for name in names])
        for here in pieces(count, stamps.images):
            images = stamps.images[here]
            for name, image in zip(rows["name"][here], images, strict=True):
                if (other := known.setdefault(_digest(image), str(name))) != name:
                    raise GalforgeError(
                        f"{path}: {name} is {other}, pixel by pixel: take images of other galaxies (another seed)"
                    )
            block = {name: values[here] for name, values in rows.items()}
            block["index"] = np.arange(writer.count, writer.count + len(images))
            writer.append_block(images, block)


def _digest(image: np.ndarray) -> bytes:
    return hashlib.sha256(np.ascontiguousarray(image).tobytes()).digest()
