"""How fast galforge trains: against the plain loop that people write, and against what the device can do.

    python benchmarks/training.py [--family vae] [--device cpu] [--configfile config/demo.yaml] [--side 64]
                                  [--batch 16] [--threads 1] [--seconds 100] [--compile]

Network and batch are those of the configuration (config/demo.yaml on the CPU, the paper's on a GPU); precision, layout
and compilation are galforge's defaults, and what they could be instead. The loops take turns in one run, so that
a busy machine slows all of them: ratios of one run mean something, absolute rates little. The plain loop is in
plain_loop.py beside this file.
"""

import argparse
import datetime
import os
import platform
import shlex
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))

import numpy as np
import torch
import yaml
from plain_loop import Plain, finish
from torch.utils.flop_counter import FlopCounterMode

from galforge import families
from galforge.config.problems import merged
from galforge.models import device as devices
from galforge.models import normalisation as normalisations
from galforge.models.normalisation import Normalisation
from galforge.models.settings import NormalisationSettings
from galforge.seeds import generator
from galforge.settings import Settings
from galforge.stamps.file import Header, Stamps, StampsWriter
from galforge.training.check import MATRIX_SIDE
from galforge.training.data import HOLD_BYTES, Batch, TrainingImages
from galforge.training.loop import Training
from galforge.training.settings import StepSettings

ROOT = Path(__file__).resolve().parents[1]
LEAST_SPEED_UP = {"cpu": 1.3, "cuda": 2.0}
MOST_WAITING = 0.02
SEED = 0
PLAIN, OURS, READING = "plain loop", "galforge", "galforge, reading the file"
# On the CPU short turns, because other programs come and go; on a GPU long ones, because the plain loop's
# processes read ahead while others have their turn.
_TURN_SECONDS = {"cpu": 0.1, "cuda": 2.0}
_OVERLAYS = {"cpu": "config/demo.yaml", "cuda": None}
_WAITING_PART, _WAITING_ROUNDS = 0.1, 5


class Way(NamedTuple):
    """How a step may be computed."""

    precision: str
    layout: str
    compiled: bool

    def __str__(self) -> str:
        return f"{self.precision} {self.layout}{' compiled' if self.compiled else ''}"


class Watched:
    """Training images that count how long the caller waited for them [s]."""

    def __init__(self, images: TrainingImages):
        self.images, self.waited = images, 0.0

    def batch(self, *arguments: int) -> Batch:
        began = time.perf_counter()
        batch = self.images.batch(*arguments)
        self.waited += time.perf_counter() - began
        return batch


class Fixed:
    """The same batch on the device again and again: a step that never waits for data."""

    def __init__(self, images: TrainingImages, number: int):
        self.same = images.batch(0, number)

    def batch(self, *_: int) -> Batch:
        return self.same


class Ours:
    """galforge's own loop, in the surroundings that a segment gives it."""

    def __init__(self, run: Training, images: TrainingImages):
        self.run = run
        self.images: Any = images

    def turn(self, steps: int) -> float:
        """Take some steps; how long it took until the device was done [s]."""
        with devices.reproducible(self.run.device, self.run.settings.threads, fast=True):
            began = time.perf_counter()
            for _ in range(steps):
                self.run.step(self.images)
            finish(self.run.device)
            return time.perf_counter() - began


def take_turns(loops: dict[str, Plain | Ours], seconds: float, turn_seconds: float) -> dict[str, list[float]]:
    """Time per step [s] of each loop in each round.

    Rounds go on for ``seconds``, two at least, each beginning with another loop; a loop's first steps are not timed.
    """
    for name, loop in loops.items():
        took = loop.turn(2)
        if took > 10:
            print(f"{name}: the first two steps took {took:.0f} s")
    steps = max(1, round(turn_seconds / loops[PLAIN].turn(1)))
    times: dict[str, list[float]] = {name: [] for name in loops}
    order, end = list(loops), time.perf_counter() + seconds
    while len(times[PLAIN]) < 2 or time.perf_counter() < end:
        for name in order:
            times[name].append(loops[name].turn(steps) / steps)
        order.append(order.pop(0))
    print(f"{len(times[PLAIN])} rounds, {steps} step(s) per turn")
    return times


