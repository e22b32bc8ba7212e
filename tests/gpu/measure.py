"""Counts steps on a device and prints a line of JSON for each, a row or an error.

    python tests/gpu/measure.py [--scales paper demo] [--device fake] [--only train denoise] [--names skirt/vae]
                                [--largest] [--time]

It runs in a process of its own, because a fake device has to be there before torch is.
"""

import argparse
import json
import math
import statistics
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow"))

import fake_cuda

ROOT = Path(__file__).resolve().parents[2]
SCALES: dict[str, list[str]] = {"paper": [], "demo": [str(ROOT / "config" / "demo.yaml")]}
GIGA, TERA = 1e9, 1e12
KINDS = ("train", "denoise", "score", "features", "sample")
WARM_UPS, REPEATS, LONGEST = 3, 20, 2.0


def count(case: Any, watch: Any, scale: str, timed: bool) -> Iterator[dict[str, Any]]:
    """The rows of a case: figures of a step, what was found, and its time [s] if that is asked for."""
    with ExitStack() as stack:
        before = watch.memory()
        warm_up, steps, held = case.begin(watch.device, stack)
        warm_up()
        states = watch.memory() - before - held
        for step in steps:
            watch.start(case.precision == "bfloat16" and not step.kind, case.image_channels)
            step.run()
            figures = watch.stop()
            operations = {name: step.times * value / TERA for name, value in figures.operations.items()}
            yield {
                "scale": scale,
                "what": case.what,
                "family": case.family,
                "name": case.name,
                "step": step.kind,
                "every": step.every,
                "precision": case.precision,
                "side": case.side,
                "images": step.images,
                "kernels": step.times * figures.kernels,
                **{f"{name}_tflop": operations.get(name, 0.0) for name in ("bf16", "tf32", "fp32")},
                "gb": step.times * figures.moved / GIGA,
                "states_gb": states / GIGA,
                "peak_gb": (figures.peak - before - held) / GIGA,
                "found": {kind: dict(places) for kind, places in figures.found.items()},
                **({"seconds": step.times * seconds(step.run)} if timed else {}),
            }


def largest(cases: list[Any], scale: str) -> list[Any]:
    """One case for each model: that of most operations per image in config/gpu_steps.csv, or one that is not there."""
    from galforge.estimate.roofline import read_steps

    known = {(row.what, row.name): row.operations for row in read_steps() if row.scale == scale and not row.step}
    models: dict[tuple[str, str], Any] = {}
    for case in cases:
        model = (case.what, case.name.rpartition("/")[2])
        size = known.get((case.what, case.name), math.inf)
        if model not in models or size > models[model][0]:
            models[model] = (size, case)
    return [case for _, case in models.values()]


def seconds(step: Callable[[], object]) -> float:
    """Median time of a step until the device is done [s], without being watched."""
    import torch
    from torch.utils._python_dispatch import _disable_current_modes

    took: list[float] = []
    with _disable_current_modes():
        for _ in range(WARM_UPS):
            step()
        while len(took) < REPEATS and sum(took) < LONGEST:
            torch.cuda.synchronize()
            began = time.perf_counter()
            step()
            torch.cuda.synchronize()
            took.append(time.perf_counter() - began)
    return statistics.median(took)


def main(words: list[str]) -> None:
    """Command line; see the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scales", choices=SCALES, nargs="+", default=list(SCALES))
    parser.add_argument("--device", choices=("fake", "cuda"), default="fake")
    parser.add_argument("--only", nargs="+", default=[], help=f"of {', '.join(KINDS)}; all by default")
    parser.add_argument("--names", nargs="+", default=[], help="names of cases; all by default")
    parser.add_argument("--largest", action="store_true", help="each model on one data set; its largest by the table")
    parser.add_argument("--time", action="store_true", help="time steps, too; needs a GPU")
    given = parser.parse_args(words)
    fake = given.device == "fake"
    if fake:
        fake_cuda.install()
    import torch
    from cases import cases
    from watch import Watch

    from galforge.estimate.command import configuration

    warnings.filterwarnings("ignore")
    device = torch.device("cuda", 0)
    # One context for all, because modules keep constants, which are fake tensors of the context that they were made in.
    tensors = fake_cuda.fake_tensors() if fake else nullcontext()
    for scale in given.scales:
        chosen = list(cases(configuration(SCALES[scale]), device))
        chosen = [case for case in chosen if case.what in (given.only or KINDS)]
        chosen = [case for case in chosen if not given.names or case.name in given.names]
        for case in largest(chosen, scale) if given.largest else chosen:
            try:
                with tensors, Watch(device, not fake) as watch:
                    for row in count(case, watch, scale, given.time):
                        print(json.dumps(row), flush=True)
            except Exception as error:  # every kind of fault is a finding; the others are still counted
                calls = traceback.extract_tb(error.__traceback__)
                own = [f"{Path(call.filename).name}:{call.lineno}" for call in calls if "galforge" in call.filename]
                found = f"{type(error).__name__} at {' '.join(own[-3:])}: {error}"
                row = {
                    "scale": scale,
                    "what": case.what,
                    "family": case.family,
                    "name": case.name,
                    "error": found[:1500],
                }
                print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
