"""What two-stage generators learn from: grids of the positions of clusters, and patches cut out around clusters.

As by Gantastic 4 (ETH Zurich, 2020): cells of 32 px, patches of 32 px around the brightest pixel, and none where the
patch would reach beyond the image. Grids and patches are shuffled separately, because these generators take it for
irrelevant which galaxy stood at which position.
"""

from pathlib import Path

import numpy as np

from galforge.datasets.sparse import clusters
from galforge.errors import GalforgeError
from galforge.logs import log
from galforge.seeds import generator
from galforge.stamps.file import Header, StampsWriter

BANDS = ("positions", "galaxy", "size")
_BLOCK = 256
_SPLITS = ("train", "validation", "test")


class Parts:
    """Collects the parts of images in memory, and writes them in the end.

    The grid of an image takes 4 KiB, each patch a little more than 1 KiB.

    Args:
        threshold: clusters are pixels above it [8-bit level].
        seed: of the order of the parts.
    """

    def __init__(self, threshold: int, seed: int):
        self.threshold, self.seed = threshold, seed
        # By split: grids (32, 32) uint32; patches (32, 32) uint8, each with the size of its cluster [px].
        self._grids: dict[str, list[np.ndarray]] = {name: [] for name in _SPLITS}
        self._patches: dict[str, list[tuple[np.ndarray, int]]] = {name: [] for name in _SPLITS}

    def add(self, image: np.ndarray, split: str, with_patches: bool) -> None:
        """Add the grid of an image (H, W) uint8 and, with ``with_patches``, its patches."""
        found = clusters.find(image, self.threshold)
        self._grids[split].append(clusters.positions(found).astype(np.uint32))
        for index in np.flatnonzero(clusters.inside(found, image.shape)) if with_patches else ():
            patch = clusters.patch(image, found.row[index], found.column[index]).copy()
            self._patches[split].append((patch, int(found.size[index])))

    def write(self, path: Path, header: Header) -> None:
        """Write the parts as stamps (3, 32, 32) float32 with the catalogue columns name and split.

        The planes are a grid [px], a patch [8-bit level], and the size of the patch's cluster [px] at every pixel.

        Each split has as many rows as it has grids or patches, whichever are more; the others are repeated, each time
        in a new order. A split other than train that has no grids or no patches gets no rows, and a warning is logged.

        Raises:
            GalforgeError: the split train has no grids or no patches.
        """
        rows = {name: self._rows(path, name) for name in _SPLITS}
        shape = (len(BANDS), clusters.PATCH, clusters.PATCH)
        with StampsWriter(path, shape, header, sum(len(grids) for grids, _ in rows.values())) as out:
            for name, (grids, patches) in rows.items():
                for start in range(0, len(grids), _BLOCK):
                    stop = min(start + _BLOCK, len(grids))
                    images = np.empty((stop - start, *shape), dtype=np.float32)
                    for image, grid, patch in zip(images, grids[start:stop], patches[start:stop], strict=True):
                        image[0] = self._grids[name][grid]
                        image[1], image[2] = self._patches[name][patch]
                    names = np.array([f"{name}-{row:07d}" for row in range(start, stop)])
                    out.append_block(images, {"name": names, "split": np.full(stop - start, name)})

    def _rows(self, path: Path, split: str) -> list[np.ndarray]:
        """For each row of a split, which grid and which patch it has."""
        counts = {"grids": len(self._grids[split]), "patches": len(self._patches[split])}
        if split == "train" and not counts["grids"]:
            raise GalforgeError(
                f"{path}: no image of the split train has the background and the label or score that generators learn "
                "from: lower `positions_score`, set `background` to the level that most images have (null for any), or "
                "give more images"
            )
        if split == "train" and not counts["patches"]:
            raise GalforgeError(
                f"{path}: no galaxy can be cut out of the {counts['grids']} images of the split train: lower "
                f"`patches_score` or `threshold` (now {self.threshold}), or give more images"
            )
        length = max(counts.values()) if min(counts.values()) else 0
        if max(counts.values()) and not length:
            log.warning(
                "split %s has %d grids and %d patches, hence no parts: give more images, or lower patches_score",
                split, *counts.values(),
            )  # fmt: skip
        found = []
        for what, count in counts.items():
            turns = range(-(-length // count) if count else 0)
            orders = [generator(self.seed, "sparse parts", what, split, turn).permutation(count) for turn in turns]
            found.append(np.concatenate([np.array([], dtype=int), *orders])[:length])
        return found
