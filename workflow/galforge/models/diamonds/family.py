"""The baselines of sparse images (Gantastic 4, 2020): diamonds with independent properties at uniform positions."""

import torch
from torch import Tensor, nn

from galforge.models.diamonds.networks import Numbers
from galforge.models.diamonds.settings import ModelSettings, check_shape
from galforge.models.levels import WHITE, OfLevels
from galforge.models.normalisation import Normalisation
from galforge.models.protocol import Noise, Shape, Step

_MOST = 1024
_ONE_PIXEL = 2  # smallest size of radius 1
_TINY = 1e-7


class Family(OfLevels):
    """Independent galaxies; see ``galforge.models.protocol.Composes``.

    A diamond has its peak level in the middle and ``fall`` levels less for each pixel further out, at distances
    |dy| + |dx| below the radius int(sqrt(2 size) / 2): 41 px at a size of 50, nothing at sizes below 2. Small galaxies
    may be single pixels (``one_pixel`` in the settings). Sizes and shapes are those of the authors' code
    (``generators/baseline_1.py`` and ``baseline_2.py``). Where galaxies overlap, the brighter pixel counts, in their
    code the later one. With ``fit`` the numbers are found in the training images; otherwise they are the published
    ones and training changes nothing.
    """

    def __init__(self, settings: ModelSettings, shape: Shape, normalisation: Normalisation):
        check_shape(settings, shape)
        super().__init__(settings)
        kinds = [settings.normal] if settings.statistics == "normal" else [settings.small_ones, settings.large_ones]
        self.networks = nn.ModuleDict({"numbers": nn.ModuleList([Numbers(each, settings.fit) for each in kinds])})

    @property
    def numbers(self) -> list[Numbers]:
        """The numbers of each kind of galaxies: small and large ones, or all."""
        return list(self.networks["numbers"])

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        if not self.settings.fit:
            return {}
        return {"numbers": torch.optim.Adam(self.networks.parameters(), self.settings.learning_rate, fused=True)}

    def step(self, images: Tensor, conditions: dict[str, Tensor] | None, step: Step) -> dict[str, Tensor]:
        """Loss: the negative log-likelihood of grids and galaxies, up to a constant."""
        cells, sizes, peaks = images[:, 0], images[:, 2, 0, 0], images[:, 1].amax((1, 2))
        kinds, loss = self.numbers, torch.zeros((), device=images.device)
        for index, kind in enumerate(kinds):
            inside = [self._belongs(each, index) for each in (cells, sizes)]
            counts = (inside[0] & (cells > 0)).sum((1, 2)).to(images.dtype)
            loss = loss + kind.surprise(counts, sizes, peaks, (inside[1] & (sizes > 0)).to(images.dtype))
        if self.settings.fit:
            step.update("numbers", loss)
        return {"loss": loss.detach()}

    def compose(self, noise: Noise) -> Tensor:
        drawn = noise.normal(len(self.numbers))
        count, deviation = (
            torch.stack([kind.value(name) for kind in self.numbers]) for name in ("count", "count_deviation")
        )
        counts = (count + deviation * drawn).clamp(0, _MOST)
        # The authors cut decimals off; numbers found in images are means of whole numbers.
        counts = (counts.round() if self.settings.fit else counts.trunc()).long()
        most = int(counts.sum(1).max())
        # The last draw: an image uses the first numbers of its row, however many galaxies other images have.
        normals = noise.normal(max(most, 1), 4)
        number = torch.arange(normals.shape[1], device=normals.device)
        first = counts[:, :1] if len(self.numbers) > 1 else torch.zeros_like(counts[:, :1])
        of_last = number >= first
        sizes, peaks = (self._properties(normals[..., i], of_last, i) for i in (0, 1))
        sizes, peaks = self._small(sizes, peaks, of_last)
        spots = (torch.special.ndtr(normals[..., 2:].double()) * self.side).floor().clamp(0, self.side - 1).long()
        return self._drawn(spots, sizes, peaks, number < counts.sum(1, keepdim=True))

    def evaluate(self, noise: Noise, conditions: dict[str, Tensor] | None) -> Tensor:
        """Random numbers alone, because drawing has no operations worth counting."""
        return noise.normal(1)

    def _belongs(self, sizes: Tensor, index: int) -> Tensor:
        if len(self.numbers) == 1:
            return torch.ones_like(sizes, dtype=torch.bool)
        return (sizes > self.settings.large) == (index == 1)

    def _properties(self, normals: Tensor, of_last: Tensor, which: int) -> Tensor:
        """Sizes (``which`` 0) or peaks (1) of galaxies (n, k), of the last kind where ``of_last``, else the first."""
        drawn = [self._one(kind, normals, which) for kind in (self.numbers[0], self.numbers[-1])]
        return torch.where(of_last, drawn[1], drawn[0])

    def _one(self, kind: Numbers, normals: Tensor, which: int) -> Tensor:
        start = kind.start
        if which == 0 and start.size_deviation:
            return (kind.value("size") + kind.value("size_deviation") * normals).clamp_min(1)
        if which == 1 and not start.peak_factor:
            return kind.value("peak").expand_as(normals)
        # Geometric numbers begin at 1, sizes at the smallest one.
        beyond = start.smallest - 1 if which == 0 else 0
        mean = (kind.value("size" if which == 0 else "peak") - beyond).clamp_min(1 + _TINY)
        uniform = torch.special.ndtr(normals).clamp(_TINY, 1 - _TINY)
        steps = torch.ceil(torch.log1p(-uniform) / torch.log1p(-1 / mean)).clamp_min(1) + beyond
        return steps * (start.size_factor if which == 0 else start.peak_factor)

    def _small(self, sizes: Tensor, peaks: Tensor, of_last: Tensor) -> tuple[Tensor, Tensor]:
        """Sizes and peaks (n, k) that make single pixels, or nothing, of galaxies whose kind is drawn so."""
        single = torch.where(of_last, *(kind.start.one_pixel for kind in (self.numbers[-1], self.numbers[0])))
        levels = torch.where(sizes == 2, 200.0, torch.where(sizes == 3, 150.0, peaks))
        drawn = torch.where(sizes <= 4, float(_ONE_PIXEL), 0.0)
        return torch.where(single, drawn, sizes), torch.where(single, levels, peaks)

    def _drawn(self, spots: Tensor, sizes: Tensor, peaks: Tensor, there: Tensor) -> Tensor:
        """Images (n, 1, side, side) uint8 of the diamonds (n, k) that are ``there``, at spots (n, k, 2) [px]."""
        radius = ((2 * sizes).sqrt() / 2).floor().clamp(0, self.side // 2).long()
        reach = max(int(torch.where(there, radius, 0).max()) - 1, 0)
        around = torch.arange(-reach, reach + 1, device=spots.device)
        distance = around.abs()[:, None] + around.abs()
        levels = (peaks.clamp(1, WHITE).round()[..., None, None] - self.settings.fall * distance).clamp(0, WHITE)
        levels = torch.where((distance < radius[..., None, None]) & there[..., None, None], levels, 0)
        image, galaxy, row, column = levels.nonzero(as_tuple=True)
        at_row = spots[image, galaxy, 0] + row
        at_column = spots[image, galaxy, 1] + column
        width = self.side + 2 * reach
        canvas = torch.zeros(len(spots) * width**2, dtype=torch.uint8, device=spots.device)
        value = levels[image, galaxy, row, column].to(torch.uint8)
        canvas.scatter_reduce_(0, (image * width + at_row) * width + at_column, value, "amax")
        inside = slice(reach, reach + self.side)
        return canvas.view(len(spots), 1, width, width)[:, :, inside, inside].contiguous().cpu()
