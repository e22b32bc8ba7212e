"""How fast a GPU can be at best, from what steps were counted to do (config/gpu_steps.csv).

A step takes at least the time of its arithmetic, of the bytes that its kernels move, and of their launches by the
host, whichever is longest (the roofline of Williams et al. 2009, with launches as a third roof). A plan takes
``FACTOR`` times as long.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from galforge.errors import GalforgeError
from galforge.estimate import rows as tables

TABLE = Path(__file__).resolve().parents[3] / "config" / "gpu_steps.csv"
FACTOR = 1.4
"""Time of a step over its bound. Assumed: kernels reach neither the best bandwidth nor the best rate of matrix
products, and do not overlap."""
LAUNCH_SECONDS = 7e-6
"""Time of the host for a kernel [s]. Assumed: of a Python step that is not compiled."""


@dataclass(frozen=True)
class Gpu:
    """What a GPU reaches at best.

    Attributes:
        name: for the reader.
        bf16, tf32, fp32: rates of matrix products [TFLOP/s]; tf32 is single precision with 10 bits.
        memory: rate at which it reads and writes its memory [GB/s].
        measured: whether by ``gpu_check``, and not by its data sheet.
    """

    name: str
    bf16: float
    tf32: float
    fp32: float
    memory: float
    measured: bool = False

    @classmethod
    def of_check(cls, found: Mapping[str, Any]) -> Self:
        """What ``gpu_check`` measured, in ``results/<name>/gpu_check.json``.

        Raises:
            GalforgeError: the rate of its memory is missing.
        """
        if found.get("memory_gb_per_s") is None:
            raise GalforgeError(
                f"gpu_check.json of {found['device']} has no memory_gb_per_s: it is of an older version; run gpu_check "
                'again (README, "On your cluster")'
            )
        fp32 = found["fp32_tflops"]
        tf32 = found.get("tf32_tflops") or fp32
        return cls(found["device"], found.get("bf16_tflops") or tf32, tf32, fp32, found["memory_gb_per_s"], True)

    @classmethod
    def of_rates(cls, rates: Mapping[str, float], name: str) -> Self:
        """What ``benchmarks/gpu_report.py`` left in config/rates.csv: the rows of rule ``gpu`` by their variant."""
        return cls(name, rates["bf16"], rates["tf32"], rates["fp32"], rates["memory"], True)


A100 = Gpu("A100 40 GB", 312.0, 156.0, 19.5, 1555.0)
"""By its data sheet."""


@dataclass(frozen=True)
class Step:
    """A row of config/gpu_steps.csv: one step, counted on a fake device by benchmarks/gpu_steps.py.

    Attributes:
        scale: of the configuration, paper or demo.
        what: train, sample (images of one block), denoise (a denoiser's step), score (a scorer's) or features.
        family: of the model; otherwise like ``what``.
        name: data set and model, kind of denoiser, scorer or network.
        step: empty, or ``penalised`` for one with a gradient penalty.
        every: steps from one of this kind to the next.
        precision: of the networks.
        side: of the images [px].
        images: of a step.
        kernels: operations that start kernels.
        bf16_tflop, tf32_tflop, fp32_tflop: convolutions and matrix products, by the arithmetic they run in [TFLOP].
        gb: moved by kernels [GB].
        states_gb: weights, their average, and moments of the optimisers [GB].
        peak_gb: most memory of a step, without data that are held and work spaces of libraries [GB].
    """

    scale: str
    what: str
    family: str
    name: str
    step: str
    every: int
    precision: str
    side: int
    images: int
    kernels: int
    bf16_tflop: float
    tf32_tflop: float
    fp32_tflop: float
    gb: float
    states_gb: float
    peak_gb: float

    @property
    def operations(self) -> float:
        """Floating-point operations per image."""
        return (self.bf16_tflop + self.tf32_tflop + self.fp32_tflop) * 1e12 / self.images

    def seconds(self, gpu: Gpu) -> float:
        """The least time per image on a GPU [s]."""
        arithmetic = self.bf16_tflop / gpu.bf16 + self.tf32_tflop / gpu.tf32 + self.fp32_tflop / gpu.fp32
        return max(arithmetic, self.gb / gpu.memory, self.kernels * LAUNCH_SECONDS) / self.images


@dataclass(frozen=True)
class Bound:
    """What a step like a row's costs.

    Attributes:
        seconds: least time per image [s].
        memory: most memory of a step [GB].
        like: the row that it was scaled from by operations; empty where it is of the same step.
    """

    seconds: float
    memory: float
    like: str


class Steps:
    """The table, by what a job does.

    Args:
        rows: of the table.
    """

    def __init__(self, rows: list[Step]):
        self._kinds: dict[tuple[str, ...], list[Step]] = {}
        # What does no arithmetic cannot be scaled by it.
        for row in (row for row in rows if row.operations):
            self._kinds.setdefault((row.what, row.family, row.scale, row.name, row.precision), []).append(row)

    def bound(self, what: str, family: str, name: str, halved: bool, operations: float, images: int, gpu: Gpu) -> Bound:
        """The bound of a step.

        It is that of the row with the nearest number of operations per image: of the same name if there is one, else of
        the same family, else, as nobody counted the family, of all the row that takes longest per operation.

        Args:
            what, family, name: as in the rows.
            halved: whether networks run in bfloat16.
            operations: floating-point operations per image.
            images: of a step.
            gpu: the GPU.
        """
        precision = "bfloat16" if halved else "float32"
        counted = [rows for rows in self._kinds.values() if rows[0].what == what]
        alike = [rows for rows in counted if rows[0].precision == precision]
        if halved and not alike:
            # Single precision takes longer: an upper bound.
            alike = counted
        own = [rows for rows in alike if rows[0].family == family]
        named = [rows for rows in own if rows[0].name == name]
        if not alike:
            return Bound(math.nan, math.nan, "")
        if found := named or own:
            rows = min(found, key=lambda rows: abs(math.log(rows[0].operations / operations)))
        else:
            rows = max(alike, key=lambda rows: _mean(rows, gpu) / rows[0].operations)
        ratio = operations / rows[0].operations
        # A percent is what counting with and without a device differs by.
        same = bool(found) and abs(ratio - 1) < 0.01 and rows[0].images == images
        states, peak = rows[0].states_gb, max(row.peak_gb for row in rows)
        memory = states + (peak - states) * ratio * images / rows[0].images
        return Bound(_mean(rows, gpu) * ratio, memory, "" if same else rows[0].name)


def _mean(rows: list[Step], gpu: Gpu) -> float:
    """The least time per image [s], over steps of all kinds; the first row is of the usual step."""
    rare = sum(1 / row.every for row in rows[1:])
    return rows[0].seconds(gpu) * (1 - rare) + sum(row.seconds(gpu) / row.every for row in rows[1:])


def read_steps(path: Path = TABLE) -> list[Step]:
    """The counted steps.

    Raises:
        GalforgeError: a row cannot be read.
    """
    return tables.read(path, Step, "`python benchmarks/gpu_steps.py --write`")