def waiting(loop: Ours, seconds: float) -> float:
    """Share of a step that a loop waits for its data, without other loops between its steps.

    On the CPU it is the time until a batch is handed out. Work on a GPU goes on while the host waits: there it is how
    much faster a step is with a batch that is always there.
    """
    images = loop.images
    steps = max(4, round(seconds / loop.turn(4) * 4))
    if loop.run.device.type == "cpu":
        loop.images = Watched(images)
        took = loop.turn(steps)
        return loop.images.waited / took
    shares, fixed = [], Fixed(images, loop.run.settings.batch)
    for _ in range(_WAITING_ROUNDS):
        took = []
        for loop.images in (images, fixed):
            took.append(loop.turn(max(4, steps // (2 * _WAITING_ROUNDS))))
        shares.append(1 - took[1] / took[0])
    return statistics.median(shares)


def ceiling(device: torch.device, dtype: torch.dtype, threads: int) -> float:
    """The best rate of products of large square matrices [floating-point operations/s].

    In float32 they may use a GPU's shorter TF32 where convolutions do.
    """
    side, tf32 = MATRIX_SIDE[device.type], torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32
    a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    times = []
    with devices.reproducible(device, threads, fast=True):
        for _ in range(10):
            began = time.perf_counter()
            a @ b
            finish(device)
            times.append(time.perf_counter() - began)
    torch.backends.cuda.matmul.allow_tf32 = tf32
    return 2 * side**3 / min(times)


def operations(run: Training, images: TrainingImages) -> int:
    """Floating-point operations of a step, forward and backward: those of convolutions and matrix products."""
    with FlopCounterMode(display=False) as counter:
        run.step(images)
    return counter.get_total_flops()


def write_stamps(path: Path, shape: tuple[int, int, int], number: int, conditions: tuple[str, ...]) -> None:
    """Noisy exponential galaxies (C, H, W), all in the training split, with conditions uniform in 0 to 1."""
    channels, height, width = shape
    header = Header(tuple("grizy"[:channels]), 0.03, "arcsec", "electron/s", (25.9,) * channels, 1.0, "mock")
    draw = generator(SEED, "benchmark")
    radius = np.hypot(*(np.mgrid[:height, :width] - (height - 1) / 2))
    with StampsWriter(path, shape, header, number) as writer:
        for index in range(number):
            image = np.exp(-radius / draw.uniform(0.05 * width, 0.12 * width)) + 0.004 * draw.standard_normal(shape)
            row = {name: float(draw.uniform()) for name in conditions}
            writer.append(image, name=f"galaxy-{index}", split="train", **row)


def configured(family: str, overlay: str | None) -> tuple[Settings, dict[str, Any]]:
    """Network, and what else decides about the work of a step, of the first model of a family in the configuration;
    defaults where there is none."""
    raw = yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8"))
    if overlay:
        raw = merged(raw, yaml.safe_load((ROOT / overlay).read_text(encoding="utf-8")))
    entry = next((entry for entry in raw["models"].values() if entry["family"] == family), {})
    network = families.load("models", family, "settings").ModelSettings.model_validate(entry.get("network", {}))
    training = entry.get("training", {})
    return network, {name: training[name] for name in ("batch", "gradient_clip", "augmentation") if name in training}


def benchmark(family: str, device: torch.device, options: argparse.Namespace) -> bool:
    """Print the results of one family on one device; whether they are what is required."""
    network, training = configured(family, options.configfile or _OVERLAYS[device.type])
    training |= {"device": device.type, "threads": options.threads, "history_images": 10**9}
    training |= {"batch": options.batch} if options.batch else {}
    usual = StepSettings(**training)
    in_bfloat16 = devices.computes_in_bfloat16(usual.precision, device)
    default = Way("bfloat16" if in_bfloat16 else "float32", usual.layout, usual.compile)
    shape = (1, options.side, options.side)
    any_scale = Normalisation("linear", (1.0,), (0.0,), (1.0,))
    conditions = families.load("models", family, "family").Family(network, shape, any_scale).conditions
    with ExitStack() as stack:
        path = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "stamps.h5"
        write_stamps(path, shape, max(256, 4 * usual.batch), conditions)
        stamps = stack.enter_context(Stamps(path))
        held = stack.enter_context(TrainingImages(stamps, device, conditions, SEED, HOLD_BYTES))
        read = stack.enter_context(TrainingImages(stamps, device, conditions, SEED, 0))
        normalisation = normalisations.measure(NormalisationSettings(), stamps, stamps.split("train"))

        def begin(way: Way) -> Training:
            precision, layout, compiled = way
            settings = StepSettings(**training | {"precision": precision, "layout": layout, "compile": compiled})
            return Training(family, network, shape, normalisation, settings, SEED, device)

        plain = begin(Way("float32", "contiguous", False))
        weights = sum(weight.numel() for weight in plain.family.networks.parameters())
        print(
            f"\n{family} on {device.type} ({_name(device)}), {options.threads} CPU thread(s): "
            f"{weights / 1e6:.2f} million weights, {options.side} px, batch {usual.batch}; default: {default}"
        )
        flops = operations(begin(Way("float32", "contiguous", False)), held)
        loops: dict[str, Plain | Ours] = {PLAIN: Plain(plain, held), OURS: Ours(begin(default), held)}
        loops[READING] = Ours(begin(default), read)
        compiles = (False, True) if options.compile else (False,)
        ways = (Way(*way) for way in product(("float32", "bfloat16"), ("contiguous", "channels_last"), compiles))
        loops |= {f"galforge, {way}": Ours(begin(way), held) for way in ways if way != default}
        times = take_turns(loops, options.seconds, _TURN_SECONDS[device.type])
        waits = {name: waiting(loops[name], _WAITING_PART * options.seconds) for name in (OURS, READING)}
        loops.clear()  # ends the processes that read
    speed_up = show(times, usual.batch)
    best = {name: ceiling(device, getattr(torch, name), options.threads) for name in ("float32", "bfloat16")}
    rate = flops / statistics.median(times[OURS])
    products = ", ".join(f"{value / 1e12:.3g} in {name}" for name, value in best.items())
    print(f"arithmetic: {flops / 1e9:.2f} GFLOP per step, {rate / 1e12:.3g} TFLOP/s; matrix products reach {products}")
    print(f"share of the matrix products in {default.precision}: {rate / best[default.precision]:.0%}")
    print(f"waiting for data: {waits[OURS]:.2%} of a step; {waits[READING]:.2%} if the file is read")
    least = LEAST_SPEED_UP[device.type]
    good = [_required(f"speed-up of at least {least:g}", f"{speed_up:.2f}", speed_up >= least)]
    if device.type == "cuda":
        worst = max(waits.values())
        good.append(_required(f"waiting at most {MOST_WAITING:.0%}", f"{worst:.2%}", worst <= MOST_WAITING))
    return all(good)


def show(times: dict[str, list[float]], batch: int) -> float:
    """Print the table of all loops; the speed-up of galforge's defaults over the plain loop."""
    print(f"{'':40} images/s  speed-up     range")
    medians = {}
    for name, values in times.items():
        ratios = [plain / value for plain, value in zip(times[PLAIN], values, strict=True)]
        medians[name] = statistics.median(ratios)
        # In a busy machine some rounds are far off: the range is that of the middle nine tenths.
        low, high = np.quantile(ratios, (0.05, 0.95))
        print(f"{name:40} {batch / statistics.median(values):8.1f}  {medians[name]:8.2f}  {low:.2f}-{high:.2f}")
    return medians[OURS]


def found() -> list[str]:
    """The model families of galforge."""
    folders = (ROOT / "workflow" / "galforge" / "models").iterdir()
    return sorted(f.name for f in folders if (f / "family.py").is_file() and (f / "settings.py").is_file())


def _required(what: str, value: str, met: bool) -> bool:
    print(f"required: {what}: {value}, {'met' if met else 'NOT MET'}")
    return met


def _name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    units = "with" if devices.computes_in_bfloat16("auto", device) else "no"
    return f"{models[0] if models else platform.processor()}, {os.cpu_count()} cores, {units} matrix units"


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--family", choices=found(), help="only this one; all of galforge/models otherwise")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="only this one; all that torch sees otherwise")
    parser.add_argument("--configfile", help="overlay on config/config.yaml that gives network and batch")
    parser.add_argument("--side", type=int, default=64, help="side of the images [px]")
    parser.add_argument("--batch", type=int, help="images per step")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    parser.add_argument("--seconds", type=float, default=100.0, help="how long the loops take turns [s]")
    parser.add_argument("--compile", action="store_true", help="try torch.compile, too; takes minutes more")
    options = parser.parse_args(arguments)
    print(f"{datetime.date.today()}, torch {torch.__version__}: python benchmarks/training.py {shlex.join(arguments)}")
    seen = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    for family in [options.family] if options.family else found():
        for device in [options.device] if options.device else seen:
            benchmark(family, devices.pick(device), options)


if __name__ == "__main__":
    main(sys.argv[1:])
